import { DaemonProbe } from '../test/support/daemon-probe.js';

export interface Probed {
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  /** Of the main thread, after a collection. */
  readonly heap_bytes: number;
}

export type Probe = DaemonProbe<Probed>;

/** What the daemon under measure tells of its own main loop and heap, since the last reading. */
export const Probe = {
  create: (): Promise<Probe> =>
    DaemonProbe.create<Probed>({
      script: new URL('loop-probe.mjs', import.meta.url),
      signal: 'SIGUSR2',
    }),
};
