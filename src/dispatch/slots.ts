import { failure } from '../vehicle/outcome.js';
import type { Outcome } from '../vehicle/task.js';
import type { CallClass } from './breaker.js';
import type { Priority } from './lane.js';
import type { SharedSlots, SlotShare, SlotSharer } from './shared-slots.js';
import type { Claim } from './slot-turns.js';

/** At most so many threads of one class for one account, however many cars it has. */
const mostPerClass = 4;

export interface SlotOptions extends Omit<SlotSharer, 'onFreeForLast'> {
  readonly shared: SharedSlots;
  /** Cars of the account: one thread more than that of a class is never of use. */
  readonly cars: () => number;
  /** A further read thread when all have been busy for so long. */
  readonly patience_ms: number;
}

/**
 * Which of an account's threads are taken: reads and wakes apart, so that a hung car holds up nobody else, and one for
 * jobs, so that long work does not either. What concerns the account itself goes beside them.
 */
export class Slots {
  readonly #options: SlotOptions;
  readonly #share: SlotShare;
  #reads = 0;
  #wakes = 0;
  #jobs = 0;
  readonly #jobsWaiting = new Set<(giveBack: () => void) => void>();
  readonly #accountWaiting = new Set<(giveBack: (() => void) | undefined) => void>();
  #readsAllowed = 1;
  #patience: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.#share = options.shared.join({
      ...options,
      onFree: () => {
        this.#serveAccount();
        options.onFree();
      },
      onFreeForLast: () => {
        this.#serveJobs();
      },
    });
  }

  get busy(): number {
    return this.#reads + this.#wakes + this.#jobs;
  }

  /** Jobs, and what concerns the account, that could start but for a slot. */
  get waiting(): number {
    return this.#jobsWaiting.size + this.#accountWaiting.size;
  }

  /** Whether a read slot is kept for this account. */
  get isReserved(): boolean {
    return this.#share.isReserved();
  }

  /**
   * A slot and the function that gives it back, or undefined while there is none. Polls read in the slot of the jobs: a
   * person's read finds its own one free.
   */
  take(callClass: CallClass, priority: Priority = 'person'): (() => void) | undefined {
    const isOfPeople = priority === 'remote' || priority === 'person';
    if (callClass === 'wake') return this.#takeWake(isOfPeople ? 'wake' : 'background');
    if (priority === 'poll') return this.#takeJob();
    return this.#takeRead(isOfPeople ? 'read' : 'background');
  }

  /** Resolves with the slot of a job as soon as there is one. */
  whenFreeForJob(): Promise<() => void> {
    const giveBack = this.#isClosed ? undefined : this.#takeJob();
    if (giveBack !== undefined) return Promise.resolve(giveBack);
    return new Promise((resolve) => this.#jobsWaiting.add(resolve));
  }

  /**
   * Does something about the account itself, such as a sign-in. Where nothing is reserved it waits for a slot; a call that
   * waits for it has one already, and is not held up by those of others.
   */
  async forAccount(work: () => Promise<Outcome>): Promise<Outcome> {
    const giveBack = await this.#whenFreeForAccount();
    if (giveBack === undefined) return stopping;
    try {
      return await work();
    } finally {
      giveBack();
    }
  }

  /** Nothing begins any more that was not asked for by a lane. */
  close(): void {
    this.#isClosed = true;
    for (const resolve of this.#accountWaiting) resolve(undefined);
    this.#accountWaiting.clear();
  }

  stop(): void {
    this.close();
    clearTimeout(this.#patience);
    this.#share.leave();
  }

  #whenFreeForAccount(): Promise<(() => void) | undefined> {
    const giveBack = this.#isClosed ? undefined : this.#takeForAccount();
    if (giveBack !== undefined || this.#isClosed) return Promise.resolve(giveBack);
    return new Promise((resolve) => this.#accountWaiting.add(resolve));
  }

  #takeForAccount(): (() => void) | undefined {
    if (this.isReserved) return () => undefined;
    const giveBack = this.#share.take('account', false);
    if (giveBack !== undefined || this.busy === 0) return giveBack;
    this.#share.makeRoom();
    return () => undefined;
  }

  #serveAccount(): void {
    for (const resolve of [...this.#accountWaiting]) {
      const giveBack = this.#takeForAccount();
      if (giveBack === undefined) return;
      this.#accountWaiting.delete(resolve);
      resolve(giveBack);
    }
  }

  #serveJobs(): void {
    if (this.#isClosed) return;
    for (const resolve of [...this.#jobsWaiting]) {
      const giveBack = this.#takeJob();
      if (giveBack === undefined) return;
      this.#jobsWaiting.delete(resolve);
      resolve(giveBack);
    }
  }

  #takeRead(claim: Claim): (() => void) | undefined {
    if (this.#reads >= this.#readsAllowed) {
      this.#askForMore();
      return undefined;
    }
    return this.#taken(this.#share.take(claim, true), (count) => {
      this.#reads += count;
      if (count > 0) return;
      if (this.#reads === 0) this.#readsAllowed = 1;
      if (this.#reads < this.#readsAllowed) this.#stopAsking();
    });
  }

  #takeWake(claim: Claim): (() => void) | undefined {
    if (this.#wakes >= this.#limit()) return undefined;
    return this.#taken(this.#share.take(claim, false), (count) => {
      this.#wakes += count;
    });
  }

  #takeJob(): (() => void) | undefined {
    if (this.#jobs > 0) return undefined;
    return this.#taken(this.#share.take('background', false), (count) => {
      this.#jobs += count;
    });
  }

  #taken(
    giveBack: (() => void) | undefined,
    count: (more: 1 | -1) => void,
  ): (() => void) | undefined {
    if (giveBack === undefined) return undefined;
    count(1);
    // The call that has it may be about to wait for the account.
    this.#serveAccount();
    let isOut = true;
    return () => {
      if (!isOut) return;
      isOut = false;
      count(-1);
      giveBack();
    };
  }

  #limit(): number {
    return Math.min(mostPerClass, Math.max(1, this.#options.cars()));
  }

  #askForMore(): void {
    if (this.#readsAllowed >= this.#limit()) return;
    this.#patience ??= setTimeout(() => {
      this.#patience = undefined;
      this.#readsAllowed = Math.min(this.#limit(), this.#readsAllowed + 1);
      this.#options.onFree();
    }, this.#options.patience_ms);
  }

  #stopAsking(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }
}

const stopping: Outcome = {
  ok: false,
  failure: failure('interrupted', 'the bridge stops', { sent: false }),
  requests: 0,
};
