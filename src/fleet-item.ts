import type { DropReason, Lease } from './fleet/ownership.js';

interface Stoppable {
  stop(why: DropReason): Promise<void>;
}

/** Something that is owned now and then: it starts, restarts and stops one after the other, never side by side. */
export class OwnedItem<T extends Stoppable> {
  #running: T | undefined;
  #begin: (() => Promise<T>) | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** While it runs. */
  get running(): T | undefined {
    return this.#running;
  }

  get isOver(): boolean {
    return this.#begin === undefined;
  }

  /** Rejects where it could not be started, or was lost meanwhile. */
  start(lease: Lease, begin: () => Promise<T>): Promise<void> {
    this.#begin = begin;
    return this.#inTurn(async () => {
      const started = await begin();
      if (lease.isHeld()) {
        this.#running = started;
        return;
      }
      await started.stop('lost');
      throw new Error('it was lost while it was started');
    });
  }

  stop(why: DropReason): Promise<void> {
    this.#begin = undefined;
    return this.#inTurn(() => this.#end(why));
  }

  /** Begins anew, with what may have changed; nothing where it is not owned. */
  restart(): Promise<void> {
    return this.#inTurn(async () => {
      const begin = this.#begin;
      if (this.#running === undefined || begin === undefined) return;
      await this.#end('released');
      this.#running = await begin();
    });
  }

  async #end(why: DropReason): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.stop(why);
  }

  #inTurn<R>(work: () => Promise<R>): Promise<R> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
