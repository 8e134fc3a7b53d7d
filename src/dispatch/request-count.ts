import { utc, type Clock } from '../daemon/clock.js';

/** Requests to the vendor on one day (UTC, `2026-11-22`). */
export interface Usage {
  readonly day: string;
  readonly used: number;
}

const day_ms = 86_400_000;

/** Counts the requests that an account makes to its vendor, day by day. */
export class RequestCount {
  readonly #clock: Clock;
  readonly #keep: (usage: Usage) => void;
  #usage: Usage;

  constructor(clock: Clock, kept: Usage | undefined, keep: (usage: Usage) => void) {
    this.#clock = clock;
    this.#keep = keep;
    this.#usage = kept ?? { day: '', used: 0 };
  }

  add(): void {
    this.#usage = { day: this.#today(), used: this.#used() + 1 };
    this.#keep(this.#usage);
  }

  /** The budget as the bridge's state shows it; no limit is known. */
  document() {
    const resets_at = utc((Math.floor(this.#clock.now() / day_ms) + 1) * day_ms);
    return { used: this.#used(), left: null, limit: null, resets_at };
  }

  #used(): number {
    return this.#usage.day === this.#today() ? this.#usage.used : 0;
  }

  #today(): string {
    return utc(this.#clock.now()).slice(0, 10);
  }
}
