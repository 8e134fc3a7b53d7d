import { access } from 'node:fs/promises';
import type { Clock } from './clock.js';

export interface ClockTrustOptions {
  readonly clock: Clock;
  /** Epoch milliseconds of the newest thing that was stored before this start. */
  readonly newestStored: number;
  /** Exists once the system's clock has been set from the network. */
  readonly synchronisedFile?: string;
  readonly onTrusted?: () => void;
}

const tolerance_ms = 60_000;
const patience_ms = 600_000;
const look_ms = 5000;

/**
 * Whether the wall clock can be trusted. At the start of a computer without a clock chip it may lie behind what was
 * stored before; then nothing that depends on how late it is may be done, until the clock has passed that moment,
 * the system says that it is synchronised, or ten minutes are over.
 */
export class ClockTrust {
  readonly #options: ClockTrustOptions;
  readonly #started: number;
  #isTrusted: boolean;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ClockTrustOptions) {
    this.#options = options;
    this.#started = options.clock.monotonic();
    this.#isTrusted = options.clock.now() >= options.newestStored - tolerance_ms;
    if (!this.#isTrusted) this.#lookLater();
  }

  get isTrusted(): boolean {
    return this.#isTrusted;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #lookLater(): void {
    this.#timer = setTimeout(() => void this.#look(), look_ms).unref();
  }

  async #look(): Promise<void> {
    const { clock, newestStored, onTrusted } = this.#options;
    const hasPassed = clock.now() >= newestStored;
    const isOver = clock.monotonic() - this.#started >= patience_ms;
    if (hasPassed || isOver || (await this.#isSynchronised())) {
      this.#isTrusted = true;
      onTrusted?.();
    } else this.#lookLater();
  }

  #isSynchronised(): Promise<boolean> {
    const file = this.#options.synchronisedFile ?? '/run/systemd/timesync/synchronized';
    return access(file).then(
      () => true,
      () => false,
    );
  }
}
