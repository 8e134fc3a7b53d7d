import type { Decision } from '../vehicle/life-cycle.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import type { AuxLevel } from './wakes.js';

/** Null: that guard is off. */
export interface WakeGuards {
  /** Charge of the 12 V battery (%) that the bridge needs to wake the car by itself. */
  readonly aux_battery_min: number | null;
  /** Below it a person has to insist. */
  readonly aux_battery_hard_min: number | null;
  readonly min_wake_gap_ms: number | null;
  readonly min_force_gap_ms: number | null;
}

/** What decides whether a car may be woken now. */
export interface WakeCircumstances {
  /** Epoch milliseconds. */
  readonly now: number;
  /** What the car last said of its 12 V battery; undefined where it never did. */
  readonly aux: AuxLevel | undefined;
  /** Since the last wake; undefined where there was none. */
  readonly sinceWake_ms: number | undefined;
  /** Why the bridge may send nothing by itself: its reserve, or the vendor's limit. */
  readonly budget: Failure | undefined;
  /** Why no wake leaves at all. */
  readonly breaker: Failure | undefined;
}

export type GuardDecision = Extract<
  Decision,
  'guard_aux_battery' | 'guard_gap' | 'guard_budget' | 'breaker_open'
>;

/** A wake that is not made: why, as a decision and as a failure that names it. */
export interface HeldWake {
  readonly decision: GuardDecision;
  readonly failure: Failure;
}

const day_ms = 86_400_000;

/** Why the bridge does not wake a car by itself now: for `smart`, a poll, a refresh of all cars. */
export function holdsAutomatic(
  { aux_battery_min, min_wake_gap_ms }: WakeGuards,
  circumstances: WakeCircumstances,
): HeldWake | undefined {
  const { budget, breaker } = circumstances;
  return (
    held('guard_aux_battery', weakBattery(aux_battery_min, circumstances)) ??
    held('guard_gap', tooSoon(min_wake_gap_ms, 'guards.min_wake_gap', circumstances)) ??
    held('guard_budget', budget) ??
    held('breaker_open', breaker)
  );
}

/** Why a person's `force` is refused. `override` passes. */
export function refusesForce(
  { aux_battery_hard_min, min_force_gap_ms }: WakeGuards,
  circumstances: WakeCircumstances,
): Failure | undefined {
  const { aux } = circumstances;
  if (aux !== undefined && aux_battery_hard_min !== null && aux.level < aux_battery_hard_min) {
    const limit = `guards.aux_battery_hard_min is ${percent(aux_battery_hard_min)}`;
    return weak(
      `the 12 V battery was at ${percent(aux.level)}, ${limit}; "override": true wakes the car all the same`,
    );
  }
  return tooSoon(min_force_gap_ms, 'guards.min_force_gap', circumstances);
}

function held(decision: GuardDecision, reason: Failure | undefined): HeldWake | undefined {
  return reason && { decision, failure: reason };
}

/** A car that has never told its charge is guarded by the gap alone; one that has not for long is not woken. */
function weakBattery(least: number | null, { aux, now }: WakeCircumstances): Failure | undefined {
  if (least === null || aux === undefined) return undefined;
  const limit = `guards.aux_battery_min is ${percent(least)}`;
  if (aux.level < least) {
    return weak(`the 12 V battery was at ${percent(aux.level)}, ${limit}`);
  }
  // What the car says of tomorrow says nothing of today.
  if (aux.at !== null && Math.abs(now - aux.at) <= day_ms) return undefined;
  const message = `the car has not told the charge of its 12 V battery for a day, ${limit}`;
  return weak(message);
}

function tooSoon(
  gap_ms: number | null,
  setting: string,
  { sinceWake_ms }: WakeCircumstances,
): Failure | undefined {
  if (gap_ms === null || sinceWake_ms === undefined || sinceWake_ms >= gap_ms) return undefined;
  return failure('rate_limited', `the car was woken a short time ago (${setting})`, {
    sent: false,
    retry_after_s: Math.ceil((gap_ms - sinceWake_ms) / 1000),
  });
}

function weak(message: string): Failure {
  return failure('battery_guard', message, { sent: false });
}

function percent(level: number): string {
  return `${String(level)} %`;
}
