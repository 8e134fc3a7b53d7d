import type { ThreadNote } from '../vehicle/thread-note.js';

type ProcessNote = Extract<ThreadNote, { kind: 'process' }>;

/** The processes of a pool's threads, as the threads tell of them. */
export class ThreadProcesses {
  readonly #threadOf = new Map<number, number>();
  #onEmpty: (() => void) | undefined;

  get size(): number {
    return this.#threadOf.size;
  }

  note({ event, pid, thread }: ProcessNote): void {
    if (event === 'started') this.#threadOf.set(pid, thread);
    else this.#threadOf.delete(pid);
    this.#tellIfEmpty();
  }

  /** What belongs to any other thread is killed: nobody is left who could end it, or tell that it has ended. */
  keepOnlyOf(threads: readonly number[]): void {
    for (const [pid, thread] of [...this.#threadOf]) {
      if (threads.includes(thread)) continue;
      this.#threadOf.delete(pid);
      killGroup(pid);
    }
    this.#tellIfEmpty();
  }

  allEnded(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      this.#tellIfEmpty();
    });
  }

  #tellIfEmpty(): void {
    if (this.#threadOf.size === 0) this.#onEmpty?.();
  }
}

/** Without its thread nobody reaps the process, so its number cannot belong to somebody else meanwhile. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It was gone already.
  }
}
