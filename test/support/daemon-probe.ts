import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Daemon, DaemonOptions } from './daemon.js';
import { tempDir } from './temp-dir.js';
import { waitUntil } from './wait.js';

export interface ProbeScript {
  /** Loaded into the daemon: at each signal it writes one line of JSON to `$PROBE_FILE`. */
  readonly script: URL;
  readonly signal: NodeJS.Signals;
}

/** What a daemon tells of its own inside, without anything in the product that serves to look at it. */
export class DaemonProbe<T> {
  readonly #file: string;
  readonly #of: ProbeScript;

  private constructor(file: string, of: ProbeScript) {
    this.#file = file;
    this.#of = of;
  }

  static async create<T>(of: ProbeScript): Promise<DaemonProbe<T>> {
    return new DaemonProbe<T>(join(await tempDir(), 'probe.jsonl'), of);
  }

  /** What the daemon has to be started with. */
  get options(): Required<Pick<DaemonOptions, 'environment' | 'nodeOptions'>> {
    return {
      environment: { PROBE_FILE: this.#file },
      nodeOptions: ['--expose-gc', '--import', this.#of.script.href],
    };
  }

  /** Now. */
  async read(daemon: Daemon): Promise<T> {
    const before = this.#lines().length;
    daemon.kill(this.#of.signal);
    await waitUntil(
      () => this.#lines().length > before,
      30_000,
      () => 'the probe in the daemon to answer',
    );
    return JSON.parse(this.#lines().at(-1) ?? '') as T;
  }

  #lines(): string[] {
    if (!existsSync(this.#file)) return [];
    return readFileSync(this.#file, 'utf8').split('\n').slice(0, -1);
  }
}
