import type { Registry } from 'prom-client';
import { createMetricMakers } from './metric-makers.js';

/** What an instance of a fleet is asked whenever somebody reads its metrics. Each answers at once. */
export interface FleetSources {
  readonly isNatsConnected: () => boolean;
  /** Whether it has joined, and still is a member. */
  readonly isMember: () => boolean;
  /** Whether it speaks for the bridge. */
  readonly isSpeaker: () => boolean;
  /** The members that are known of, this one among them. */
  readonly instances: () => number;
  readonly accountsOwned: () => number;
}

/** `released`: ended in order. `lost`: at once, because it was not known any more whose it is. */
export const lossReasons = ['released', 'lost'] as const;
export type LossReason = (typeof lossReasons)[number];

/** The figures of one instance of a fleet, beside those of any bridge. */
export function addFleetMetrics(registry: Registry, sources: FleetSources) {
  const make = createMetricMakers(registry);
  make.pull('nats_connected', 'In a fleet: 1 while there is a connection to NATS', () =>
    Number(sources.isNatsConnected()),
  );
  make.pull('fleet_member', 'In a fleet: 1 while this instance is a member of it', () =>
    Number(sources.isMember()),
  );
  make.pull('fleet_speaker', 'In a fleet: 1 while this instance speaks for the bridge', () =>
    Number(sources.isSpeaker()),
  );
  make.pull('fleet_instances', 'In a fleet: the members that this instance knows of', () =>
    sources.instances(),
  );
  make.pull('fleet_accounts_owned', 'In a fleet: the accounts that this instance works for', () =>
    sources.accountsOwned(),
  );
  const takeovers = make.counter(
    'fleet_takeovers_total',
    'In a fleet: accounts that were started here, and how often it began to speak for the bridge',
  );
  const losses = make.counter(
    'fleet_losses_total',
    'In a fleet: accounts that were ended here, and how often it ceased to speak for the bridge',
    { why: lossReasons },
  );
  return {
    tookOver: (): void => {
      takeovers.inc();
    },
    gaveUp: (why: LossReason): void => {
      losses.inc({ why });
    },
  };
}
