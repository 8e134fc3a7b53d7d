import type { PoolFigures } from '../daemon/account-metrics.js';
import { sharedMonotonic, type Clock } from '../daemon/clock.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import { outcomeSchema, reachesCar, type Outcome, type Task } from '../vehicle/task.js';
import { AccountThreads, type AccountThreadsOptions } from './account-threads.js';
import { ThreadWatch } from './thread-watch.js';

export interface WorkerPoolOptions extends Omit<AccountThreadsOptions, 'onThreads'> {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** How long past its deadline a task may stay before its thread is terminated, and how long a stop takes at most. */
  readonly grace_ms: number;
  readonly onTerminated: (task: Task) => void;
}

/**
 * The threads of one account. Where one is reserved the first starts at once, so that the first command pays nothing for
 * it.
 */
export function startWorkerPool(options: WorkerPoolOptions) {
  let busy = 0;
  let isStopped = false;
  const watch = new ThreadWatch(options.clock);
  const threads = new AccountThreads({
    ...options,
    onThreads: (workers) => {
      watch.has(workers);
    },
  });

  const run = async (task: Task): Promise<Outcome> => {
    if (isStopped) return { ok: false, failure: stopping, requests: 0 };
    const lastResort = new AbortController();
    const timer = setTimeout(() => {
      lastResort.abort();
    }, task.remaining_ms + options.grace_ms);
    // A thread that has to be started first, or that another task still holds, takes it later.
    const handed: Task = { ...task, handed_over_at: sharedMonotonic() };
    busy += 1;
    try {
      const answer = await threads.next().run(handed, lastResort.signal);
      watch.returned();
      return outcomeSchema.parse(answer);
    } catch (error) {
      if (!lastResort.signal.aborted) return broken(task, error);
      watch.gaveUp();
      options.onTerminated(task);
      return givenUp(task);
    } finally {
      busy -= 1;
      threads.forgetEnded();
      clearTimeout(timer);
    }
  };

  return {
    run,
    figures: (): Omit<PoolFigures, 'waiting'> => ({ ...threads.figures, busy }),
    /** The threads that are not told to end, and how many of them have no task. */
    threads: () => threads.room,
    /** Why the threads do not turn any more; undefined while they do. */
    get fault() {
      return watch.fault;
    },
    /** Threads without a task end their processes: another account needs the room. */
    release: (): void => {
      threads.release();
    },
    /** Ends up to so many threads without a task, and their processes; more where some cannot be ended alone. */
    endIdle: (most: number): number => threads.endIdle(most),
    /** Ends every process and thread; a task that still runs is given up. */
    async stop(): Promise<void> {
      isStopped = true;
      await threads.stop();
    },
  };
}

const stopping = failure('interrupted', 'the bridge stops', { sent: false });

function givenUp(task: Task): Outcome {
  const message = 'the thread did not keep its deadline and was terminated';
  return lost(task, failure('timeout', message));
}

function broken(task: Task, error: unknown): Outcome {
  const message = `the thread failed: ${error instanceof Error ? error.message : 'unknown reason'}`;
  return lost(task, failure('internal', message));
}

/** A thread that ended may have sent what it was given. */
function lost({ operation }: Task, reason: Failure): Outcome {
  const unknown = reachesCar(operation) ? { outcome: 'unknown' as const } : {};
  return { ok: false, failure: { ...reason, ...unknown }, requests: 0 };
}
