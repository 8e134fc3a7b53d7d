import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Daemon, DaemonOptions } from '../test/support/daemon.js';
import { tempDir } from '../test/support/temp-dir.js';
import { waitUntil } from '../test/support/wait.js';

export interface Probed {
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  /** Of the main thread, after a collection. */
  readonly heap_bytes: number;
}

/** What the daemon under measure tells of its own main loop and heap. */
export class Probe {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  static async create(): Promise<Probe> {
    return new Probe(join(await tempDir(), 'probe.jsonl'));
  }

  /** What the daemon has to be started with. */
  get options(): Pick<DaemonOptions, 'environment' | 'nodeOptions'> {
    const script = new URL('loop-probe.mjs', import.meta.url).href;
    return {
      environment: { BENCH_PROBE_FILE: this.#file },
      nodeOptions: ['--expose-gc', '--import', script],
    };
  }

  /** Since the last reading, which it ends. */
  async read(daemon: Daemon): Promise<Probed> {
    const before = this.#lines().length;
    daemon.kill('SIGUSR2');
    await waitUntil(
      () => this.#lines().length > before,
      10_000,
      () => 'the probe in the daemon to answer',
    );
    return JSON.parse(this.#lines().at(-1) ?? '') as Probed;
  }

  #lines(): string[] {
    if (!existsSync(this.#file)) return [];
    return readFileSync(this.#file, 'utf8').split('\n').slice(0, -1);
  }
}
