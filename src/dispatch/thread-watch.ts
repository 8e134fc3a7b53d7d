import type { Worker } from 'node:worker_threads';
import type { Clock } from '../daemon/clock.js';

/** A thread that was ended leaves within milliseconds, unless something holds it that nothing in this process can end. */
const leaving_ms = 30_000;
/** Calls in a row that did not come back: one may be the fault of a call. */
const lostInARow = 3;

/** Whether the threads of a pool still turn: what is handed to them comes back, and they leave when they are told to. */
export class ThreadWatch {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** Since when each thread is to have left; undefined while it is to stay. */
  readonly #leavingSince = new Map<Worker, number | undefined>();
  #lost = 0;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** The threads that the pool has now. Whoever is no longer among them has been told to leave. */
  has(threads: readonly Worker[]): void {
    for (const thread of threads) this.#follow(thread);
    for (const [thread, since] of this.#leavingSince) {
      if (since === undefined && !threads.includes(thread)) {
        this.#leavingSince.set(thread, this.#clock.monotonic());
      }
    }
  }

  /** A call came back by itself, however it ended. */
  returned(): void {
    this.#lost = 0;
  }

  /** A call had to be given up, and its thread with it. */
  gaveUp(): void {
    this.#lost += 1;
  }

  /** Why these threads are of no more use to anybody; undefined while they turn. */
  get fault(): string | undefined {
    const now = this.#clock.monotonic();
    const stayed = [...this.#leavingSince.values()]
      .filter((since) => since !== undefined)
      .filter((since) => now - since >= leaving_ms);
    if (stayed.length > 0) {
      const longest_s = Math.round((now - Math.min(...stayed)) / 1000);
      const threads = stayed.length === 1 ? 'a worker thread' : `${String(stayed.length)} threads`;
      return `${threads} cannot be ended: told to ${String(longest_s)} s ago`;
    }
    if (this.#lost < lostInARow) return undefined;
    return `the last ${String(this.#lost)} calls did not come back from the worker threads`;
  }

  #follow(thread: Worker): void {
    if (this.#leavingSince.has(thread)) return;
    this.#leavingSince.set(thread, undefined);
    thread.once('exit', () => {
      this.#leavingSince.delete(thread);
    });
  }
}
