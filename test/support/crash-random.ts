/** Chance that can be had again: the seed of a failed run is in its message, `CRASH_SEED` repeats it. */
export class Chance {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed;
  }

  static ofThisRun(): Chance {
    const wanted = Number(process.env['CRASH_SEED'] ?? Number.NaN);
    return new Chance(Number.isInteger(wanted) ? wanted : Date.now() % 2 ** 31);
  }

  /** A number of [0, 1) (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  whole(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1));
  }

  /** True in this share of the cases. */
  in(share: number): boolean {
    return this.next() < share;
  }

  oneOf<T>(first: T, ...others: readonly T[]): T {
    return [first, ...others][this.whole(0, others.length)] ?? first;
  }
}
