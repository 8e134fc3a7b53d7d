import type { Account } from './account.js';
import type { AccountFigures } from './daemon/account-metrics.js';
import { utc, type Clock } from './daemon/clock.js';
import { createMetrics, type Metrics, type MetricSources } from './daemon/metrics.js';
import { callClasses, type BreakerState } from './dispatch/breaker.js';
import type { BudgetState } from './dispatch/budget.js';
import type { SessionState } from './dispatch/session-keeper.js';
import type { WaitingCount } from './dispatch/waiting-count.js';
import { bridgeCommandNames } from './vehicle/bridge-command.js';
import { vehicleCommandNames } from './vehicle/command.js';
import { decisions, endings } from './vehicle/life-cycle.js';
import { failureCodes } from './vehicle/outcome.js';
import { operations } from './vehicle/task.js';

const accountStates: Readonly<Record<SessionState['is'], true>> = {
  ready: true,
  signing_in: true,
  unreachable: true,
  otp_required: true,
  refused: true,
};

const breakerStates: Readonly<Record<BreakerState['is'], true>> = {
  closed: true,
  open: true,
  half_open: true,
};

const budgetStates: Readonly<Record<BudgetState, true>> = {
  ok: true,
  reserve: true,
  blocked: true,
};

/** Why a poll that is due waits (docs/care.md). */
export const pollHolds = [
  'budget',
  'guard_budget',
  'rate_limited',
  'breaker_open',
  'not_ready',
  'otp_required',
  'auth_failed',
  'consent_required',
  'pin_rejected',
  'guard_aux_battery',
  'guard_gap',
] as const;

/** Every word that can stand in a label. */
export function metricWords(accounts: readonly string[]): MetricSources['words'] {
  return {
    accounts,
    commands: [...vehicleCommandNames, ...bridgeCommandNames],
    endings,
    codes: failureCodes,
    decisions,
    operations,
    classes: callClasses,
    accountStates: Object.keys(accountStates),
    breakerStates: Object.keys(breakerStates),
    budgetStates: Object.keys(budgetStates),
    holds: pollHolds,
  };
}

export interface BridgeMetricsOptions extends Pick<
  MetricSources,
  'version' | 'isHealthy' | 'isClockTrusted' | 'isConnected' | 'undelivered'
> {
  readonly clock: Clock;
  readonly names: readonly string[];
  readonly accounts: () => readonly Account[];
  readonly waiting: WaitingCount;
}

/** The bridge's metrics, in the bridge's words. */
export function createBridgeMetrics(options: BridgeMetricsOptions): Metrics {
  const { clock, names, accounts, waiting, ...sources } = options;
  return createMetrics({
    ...sources,
    words: metricWords(names),
    accounts: () => accounts().map((account) => figuresOf(account, waiting, clock)),
  });
}

function figuresOf(account: Account, waiting: WaitingCount, clock: Clock): AccountFigures {
  const { account: stands, breakers, budget, polls, oldest } = account.state();
  const ids = account.vehicles.cars.map(({ listed }) => listed.id);
  return {
    name: account.name,
    state: stands.state,
    session_expires_at: stands.session_expires_at,
    pool: account.figures(),
    waiting: ids.reduce((sum, id) => sum + waiting.of(id), 0),
    oldestWaiting_ms: oldest === undefined ? 0 : clock.monotonic() - oldest,
    breakers: Object.fromEntries(
      Object.entries(breakers).map(([name, breaker]) => [name, breaker.state]),
    ),
    budget,
    read_at: ids.map((id) => {
      const read_at = account.vehicles.polledAt(id);
      return read_at === undefined ? null : utc(read_at);
    }),
    held: Object.values(polls.vehicles).flatMap(({ held_by }) => held_by ?? []),
  };
}
