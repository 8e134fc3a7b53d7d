import { retryDelay, type RetryPolicy } from '../daemon/retry.js';
import { quietUntil, type QuietHours } from './quiet-hours.js';

/** What the bridge reads by itself (configuration: `polling`). */
export interface PollSettings {
  readonly enabled: boolean;
  readonly every_ms: number;
  readonly while_charging_ms: number;
  /** Null: polls never wake a car. */
  readonly force_every_ms: number | null;
  readonly quiet_hours: QuietHours | null;
}

/** What is known of a car when its next poll is planned. */
export interface PolledCar {
  /** Since it was last read, by whomever; undefined where it never was. */
  readonly sinceRead_ms: number | undefined;
  /** Polls in a row that have failed since. */
  readonly failures: number;
  readonly charging: boolean;
  /** When the car expects to be charged, epoch milliseconds. */
  readonly chargeEnds_at: number | null;
  /** It was read behind an end that it had expected, and charges still. */
  readonly outlastsEnd: boolean;
}

/** Why a poll comes when it does. */
export type PollReason =
  'interval' | 'charging' | 'charge_end' | 'budget' | 'failed' | 'quiet_hours';

export interface PlannedPoll {
  readonly in_ms: number;
  readonly reason: PollReason;
}

export interface PlanningMoment {
  /** Epoch milliseconds. */
  readonly now: number;
  /** The least gap with which the budget lasts for the day. */
  readonly paced_ms: number;
  readonly retry: RetryPolicy;
  readonly random: () => number;
}

const minute_ms = 60_000;
/** A thousand bridges must not call in the same second. */
const jitter = 0.1;
/** Where all would otherwise begin at the same time: at the end of quiet hours, behind an outage. */
export const spread_ms = 10 * minute_ms;
/** A car that charges is worth more of the budget than one that stands. */
const shareWhileCharging = 0.5;
/** After failures the gap grows so far. */
export const longestAfterFailures_ms = 4 * 60 * minute_ms;

/** When a car is read next, seen from now. */
export function nextPoll(
  settings: PollSettings,
  car: PolledCar,
  moment: PlanningMoment,
): PlannedPoll {
  const planned = sooner(regular(settings, car, moment), atChargeEnd(settings, car, moment));
  const { now, random } = moment;
  const later_ms = outsideQuietHours(settings.quiet_hours, planned.in_ms, now, random);
  return later_ms === undefined ? planned : { in_ms: later_ms, reason: 'quiet_hours' };
}

/** In how long a poll wakes the car next, so long after its last wake; undefined where polls never do. */
export function nextWake(
  { force_every_ms, quiet_hours }: PollSettings,
  { sinceWake_ms, notWithin_ms }: { readonly sinceWake_ms: number; readonly notWithin_ms: number },
  { now, random }: Pick<PlanningMoment, 'now' | 'random'>,
): number | undefined {
  if (force_every_ms === null) return undefined;
  const left_ms = force_every_ms * withJitter(random) - sinceWake_ms;
  const in_ms = Math.max(0, notWithin_ms, left_ms);
  return outsideQuietHours(quiet_hours, in_ms, now, random) ?? in_ms;
}

/**
 * The gap at which what is left for polls lasts until the count begins anew, reading all cars each time; 0 where
 * nothing limits them.
 */
export function pacedGap_ms(
  pollsLeft: number | null,
  resetsIn_ms: number,
  requestsOfRound: number,
): number {
  if (pollsLeft === null) return 0;
  if (pollsLeft < requestsOfRound) return resetsIn_ms;
  return (resetsIn_ms * requestsOfRound) / pollsLeft;
}

function regular(
  { every_ms, while_charging_ms }: PollSettings,
  { sinceRead_ms, failures, charging }: PolledCar,
  { paced_ms, retry, random }: PlanningMoment,
): PlannedPoll {
  const wanted_ms = charging ? Math.min(every_ms, while_charging_ms) : every_ms;
  const affordable_ms = charging ? paced_ms * shareWhileCharging : paced_ms;
  const gap_ms = Math.max(wanted_ms, affordable_ms);
  const reason = affordable_ms > wanted_ms ? 'budget' : charging ? 'charging' : 'interval';
  if (failures > 0) {
    const max_ms = Math.max(gap_ms, longestAfterFailures_ms);
    const policy = { initial_ms: gap_ms, factor: retry.factor, max_ms, jitter };
    return { in_ms: retryDelay(policy, failures, random) ?? gap_ms, reason: 'failed' };
  }
  if (sinceRead_ms === undefined) return { in_ms: spread_ms * random(), reason };
  const left_ms = gap_ms * withJitter(random) - sinceRead_ms;
  return { in_ms: left_ms > 0 ? left_ms : spread_ms * random(), reason };
}

/** A minute or three behind the end, so that the car has told the cloud. */
function atChargeEnd(
  { while_charging_ms }: PollSettings,
  { charging, chargeEnds_at, outlastsEnd, sinceRead_ms = Infinity, failures }: PolledCar,
  { now, paced_ms, random }: PlanningMoment,
): PlannedPoll | undefined {
  if (!charging || failures > 0 || chargeEnds_at === null) return undefined;
  if (outlastsEnd && chargeEnds_at <= now) return undefined;
  // One that moves its end on and on is not read for each of them.
  const gap_ms = Math.max(while_charging_ms, outlastsEnd ? paced_ms * shareWhileCharging : 0);
  const behind_ms = chargeEnds_at - now + minute_ms * (1 + 2 * random());
  return { in_ms: Math.max(0, behind_ms, gap_ms - sinceRead_ms), reason: 'charge_end' };
}

/** What would fall into the quiet hours comes behind them; undefined where it does not. */
function outsideQuietHours(
  hours: QuietHours | null,
  in_ms: number,
  now: number,
  random: () => number,
): number | undefined {
  if (hours === null) return undefined;
  const end = quietUntil(hours, now + in_ms);
  if (end === undefined) return undefined;
  const draw = random();
  const spread = [spread_ms, minute_ms].map((most_ms) => end + most_ms * draw);
  // The next quiet hours may begin soon, but not within a minute.
  const at = spread.find((one) => quietUntil(hours, one) === undefined) ?? end;
  return at - now;
}

function sooner(one: PlannedPoll, other: PlannedPoll | undefined): PlannedPoll {
  return other !== undefined && other.in_ms < one.in_ms ? other : one;
}

function withJitter(random: () => number): number {
  return 1 + jitter * (2 * random() - 1);
}
