import { BroadcastChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { v7 as uuidv7 } from 'uuid';
import type { PoolFigures } from '../daemon/account-metrics.js';
import { sharedMonotonic, type Clock } from '../daemon/clock.js';
import { settlesWithin } from '../daemon/settles-within.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import { outcomeSchema, reachesCar, type Outcome, type Task } from '../vehicle/task.js';
import { threadNoteSchema, type ThreadNote, type ThreadOrder } from '../vehicle/thread-note.js';
import { ThreadProcesses } from './thread-processes.js';
import { ThreadWatch } from './thread-watch.js';

export interface WorkerPoolOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** The thread's entry file. */
  readonly entry: string;
  /** How the threads reach the cars: plain data. */
  readonly backend: unknown;
  readonly maxThreads: number;
  /** Threads beyond the first end when they have had no work for so long. */
  readonly idle_ms: number;
  /** How long past its deadline a task may stay before its thread is terminated. */
  readonly grace_ms: number;
  readonly onNote: (note: ThreadNote) => void;
  readonly onTerminated: (task: Task) => void;
}

/** The threads of one account. The first starts at once, so that the first command pays nothing for it. */
export function startWorkerPool(options: WorkerPoolOptions) {
  const orders = `bluelink2mqtt-${uuidv7()}`;
  const channel = new BroadcastChannel(orders);
  channel.unref();
  const tellThreads = (order: ThreadOrder): void => {
    channel.postMessage(order);
  };
  const pool = newPool(options, orders);
  let busy = 0;
  const processes = new ThreadProcesses();
  const watch = new ThreadWatch(options.clock);

  pool.on('message', (message: unknown) => {
    const note = threadNoteSchema.safeParse(message);
    if (!note.success) return;
    if (note.data.kind === 'process') processes.note(note.data);
    options.onNote(note.data);
  });
  pool.on('error', () => undefined);
  pool.on('workerCreate', () => {
    watch.has(pool.threads);
  });
  pool.on('workerDestroy', () => {
    // The event comes while the pool still lists the thread.
    queueMicrotask(() => {
      watch.has(pool.threads);
      processes.keepOnlyOf(pool.threads.map(({ threadId }) => threadId));
    });
  });

  const run = async (task: Task): Promise<Outcome> => {
    const lastResort = new AbortController();
    const timer = setTimeout(() => {
      lastResort.abort();
    }, task.remaining_ms + options.grace_ms);
    // A thread that has to be started first, or that another task still holds, takes it later.
    const handed: Task = { ...task, handed_over_at: sharedMonotonic() };
    busy += 1;
    try {
      const answer: unknown = await pool.run(handed, { signal: lastResort.signal });
      watch.returned();
      return outcomeSchema.parse(answer);
    } catch (error) {
      if (!lastResort.signal.aborted) return broken(task, error);
      watch.gaveUp();
      options.onTerminated(task);
      return givenUp(task);
    } finally {
      busy -= 1;
      clearTimeout(timer);
    }
  };

  return {
    run,
    figures: (): Omit<PoolFigures, 'waiting'> => ({
      threads: pool.threads.length,
      busy,
      processes: processes.size,
    }),
    /** Why the threads do not turn any more; undefined while they do. */
    get fault() {
      return watch.fault;
    },
    /** Threads without a task end their processes: another account needs the room. */
    release: (): void => {
      tellThreads({ kind: 'release' });
    },
    /** Ends every process and thread; a task that still runs is given up. */
    async stop(): Promise<void> {
      tellThreads({ kind: 'close' });
      await settlesWithin(processes.allEnded(), options.grace_ms);
      // A thread that cannot be ended is none to wait for.
      await settlesWithin(pool.destroy(), options.grace_ms);
      channel.close();
    },
  };
}

/** A thread ends its process before the pool ends the thread, so that the end is seen and no entry stays defunct. */
const processShareOfIdle = 0.8;

function newPool({ entry, backend, maxThreads, idle_ms }: WorkerPoolOptions, orders: string) {
  return new Piscina({
    filename: entry,
    workerData: { backend, idle_ms: idle_ms * processShareOfIdle, orders },
    minThreads: 1,
    maxThreads,
    idleTimeout: idle_ms,
    concurrentTasksPerWorker: 1,
    // A thread that waits in Atomics runs no events: it would notice neither the end of its process nor its output.
    atomics: 'disabled',
    // A thread holds one task: the usual room for young objects would be most of its memory.
    resourceLimits: { maxYoungGenerationSizeMb: 2 },
    recordTiming: false,
  });
}

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
