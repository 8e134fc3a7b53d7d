import { claims, SlotTurns, type Claim } from './slot-turns.js';

/** So few accounts have a slot each, however little is left for everything else. */
const fewAccounts = 8;

/** An account as the others see it. */
export interface SlotSharer {
  /** Processes that it has, at work or not. */
  readonly processes: () => number;
  /** Ends those without work. */
  readonly release: () => void;
  /** Threads that it has, and how many of them have no task. */
  readonly threads: () => { readonly all: number; readonly idle: number };
  /** Ends up to so many threads without a task, with their processes. Answers how many it ends. */
  readonly endIdle: (most: number) => number;
  /** Something may start now. */
  readonly onFree: () => void;
  /** Called when all others were told, too: something that can wait may start now. */
  readonly onFreeForLast: () => void;
}

/** An account's way to the slots of all. */
export interface SlotShare {
  /** Whether a read slot is kept for this account and its threads are not taken away. */
  readonly isReserved: () => boolean;
  /**
   * A slot and the function that gives it back, or undefined while there is none: then `onFree` is called when there may
   * be. The first one `fromReserve` is the account's own, where slots are reserved.
   */
  readonly take: (claim: Claim, fromReserve: boolean) => (() => void) | undefined;
  /** What works without a slot of its own needs a thread, too. */
  readonly makeRoom: () => void;
  readonly leave: () => void;
}

interface Share {
  readonly sharer: SlotSharer;
  taken: number;
  hasReserved: boolean;
}

/**
 * The slots of all accounts together: a thread, and where the backend has one a process, each. A few accounts have one
 * reserved for each, for its first read, and what goes beyond takes from what is left. Where that is too little nothing
 * is reserved, and accounts take turns.
 */
export class SharedSlots {
  readonly #most: number;
  readonly #limits: Readonly<Record<Claim, number>>;
  readonly #taken: Record<Claim, number> = { read: 0, wake: 0, background: 0, account: 0 };
  readonly #shares = new Set<Share>();
  /** Who has used a thread last comes last. */
  readonly #byUse = new Set<Share>();
  readonly #turns = new SlotTurns<Share>();

  /** `most` threads and processes of all accounts, at least 2. */
  constructor(most: number) {
    this.#most = Math.max(2, most);
    const shareOf = (part: number): number => Math.max(1, Math.floor(this.#most / part));
    this.#limits = {
      read: this.#most,
      // However many cars hang, somebody can read.
      wake: this.#most - shareOf(4),
      background: shareOf(2),
      account: shareOf(4),
    };
  }

  /** Whether each account has a slot of its own. */
  get isReserved(): boolean {
    const accounts = this.#shares.size;
    return accounts < this.#most && (accounts <= fewAccounts || accounts * 2 <= this.#most);
  }

  join(sharer: SlotSharer): SlotShare {
    const share: Share = { sharer, taken: 0, hasReserved: false };
    const others = [...this.#shares];
    const wasReserved = this.isReserved;
    this.#shares.add(share);
    this.#byUse.add(share);
    if (this.isReserved !== wasReserved) {
      // What was started because it was reserved.
      for (const other of others) other.sharer.endIdle(Infinity);
      askInOrder(others);
    }
    return {
      isReserved: () => this.isReserved,
      take: (claim, fromReserve) => this.#take(share, claim, fromReserve),
      makeRoom: () => {
        if (!this.isReserved) this.#endUnused(1);
      },
      leave: () => {
        this.#leave(share);
      },
    };
  }

  #leave(share: Share): void {
    const wasReserved = this.isReserved;
    this.#shares.delete(share);
    this.#byUse.delete(share);
    this.#turns.forget(share);
    if (this.isReserved || this.isReserved !== wasReserved || this.#isUnused) this.#askAll();
  }

  #take(share: Share, claim: Claim, fromReserve: boolean): (() => void) | undefined {
    if (this.isReserved) return this.#takeBesideReserved(share, claim, fromReserve);
    if (!this.#turns.admits(share, claim, this.#fits(claim))) return undefined;
    const giveBack = this.#hold(share, claim, false);
    this.#endUnused(0);
    return giveBack;
  }

  #takeBesideReserved(share: Share, claim: Claim, fromReserve: boolean): (() => void) | undefined {
    // Only where accounts came or went while slots were taken.
    if (this.#taken.read >= this.#most) return undefined;
    if (fromReserve && !share.hasReserved) return this.#hold(share, claim, true);
    const reserved = [...this.#shares].filter(({ hasReserved }) => hasReserved).length;
    if (this.#taken.read - reserved >= this.#most - this.#shares.size) return undefined;
    const giveBack = this.#hold(share, claim, false);
    this.#releaseWhereFull();
    return giveBack;
  }

  #fits(claim: Claim): boolean {
    return countsAs(claim).every((one) => this.#taken[one] < this.#limits[one]);
  }

  #hold(share: Share, claim: Claim, isReserved: boolean): () => void {
    for (const one of countsAs(claim)) this.#taken[one] += 1;
    share.taken += 1;
    if (isReserved) share.hasReserved = true;
    this.#used(share);
    return once(() => {
      const wasFull = this.#taken.read >= this.#most;
      for (const one of countsAs(claim)) this.#taken[one] -= 1;
      share.taken -= 1;
      if (isReserved) share.hasReserved = false;
      this.#used(share);
      this.#freed(share, isReserved && !wasFull);
    });
  }

  #used(share: Share): void {
    if (this.#byUse.delete(share)) this.#byUse.add(share);
  }

  /** Whoever waits then was refused under other rules, and nobody is left to give a slot back to it. */
  get #isUnused(): boolean {
    return this.#taken.read === 0;
  }

  #freed(share: Share, isOfUseToItAlone: boolean): void {
    if (!this.isReserved) {
      this.#offer();
      if (this.#shares.has(share)) askInOrder([share]);
    } else if (isOfUseToItAlone) askInOrder([share]);
    else this.#askAll();
    if (this.#isUnused) this.#askAll();
  }

  #offer(): void {
    this.#turns.offer(
      (claim) => this.#fits(claim),
      (share) => {
        askInOrder([share]);
      },
    );
  }

  #askAll(): void {
    const [first, ...others] = this.#shares;
    if (first === undefined) return;
    // Who was asked first is asked last the next time.
    this.#shares.delete(first);
    this.#shares.add(first);
    askInOrder([first, ...others]);
  }

  /** Processes that only wait for work end before there is one more than there may be. */
  #releaseWhereFull(): void {
    const all = [...this.#shares];
    const processes = all.reduce((sum, { sharer }) => sum + sharer.processes(), 0);
    if (processes >= this.#most) for (const { sharer } of all) sharer.release();
  }

  /** Threads without work end where there would be too many: first those of the account that has used none for longest. */
  #endUnused(more: number): void {
    const threads = [...this.#byUse].map((share) => ({ share, ...share.sharer.threads() }));
    const needed = threads.reduce((sum, { share, all }) => sum + Math.max(all, share.taken), more);
    let surplus = needed - this.#most;
    for (const { share, all, idle } of threads) {
      if (surplus <= 0) return;
      const unused = Math.min(idle, all - share.taken, surplus);
      if (unused > 0) surplus -= share.sharer.endIdle(unused);
    }
  }
}

function countsAs(claim: Claim): readonly Claim[] {
  return claims.slice(0, claims.indexOf(claim) + 1);
}

function askInOrder(shares: readonly Share[]): void {
  for (const { sharer } of shares) sharer.onFree();
  for (const { sharer } of shares) sharer.onFreeForLast();
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}
