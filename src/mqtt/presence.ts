import type { Clock } from '../daemon/clock.js';

export interface PresenceOptions {
  readonly clock: Clock;
  readonly sessionExpiry_ms: number;
  /** Epoch milliseconds of the last note before this start, if there is one. */
  readonly seen: number | undefined;
  readonly clockTrusted: () => boolean;
  readonly note: (seen: number) => void;
}

const noteEvery_ms = 15_000;

/**
 * Knows how long the bridge has been away from the broker. A command that waited there shows no age, and a broker
 * starts the session's expiry anew when it restarts itself; so after too long an absence, or one of unknown
 * length, the session is not taken up again.
 */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #timer: NodeJS.Timeout;
  /** Monotonic; undefined until the broker has been seen in this process. */
  #contact: number | undefined;
  #contactAt = 0;
  #noted: number | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      this.#note();
    }, noteEvery_ms).unref();
  }

  contact(): void {
    const first = this.#contact === undefined;
    this.#contact = this.#options.clock.monotonic();
    this.#contactAt = this.#options.clock.now();
    if (first) this.#note();
  }

  mayResume(): boolean {
    const away_ms = this.#away();
    return away_ms !== undefined && away_ms >= 0 && away_ms <= this.#options.sessionExpiry_ms;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#note();
  }

  #away(): number | undefined {
    const { clock, seen, clockTrusted } = this.#options;
    if (this.#contact !== undefined) {
      // Monotonic time stands still while the computer sleeps, wall time may be set back: the longer one holds.
      return Math.max(clock.monotonic() - this.#contact, clock.now() - this.#contactAt);
    }
    return seen === undefined || !clockTrusted() ? undefined : clock.now() - seen;
  }

  /** Notes the moment of the last contact, not of the note. */
  #note(): void {
    if (this.#contact === undefined || this.#contact === this.#noted) return;
    this.#noted = this.#contact;
    const { clock, note } = this.#options;
    note(clock.now() - (clock.monotonic() - this.#contact));
  }
}
