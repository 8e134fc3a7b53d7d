import type { CallClass } from './breaker.js';
import type { Priority } from './lane.js';

/** At most so many threads of one class for one account, however many cars it has. */
const mostPerClass = 4;

/**
 * The processes of all accounts together. Each account's first read slot is reserved and not counted here; what
 * goes beyond takes from this one pot.
 */
export class SharedSlots {
  readonly #most: number;
  readonly #sharers = new Set<SlotSharer>();
  #taken = 0;

  /** `most` processes of all accounts, the reserved ones of so many accounts among them. */
  constructor(most: number, accounts: number) {
    this.#most = Math.max(1, most - accounts);
  }

  take(): boolean {
    if (this.#taken >= this.#most) return false;
    this.#taken += 1;
    this.#makeRoom();
    return true;
  }

  give(): void {
    this.#taken -= 1;
    const [first, ...others] = this.#sharers;
    if (first === undefined) return;
    // Who was asked first is asked last the next time.
    this.#sharers.delete(first);
    this.#sharers.add(first);
    for (const { onFree } of [first, ...others]) onFree();
  }

  join(sharer: SlotSharer): () => void {
    this.#sharers.add(sharer);
    return () => void this.#sharers.delete(sharer);
  }

  /** Processes that only wait for work end before there is one more than there may be. */
  #makeRoom(): void {
    const all = [...this.#sharers];
    const processes = all.reduce((sum, sharer) => sum + sharer.processes(), 0);
    if (processes >= this.#most + all.length) for (const { release } of all) release();
  }
}

/** An account as the others see it. */
export interface SlotSharer {
  /** Processes that it has, at work or not. */
  readonly processes: () => number;
  /** Ends those without work. */
  readonly release: () => void;
  /** Something may start now. */
  readonly onFree: () => void;
}

export interface SlotOptions extends SlotSharer {
  readonly shared: SharedSlots;
  /** Cars of the account: one thread more than that of a class is never of use. */
  readonly cars: () => number;
  /** A further read thread when all have been busy for so long. */
  readonly patience_ms: number;
}

/**
 * Which of an account's threads are taken: reads and wakes apart, so that a hung car holds up nobody else, and one for
 * jobs, so that long work does not either.
 */
export class Slots {
  readonly #options: SlotOptions;
  readonly #leave: () => void;
  #reads = 0;
  #reservedTaken = false;
  #wakes = 0;
  #jobs = 0;
  readonly #jobsWaiting = new Set<() => void>();
  #readsAllowed = 1;
  #patience: NodeJS.Timeout | undefined;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.#leave = options.shared.join({
      ...options,
      onFree: () => {
        this.#onFree();
      },
    });
  }

  get busy(): number {
    return this.#reads + this.#wakes + this.#jobs;
  }

  /**
   * A slot and the function that gives it back, or undefined while there is none. Polls read in the slot of the jobs: a
   * person's read finds its own one free.
   */
  take(callClass: CallClass, priority: Priority = 'person'): (() => void) | undefined {
    if (callClass === 'wake') return this.#takeWake();
    return priority === 'poll' ? this.#takeJob() : this.#takeRead();
  }

  /** Resolves with the slot of a job as soon as there is one. */
  async whenFreeForJob(): Promise<() => void> {
    for (;;) {
      const giveBack = this.#takeJob();
      if (giveBack !== undefined) return giveBack;
      await new Promise<void>((resolve) => this.#jobsWaiting.add(resolve));
    }
  }

  stop(): void {
    clearTimeout(this.#patience);
    this.#leave();
  }

  /** Jobs come last: whoever else waits is served first. */
  #onFree(): void {
    this.#options.onFree();
    const waiting = [...this.#jobsWaiting];
    this.#jobsWaiting.clear();
    for (const resolve of waiting) resolve();
  }

  #takeRead(): (() => void) | undefined {
    if (this.#reads >= this.#readsAllowed) {
      this.#askForMore();
      return undefined;
    }
    const counted = this.#reservedTaken;
    if (counted && !this.#options.shared.take()) return undefined;
    this.#reservedTaken = true;
    this.#reads += 1;
    return once(() => {
      this.#reads -= 1;
      if (!counted) this.#reservedTaken = false;
      if (this.#reads === 0) this.#readsAllowed = 1;
      if (this.#reads < this.#readsAllowed) this.#stopAsking();
      this.#freed(counted);
    });
  }

  #takeWake(): (() => void) | undefined {
    if (this.#wakes >= this.#limit() || !this.#options.shared.take()) return undefined;
    this.#wakes += 1;
    return once(() => {
      this.#wakes -= 1;
      this.#freed(true);
    });
  }

  #takeJob(): (() => void) | undefined {
    if (this.#jobs > 0 || !this.#options.shared.take()) return undefined;
    this.#jobs += 1;
    return once(() => {
      this.#jobs -= 1;
      this.#freed(true);
    });
  }

  #freed(counted: boolean): void {
    if (counted) this.#options.shared.give();
    else this.#onFree();
  }

  #limit(): number {
    return Math.min(mostPerClass, Math.max(1, this.#options.cars()));
  }

  #askForMore(): void {
    if (this.#readsAllowed >= this.#limit()) return;
    this.#patience ??= setTimeout(() => {
      this.#patience = undefined;
      this.#readsAllowed = Math.min(this.#limit(), this.#readsAllowed + 1);
      this.#onFree();
    }, this.#options.patience_ms);
  }

  #stopAsking(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}
