import type { Account } from './account.js';
import type { PoolFigures } from './daemon/metrics.js';
import type { Connection } from './mqtt/connection.js';

export interface LastError {
  readonly code: string;
  readonly message: string;
  readonly at: string;
}

/** The bridge's own state as its parts tell it (contract, section 6). */
export function bridgeState(parts: {
  readonly version: string;
  readonly started_at: string;
  readonly connection: Connection;
  readonly accounts: readonly Account[];
  readonly depth: number;
  readonly pool: PoolFigures;
  readonly eventLoop: { readonly p99_ms: number; readonly max_ms: number };
  /** Monotonic. */
  readonly now: number;
  readonly logLevel: string;
  readonly lastError: LastError | null;
}) {
  const { accounts, connection, now } = parts;
  const states = accounts.map((account) => [account.name, account.state()] as const);
  const of = <T>(pick: (state: ReturnType<Account['state']>) => T): Record<string, T> =>
    Object.fromEntries(states.map(([name, state]) => [name, pick(state)]));
  const oldest = states.flatMap(([, state]) => state.oldest ?? []);
  const { state } = connection;
  return {
    schema: 1,
    version: parts.version,
    started_at: parts.started_at,
    mqtt: {
      version: state.is === 'connected' ? state.version : null,
      reconnects: connection.reconnects,
    },
    accounts: of((one) => one.account),
    breakers: of((one) => one.breakers),
    jobs: [],
    polling: { enabled: false, interval_min: null, next_poll_at: null },
    log_level: parts.logLevel,
    queue: {
      depth: parts.depth,
      running: states.reduce((sum, [, one]) => sum + one.running, 0),
      oldest_ms: oldest.length === 0 ? null : Math.round(now - Math.min(...oldest)),
    },
    pool: parts.pool,
    budget: of((one) => one.budget),
    event_loop: parts.eventLoop,
    last_error: parts.lastError,
  };
}
