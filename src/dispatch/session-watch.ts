import type { Clock } from '../daemon/clock.js';
import type { Failure } from '../vehicle/outcome.js';
import type { SessionKeeper } from './session-keeper.js';

export interface SessionWatchOptions {
  readonly clock: Clock;
  readonly keeper: Pick<SessionKeeper, 'state' | 'list' | 'listedAt' | 'expiresAt'>;
  /** The session ends soon, and only a person can open the next one. */
  readonly onEndsSoon: (expires_at: string) => void;
  readonly onListFailed: (reason: Failure) => void;
}

const hour_ms = 3_600_000;
const day_ms = 24 * hour_ms;
const warnAhead_ms = 7 * day_ms;
/** A car that is not there is no reason to ask for the list again and again. */
const leastGap_ms = hour_ms;

/** Looks after a session that lasts: lists the cars anew once a day, and warns once a day before its end. */
export class SessionWatch {
  readonly #options: SessionWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #askedAt = -Infinity;
  #warnedAt = -Infinity;

  constructor(options: SessionWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      this.check();
    }, hour_ms).unref();
  }

  check(): void {
    const { clock, keeper } = this.#options;
    // A list from the future was made under a wrong clock.
    if (Math.abs(clock.now() - keeper.listedAt) >= day_ms) this.listAnew();
    this.#warn();
  }

  /** The vendor may have other cars by now. */
  listAnew(): void {
    const { clock, keeper, onListFailed } = this.#options;
    const now = clock.monotonic();
    if (keeper.state.is !== 'ready' || now - this.#askedAt < leastGap_ms) return;
    this.#askedAt = now;
    void keeper.list().then((reason) => {
      if (reason !== undefined) onListFailed(reason);
    });
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #warn(): void {
    const { clock, keeper, onEndsSoon } = this.#options;
    const { expiresAt } = keeper;
    if (expiresAt === null || Date.parse(expiresAt) - clock.now() > warnAhead_ms) return;
    if (clock.monotonic() - this.#warnedAt < day_ms) return;
    this.#warnedAt = clock.monotonic();
    onEndsSoon(expiresAt);
  }
}
