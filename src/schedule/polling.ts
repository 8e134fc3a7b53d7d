import type { PollSettings } from './next-poll.js';

/** What a person has set by a command. It holds until the configuration says something new. */
export interface KeptPolling {
  readonly enabled: boolean;
  readonly every_ms: number;
  /** What the configuration said then. */
  readonly configured: { readonly enabled: boolean; readonly every_ms: number };
}

export interface PollingOptions {
  readonly configured: PollSettings;
  readonly kept: KeptPolling | undefined;
  /** Resolves when it is on the disk. */
  readonly keep: (kept: KeptPolling) => Promise<void>;
  readonly onChange: () => void;
}

/** Whether and how often the bridge reads by itself: as configured, or as a person has set it since. */
export class Polling {
  readonly #options: PollingOptions;
  #settings: PollSettings;
  #lastChange: Promise<void> = Promise.resolve();

  constructor(options: PollingOptions) {
    this.#options = options;
    this.#settings = settingsOf(options.configured, options.kept);
  }

  get settings(): PollSettings {
    return this.#settings;
  }

  /** What the configuration has overruled must not come back when that is written as before. */
  async forgetOverruled(): Promise<void> {
    const { configured, kept } = this.#options;
    if (kept === undefined) return;
    const isOverruled =
      kept.configured.enabled !== configured.enabled ||
      kept.configured.every_ms !== configured.every_ms;
    if (isOverruled) await this.#store(this.#settings);
  }

  /** Resolves when it is stored and in force; rejects, and changes nothing, where it cannot be. */
  change(change: Partial<Pick<PollSettings, 'enabled' | 'every_ms'>>): Promise<void> {
    // One after the other: each stores what the one before has set.
    const changed = this.#lastChange.then(() => this.#apply(change));
    this.#lastChange = changed.catch(() => undefined);
    return changed;
  }

  async #apply(change: Partial<Pick<PollSettings, 'enabled' | 'every_ms'>>): Promise<void> {
    await this.#store({ ...this.#settings, ...change });
    this.#settings = { ...this.#settings, ...change };
    this.#options.onChange();
  }

  /** What was set elsewhere, and stored there; undefined: nothing was. */
  adopt(kept: KeptPolling | undefined): void {
    this.#settings = settingsOf(this.#options.configured, kept);
    this.#options.onChange();
  }

  #store({ enabled, every_ms }: PollSettings): Promise<void> {
    const { configured, keep } = this.#options;
    return keep({
      enabled,
      every_ms,
      configured: { enabled: configured.enabled, every_ms: configured.every_ms },
    });
  }
}

function settingsOf(configured: PollSettings, kept: KeptPolling | undefined): PollSettings {
  const isAsThen = (key: 'enabled' | 'every_ms') => kept?.configured[key] === configured[key];
  return {
    ...configured,
    ...(kept !== undefined && isAsThen('enabled') ? { enabled: kept.enabled } : {}),
    ...(kept !== undefined && isAsThen('every_ms') ? { every_ms: kept.every_ms } : {}),
  };
}
