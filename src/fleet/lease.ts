/** The right to act for an item, as long as it lasts. */
export interface Lease {
  /** Whether nobody else can have the item now: arithmetic with the own clocks, without waiting for anything. */
  isHeld(): boolean;
  /** How long it is held at least, with no further beat; 0 where it is not. */
  readonly remaining_ms: number;
  /** Aborted when the lease was lost, or was given back. */
  readonly signal: AbortSignal;
}

export class OwnLease implements Lease {
  readonly #end = new AbortController();
  readonly #membership_ms: () => number;

  /** `membership_ms`: how long the membership that has claimed the item holds at least, 0 where it does not. */
  constructor(membership_ms: () => number) {
    this.#membership_ms = membership_ms;
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  isHeld(): boolean {
    return this.remaining_ms > 0;
  }

  get remaining_ms(): number {
    // Asked first: it may be what ends this lease.
    const remaining_ms = this.#membership_ms();
    return this.#end.signal.aborted ? 0 : remaining_ms;
  }

  end(): void {
    this.#end.abort();
  }
}
