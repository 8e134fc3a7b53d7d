import { failure, type Failure } from '../vehicle/outcome.js';

export interface RateLimit {
  readonly count: number;
  readonly window_ms: number;
}

/** How many remote commands each car was sent of late (`commands.rate`). Times are epoch milliseconds. */
export class CommandRate {
  readonly #limit: RateLimit;
  /** Ascending. */
  readonly #times = new Map<string, readonly number[]>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /** Notes one, in whatever order they come: those of before a restart are read from the journal. */
  note(vehicle: string, at: number): void {
    const times = [...(this.#times.get(vehicle) ?? []), at].sort((one, other) => one - other);
    const newest = times.at(-1) ?? at;
    this.#times.set(
      vehicle,
      times.filter((time) => time > newest - this.#limit.window_ms),
    );
  }

  /** One that was noted has come to nothing. */
  takeBack(vehicle: string, at: number): void {
    const times = this.#times.get(vehicle) ?? [];
    const index = times.lastIndexOf(at);
    if (index >= 0) this.#times.set(vehicle, times.toSpliced(index, 1));
  }

  refusal(vehicle: string, now: number): Failure | undefined {
    const { count, window_ms } = this.#limit;
    // A clock that was set back must not block a car for long.
    const recent = (this.#times.get(vehicle) ?? []).filter(
      (at) => at > now - window_ms && at <= now,
    );
    const [oldest] = recent.slice(-count);
    if (recent.length < count || oldest === undefined) return undefined;
    const retry_after_s = Math.max(1, Math.ceil((oldest + window_ms - now) / 1000));
    const message = `this car was sent ${String(count)} commands within ${String(window_ms / 1000)} s (commands.rate)`;
    return failure('rate_limited', message, { retry_after_s });
  }
}
