import { failure, type Failure } from '../vehicle/outcome.js';

export interface RateLimit {
  readonly count: number;
  readonly window_ms: number;
}

/** How many remote commands each car was sent of late (`commands.rate`). Times are epoch milliseconds. */
export class CommandRate {
  readonly #limit: RateLimit;
  readonly #times = new Map<string, number[]>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  note(vehicle: string, at: number): void {
    this.#times.set(vehicle, [...this.#recent(vehicle, at), at]);
  }

  refusal(vehicle: string, now: number): Failure | undefined {
    const { count, window_ms } = this.#limit;
    const recent = this.#recent(vehicle, now);
    const [oldest] = recent.slice(-count);
    if (recent.length < count || oldest === undefined) return undefined;
    const retry_after_s = Math.max(1, Math.ceil((oldest + window_ms - now) / 1000));
    const message = `this car was sent ${String(count)} commands within ${String(window_ms / 1000)} s (commands.rate)`;
    return failure('rate_limited', message, { retry_after_s });
  }

  #recent(vehicle: string, now: number): number[] {
    const since = now - this.#limit.window_ms;
    // A clock that was set back must not block a car for long.
    return (this.#times.get(vehicle) ?? []).filter((at) => at > since && at <= now);
  }
}
