/** The right to act for an item, as long as it lasts. */
export interface Lease {
  /** Whether nobody else can have the item now: arithmetic with the own clocks, without waiting for anything. */
  isHeld(): boolean;
  /** Aborted when the lease was lost, or was given back. */
  readonly signal: AbortSignal;
}

export class OwnLease implements Lease {
  readonly #end = new AbortController();
  readonly #isMember: () => boolean;

  constructor(isMember: () => boolean) {
    this.#isMember = isMember;
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  isHeld(): boolean {
    // Asked first: it may be what ends this lease.
    const isMember = this.#isMember();
    return isMember && !this.#end.signal.aborted;
  }

  end(): void {
    this.#end.abort();
  }
}
