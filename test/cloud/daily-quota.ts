/** How many requests an account may make a day, whatever they ask for. Without a number there is no limit. */
export class DailyQuota {
  /** As many are answered; each one more is refused until `newDay`. May be changed at any time. */
  per_day: number | undefined;
  /** The HTTP status of the refusal, where the maker's words do not settle it; 200 leaves it to them. */
  status: number;
  #used = 0;

  constructor(status = 200) {
    this.status = status;
  }

  /** The requests of today, with those that were refused. */
  get used(): number {
    return this.#used;
  }

  /** Counts a request; false when it is one too many. */
  spend(): boolean {
    this.#used += 1;
    return this.per_day === undefined || this.#used <= this.per_day;
  }

  newDay(): void {
    this.#used = 0;
  }
}
