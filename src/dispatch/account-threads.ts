import type { Worker } from 'node:worker_threads';
import { Threads, type ThreadsOptions } from './threads.js';

export interface AccountThreadsOptions extends Omit<ThreadsOptions, 'minThreads' | 'onChange'> {
  /** Whether a thread is kept for this account; asked at the start and at each task. */
  readonly isReserved: () => boolean;
  /** Told which threads there are, when there is one more or less. */
  readonly onThreads: (workers: readonly Worker[]) => void;
}

/**
 * The threads that an account has. Where one is reserved they are one piece, of which the first starts at once and stays.
 * Else each is a piece by itself: it starts with a task, and can be ended alone once it has none.
 */
export class AccountThreads {
  readonly #options: AccountThreadsOptions;
  #kept: Threads | undefined;
  /** Whoever has worked last comes last. */
  readonly #single = new Set<Threads>();
  readonly #ending = new Set<Threads>();

  constructor(options: AccountThreadsOptions) {
    this.#options = options;
    if (options.isReserved()) this.#kept = this.#start(1, options.maxThreads);
  }

  /** Threads, and processes of theirs, also of those that are about to end. */
  get figures(): { readonly threads: number; readonly processes: number } {
    const all = [...this.#staying(), ...this.#ending];
    return {
      threads: sum(all.map(({ workers }) => workers.length)),
      processes: sum(all.map(({ processes }) => processes)),
    };
  }

  /** Threads that are not told to end, and how many of them have no task. */
  get room(): { readonly all: number; readonly idle: number } {
    const staying = this.#staying();
    const all = sum(staying.map(({ workers, busy }) => Math.max(workers.length, busy)));
    return { all, idle: all - sum(staying.map(({ busy }) => busy)) };
  }

  /** Those that are to take the next task. */
  next(): Threads {
    const { isReserved, maxThreads } = this.#options;
    if (isReserved()) return (this.#kept ??= this.#start(1, maxThreads));
    if (this.#kept !== undefined && this.#kept.busy < this.#kept.workers.length) return this.#kept;
    const idle = [...this.#single].reverse().find(({ busy }) => busy === 0);
    const one = idle ?? this.#start(0, 1);
    this.#single.delete(one);
    this.#single.add(one);
    return one;
  }

  release(): void {
    for (const one of this.#staying()) one.release();
  }

  /** Ends up to so many threads without a task; more where some cannot be ended alone. Answers how many. */
  endIdle(most: number): number {
    let ended = 0;
    for (const one of this.#staying().filter(({ busy }) => busy === 0)) {
      if (ended >= most) return ended;
      ended += one.workers.length;
      void this.#end(one);
    }
    // One among others that work stays, without its process.
    if (ended < most) this.#kept?.release();
    return ended;
  }

  /** Called when a task has come back, too: its thread may have ended with it. */
  forgetEnded(): void {
    for (const one of this.#single) {
      if (one.busy === 0 && one.workers.length === 0) void this.#end(one);
    }
  }

  async stop(): Promise<void> {
    const all = [...this.#staying(), ...this.#ending];
    await Promise.all(all.map((one) => this.#end(one)));
  }

  #staying(): Threads[] {
    return [...(this.#kept === undefined ? [] : [this.#kept]), ...this.#single];
  }

  #start(minThreads: number, maxThreads: number): Threads {
    const onChange = (): void => {
      const all = [...this.#staying(), ...this.#ending];
      this.#options.onThreads(all.flatMap(({ workers }) => workers));
      this.forgetEnded();
    };
    return new Threads({ ...this.#options, minThreads, maxThreads, onChange });
  }

  async #end(one: Threads): Promise<void> {
    this.#single.delete(one);
    if (one === this.#kept) this.#kept = undefined;
    this.#ending.add(one);
    await one.end();
    this.#ending.delete(one);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
