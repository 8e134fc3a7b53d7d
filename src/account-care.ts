import type { AccountDependencies, AccountOptions } from './account-options.js';
import type { AccountStore } from './store/account-store.js';
import type { createAccountLog } from './dispatch/account-log.js';
import { Budget, type BudgetState } from './dispatch/budget.js';
import type { Breaker } from './dispatch/breaker.js';
import type { Hold } from './dispatch/job-gate.js';
import type { createQuietRefresh } from './dispatch/quiet-refresh.js';
import type { RefreshGuard } from './dispatch/refresh.js';
import type { Vehicles } from './dispatch/vehicles.js';
import {
  holdsAutomatic,
  refusesForce,
  type HeldWake,
  type WakeCircumstances,
} from './dispatch/wake-guard.js';
import { Wakes } from './dispatch/wakes.js';
import { Schedule } from './schedule/schedule.js';

/** What the store holds of an account's care. */
export async function keptCare(stored: AccountStore) {
  const [usage, wakes] = await Promise.all([stored.usage(), stored.wakes()]);
  return { usage, wakes };
}

export interface AccountCareParts {
  readonly kept: Awaited<ReturnType<typeof keptCare>>;
  readonly stored: AccountStore;
  readonly wakeBreaker: () => Breaker;
  readonly onBudget: (state: BudgetState) => void;
  readonly onStoreTrouble: (err: unknown) => void;
}

/** What keeps an account's cars and its vendor from being asked too often: the budget, the wakes and their guards. */
export function createAccountCare(
  options: Pick<AccountOptions, 'budget' | 'guards'>,
  { clock, random }: Pick<AccountDependencies, 'clock' | 'random'>,
  { kept, stored, wakeBreaker, onBudget, onStoreTrouble }: AccountCareParts,
) {
  const budget = new Budget({
    clock,
    ...(random !== undefined && { random }),
    ...options.budget,
    kept: kept.usage,
    keepLater: stored.putUsageLater,
    keep: (usage) => {
      stored.putUsage(usage).catch((err: unknown) => {
        onStoreTrouble(err);
        stored.putUsageLater(usage);
      });
    },
    onChange: onBudget,
  });
  const wakes = new Wakes({ clock, kept: kept.wakes, keepLater: stored.putWakeLater });

  function circumstances(vehicle: string): WakeCircumstances {
    const breaker = wakeBreaker();
    return {
      now: clock.now(),
      aux: wakes.aux(vehicle),
      sinceWake_ms: wakes.sinceWake_ms(vehicle),
      budget: budget.reserveRefusal,
      breaker: breaker.state.is === 'open' ? breaker.refusal : undefined,
    };
  }

  const guard: RefreshGuard = {
    holdsAutomatic: (vehicle) => holdsAutomatic(options.guards, circumstances(vehicle)),
    refusesForce: (vehicle) => refusesForce(options.guards, circumstances(vehicle)),
  };

  return {
    budget,
    wakes,
    guard,
    /** Why neither polls nor jobs may call now. */
    hold(): Hold | undefined {
      const refusal = budget.readRefusal;
      if (refusal === undefined) return undefined;
      const { code, message, retry_after_s = 0 } = refusal;
      return { reason: budget.isBlocked ? code : 'guard_budget', message, retry_after_s };
    },
  };
}

export type AccountCare = ReturnType<typeof createAccountCare>;

export interface SchedulePartsOfAccount {
  readonly care: AccountCare;
  readonly quiet: Pick<ReturnType<typeof createQuietRefresh>, 'poll'>;
  readonly vehicles: Vehicles;
  readonly told: Pick<ReturnType<typeof createAccountLog>, 'polled' | 'pollFailed'>;
  /** Why no call leaves for the account now. */
  readonly hold: () => Hold | undefined;
}

/** What an account reads by itself. */
export function createAccountSchedule(
  options: Pick<AccountOptions, 'usualRequests'>,
  {
    clock,
    clockTrusted,
    output,
    polling,
    random,
    retry,
  }: Pick<
    AccountDependencies,
    'clock' | 'clockTrusted' | 'output' | 'polling' | 'random' | 'retry'
  >,
  { care, quiet, vehicles, told, hold }: SchedulePartsOfAccount,
): Schedule {
  /** Since the car was woken, or has told something by itself: then nobody has to wake it. */
  function sinceNews_ms(vehicle: string): number | undefined {
    const reported = vehicles.reportedAt(vehicle);
    const ages_ms = [
      care.wakes.sinceWake_ms(vehicle) ?? [],
      reported === undefined ? [] : Math.max(0, clock.now() - reported),
    ].flat();
    return ages_ms.length === 0 ? undefined : Math.min(...ages_ms);
  }

  return new Schedule({
    clock,
    ...(random !== undefined && { random }),
    retry,
    settings: polling,
    cars: () => vehicles.cars.map(({ listed }) => listed.id),
    report: (vehicle) => vehicles.report(vehicle),
    lastRead: (vehicle) => vehicles.polledAt(vehicle),
    sinceWake_ms: sinceNews_ms,
    budget: care.budget,
    usualRequests: options.usualRequests,
    hold,
    wakeHold: (vehicle) =>
      clockTrusted() ? reasonOf(care.guard.holdsAutomatic(vehicle)) : { reason: 'not_ready' },
    poll: async (vehicle, operation) => {
      const outcome = await quiet.poll(vehicle, operation);
      told.polled(operation, outcome);
      return outcome;
    },
    onFailure: (vehicle, failure) => {
      told.pollFailed(vehicles.byVendorId(vehicle)?.topic_id, failure);
    },
    changed: () => {
      output.changed();
    },
  });
}

function reasonOf(held: HeldWake | undefined) {
  return held && { reason: held.decision, retry_after_s: held.failure.retry_after_s };
}
