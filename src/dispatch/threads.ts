import { BroadcastChannel, type Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { settlesWithin } from '../daemon/settles-within.js';
import type { Task } from '../vehicle/task.js';
import { threadNoteSchema, type ThreadNote, type ThreadOrder } from '../vehicle/thread-note.js';
import { ThreadProcesses } from './thread-processes.js';

export interface ThreadsOptions {
  /** The thread's entry file. */
  readonly entry: string;
  /** How the threads reach the cars: plain data. */
  readonly backend: unknown;
  /** So many start at once, and stay. */
  readonly minThreads: number;
  readonly maxThreads: number;
  /** Threads beyond the least end when they have had no work for so long. */
  readonly idle_ms: number;
  /** How long processes, and then threads, may take to end. */
  readonly grace_ms: number;
  readonly onNote: (note: ThreadNote) => void;
  /** There is a thread more or less. */
  readonly onChange: () => void;
}

/** Threads that do the same work, a task each at a time, and their processes. */
export class Threads {
  readonly #options: ThreadsOptions;
  readonly #pool: Piscina;
  readonly #channel: BroadcastChannel;
  readonly #processes = new ThreadProcesses();
  #busy = 0;
  #ended: Promise<void> | undefined;

  constructor(options: ThreadsOptions) {
    this.#options = options;
    const orders = `bluelink2mqtt-${uuidv7()}`;
    this.#channel = new BroadcastChannel(orders);
    this.#channel.unref();
    this.#pool = newPool(options, orders);
    this.#pool.on('message', (message: unknown) => {
      this.#noted(message);
    });
    this.#pool.on('error', () => undefined);
    this.#pool.on('workerCreate', options.onChange);
    this.#pool.on('workerDestroy', () => {
      // The event comes while the pool still lists the thread.
      queueMicrotask(() => {
        this.#processes.keepOnlyOf(this.workers.map(({ threadId }) => threadId));
        options.onChange();
      });
    });
  }

  get workers(): readonly Worker[] {
    return this.#pool.threads;
  }

  /** Tasks that were handed over and have not come back. */
  get busy(): number {
    return this.#busy;
  }

  get processes(): number {
    return this.#processes.size;
  }

  /** Rejects where the thread fails, and when the signal comes: then the thread that has the task is terminated. */
  async run(task: Task, signal: AbortSignal): Promise<unknown> {
    this.#busy += 1;
    try {
      return await this.#pool.run(task, { signal });
    } finally {
      this.#busy -= 1;
    }
  }

  /** Threads without a task end their processes. */
  release(): void {
    this.#tell({ kind: 'release' });
  }

  /** Ends every process and thread; a task that still runs is given up. */
  end(): Promise<void> {
    return (this.#ended ??= this.#end());
  }

  async #end(): Promise<void> {
    this.#tell({ kind: 'close' });
    await settlesWithin(this.#processes.allEnded(), this.#options.grace_ms);
    // A thread that cannot be ended is none to wait for.
    await settlesWithin(this.#pool.destroy(), this.#options.grace_ms);
    this.#channel.close();
  }

  #tell(order: ThreadOrder): void {
    this.#channel.postMessage(order);
  }

  #noted(message: unknown): void {
    const note = threadNoteSchema.safeParse(message);
    if (!note.success) return;
    if (note.data.kind === 'process') this.#processes.note(note.data);
    this.#options.onNote(note.data);
  }
}

/** A thread ends its process before the pool ends the thread, so that the end is seen and no entry stays defunct. */
const processShareOfIdle = 0.8;

/**
 * `require` of a module, which piscina tries before it imports one, can abort the process where the thread is ended
 * meanwhile. Who names options gets none of the process: bluelinky, which speaks to its maker in the thread, needs those.
 */
function usesOwnOptions(backend: unknown): boolean {
  return z.object({ backend: z.literal('bluelinky') }).safeParse(backend).success;
}

function newPool(
  { entry, backend, minThreads, maxThreads, idle_ms }: ThreadsOptions,
  orders: string,
): Piscina {
  return new Piscina({
    filename: entry,
    workerData: { backend, idle_ms: idle_ms * processShareOfIdle, orders },
    minThreads,
    maxThreads,
    idleTimeout: idle_ms,
    concurrentTasksPerWorker: 1,
    // A thread that waits in Atomics runs no events: it would notice neither the end of its process nor its output.
    atomics: 'disabled',
    ...(usesOwnOptions(backend) ? {} : { execArgv: ['--no-experimental-require-module'] }),
    // A thread holds one task: the usual room for young objects would be most of its memory.
    resourceLimits: { maxYoungGenerationSizeMb: 2 },
    recordTiming: false,
  });
}
