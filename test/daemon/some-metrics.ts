import { metricWords } from '../../src/bridge-metrics.js';
import type { AccountFigures } from '../../src/daemon/account-metrics.js';
import { addFleetMetrics } from '../../src/daemon/fleet-metrics.js';
import { createMetrics, type MetricSources, type Metrics } from '../../src/daemon/metrics.js';

/** An account at rest, of which a test changes what it is about. */
export function quietAccount(name: string): AccountFigures {
  return {
    name,
    state: 'ready',
    session_expires_at: null,
    pool: { threads: 1, busy: 0, waiting: 0, processes: 1 },
    waiting: 0,
    oldestWaiting_ms: 0,
    breakers: { read: 'closed', wake: 'closed' },
    budget: {
      ...{ state: 'ok', used: 0, left: null, limit: null },
      ...{ resets_at: '2026-11-23T00:00:00.000Z', blocked_until: null },
    },
    read_at: [],
    held: [],
  };
}

/** The metrics of a bridge with these accounts; stop them. */
export function someMetrics(
  accounts: readonly string[] = ['home'],
  sources: Partial<MetricSources> = {},
): Metrics {
  return createMetrics({
    version: '1.2.3',
    words: metricWords(accounts),
    accounts: () => accounts.map(quietAccount),
    isHealthy: () => true,
    isClockTrusted: () => true,
    isConnected: () => true,
    undelivered: () => 0,
    ...sources,
  });
}

/** The same with those of a fleet: every metric that there is. */
export function allMetrics(): Metrics {
  const metrics = someMetrics();
  addFleetMetrics(metrics.registry, {
    isNatsConnected: () => true,
    isMember: () => true,
    isSpeaker: () => false,
    instances: () => 3,
    accountsOwned: () => 2,
  });
  return metrics;
}
