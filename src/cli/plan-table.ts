import { formatDuration } from '../config/duration.js';
import { regionNote } from '../config/vendor.js';
import type { Drivetrain } from '../vehicle/state.js';
import type { Week, WeekDay, WeekOptions } from './plan-week.js';

/** What is planned for one account. */
export interface AccountPlan extends Omit<WeekOptions, 'begin'> {
  /** Of the configuration; undefined where there is none. */
  readonly name: string | undefined;
  readonly region: string;
  readonly brand: string;
  readonly drivetrain: Drivetrain;
  /** Nobody's requests are spent. */
  readonly isSimulated: boolean;
}

const minute_ms = 60_000;
/** A gap that is longer by so much than the one that is configured is worth a word. */
const noticeable = 1.1;

/** The table of an account and its warnings, line by line. */
export function planLines(plan: AccountPlan, week: Week): string[] {
  const rows = plan.polling.enabled ? [...pollRows(plan, week), ...budgetRows(plan, week)] : [];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const [first = 0, second = 0] = widths;
  return [
    titleOf(plan),
    ...rows.map(([what, figure, note]) =>
      `  ${what.padEnd(first)}  ${figure.padStart(second)}  ${note}`.trimEnd(),
    ),
    ...warningsOf(plan, week).map((warning) => `  ! ${warning}`),
  ];
}

function titleOf({ name, cars, drivetrain, region, brand, charging_h }: AccountPlan): string {
  const account = name === undefined ? '' : `${name}: `;
  const charging = charging_h === 0 ? '' : `, charging ${String(charging_h)} h a day from 20:00 on`;
  const each = cars === 1 ? '1 car' : `${String(cars)} cars`;
  return `${account}${each} (${drivetrain}), ${brand} in ${region}${charging}`;
}

type Row = readonly [what: string, figure: string, note: string];

function pollRows(plan: AccountPlan, week: Week): Row[] {
  const { every_ms, force_every_ms } = plan.polling;
  const { standing, charging } = gapsOf(week);
  const wakes = force_every_ms === null ? 'never' : formatDuration(force_every_ms);
  return [
    ['polls a day', perDay(week, 'polls'), mostOf(week, 'polls')],
    ['  of them wakes', perDay(week, 'wakes'), `force_every: ${wakes}`],
    ['  gap', inMinutes(standing), `every: ${formatDuration(every_ms)}`],
    ...(charging === undefined
      ? []
      : [
          [
            '  gap while charging',
            inMinutes(charging),
            `while_charging: ${formatDuration(plan.polling.while_charging_ms)}`,
          ] as const,
        ]),
  ];
}

function budgetRows({ budget, costs }: AccountPlan, week: Week): Row[] {
  const { limit, reserve_percent } = budget;
  const session = 'the session and the list of cars; it is taken to last';
  const rows: Row[] = [
    [
      'requests a day by polls',
      perDay(week, 'pollRequests'),
      `${String(costs.cached)} to read a car, ${String(costs.force)} to wake it`,
    ],
    [
      'requests a day otherwise',
      perDay(week, 'sessionRequests'),
      `${session} ${formatDuration(costs.session_h * 60 * minute_ms)}`,
    ],
  ];
  if (limit.daily === null) return [...rows, ['limit a day', '-', 'no figure is known']];
  const counted =
    limit.counts === 'requests'
      ? 'all requests; polls use half of it at most'
      : 'wakes and remote commands only';
  const reserve = (limit.daily * reserve_percent) / 100;
  return [
    ...rows,
    ['limit a day', String(limit.daily), counted],
    [
      '  reserve',
      round(reserve),
      `${String(reserve_percent)}%: below it only people make requests`,
    ],
    ['  left for people', String(limit.daily - most(week, 'used')), 'on the fullest day'],
  ];
}

function warningsOf(plan: AccountPlan, week: Week): string[] {
  const { polling, region, brand, isSimulated } = plan;
  if (!polling.enabled) return ['polling is off: nothing is read unless somebody asks'];
  const note = isSimulated ? undefined : regionNote(region, brand);
  return [
    ...(note === undefined ? [] : [note]),
    ...limitWarnings(plan),
    ...gapWarnings(plan, week),
    ...wakeWarnings(plan, week),
    ...(plan.budget.limit.daily !== null && isAtReserve(plan, week)
      ? ['the reserve is reached: polls stop until midnight (UTC)']
      : []),
  ];
}

function limitWarnings({ budget: { limit }, isSimulated, region }: AccountPlan): string[] {
  if (isSimulated) return ["simulated cars: nobody's requests are spent"];
  if (limit.daily === null) {
    return [
      `nobody has named the maker's limit in ${region}: polls are not held back until the maker refuses; set budget.daily if you know it`,
    ];
  }
  if (limit.counts === 'requests') return [];
  return [
    'reads of what the cloud knows count for nothing here: only wakes and remote commands do',
  ];
}

function gapWarnings(plan: AccountPlan, week: Week): string[] {
  if (week.polls.length === 0) return ['half of the limit is too little to read any car'];
  const { every_ms, while_charging_ms } = plan.polling;
  const { standing, charging } = gapsOf(week);
  const wantedCharging_ms = Math.min(every_ms, while_charging_ms);
  return [
    ...tooOften('polls', 'every', standing, every_ms),
    ...tooOften('polls while charging', 'while_charging', charging, wantedCharging_ms),
  ];
}

function tooOften(
  what: string,
  key: string,
  gap_ms: number | undefined,
  wanted_ms: number,
): string[] {
  if (gap_ms === undefined || gap_ms < wanted_ms * noticeable) return [];
  const wanted = formatDuration(wanted_ms);
  return [
    `${what} with ${key}: ${wanted} would use more than half of the limit: they read every ${inMinutes(gap_ms)} instead`,
  ];
}

function wakeWarnings({ cars, guards, polling }: AccountPlan, week: Week): string[] {
  const { force_every_ms } = polling;
  if (force_every_ms === null) return [];
  const { min_wake_gap_ms } = guards;
  const a_day = perDay(week, 'wakes', cars);
  return [
    `each car is woken ${a_day} times a day while its 12 V battery lets it: every wake draws on that battery`,
    ...(min_wake_gap_ms !== null && min_wake_gap_ms > force_every_ms
      ? ['guards.min_wake_gap is longer than polling.force_every: it decides']
      : []),
  ];
}

function isAtReserve({ budget }: AccountPlan, week: Week): boolean {
  const { limit, reserve_percent } = budget;
  const used = most(week, 'used');
  return limit.daily !== null && limit.daily - used <= (limit.daily * reserve_percent) / 100;
}

/** The usual gaps (the median), in milliseconds; undefined where there were none. */
function gapsOf({ polls }: Week) {
  const gaps = { standing: [] as number[], charging: [] as number[], mixed: [] as number[] };
  const before = new Map<string, (typeof polls)[number]>();
  for (const poll of polls) {
    const last = before.get(poll.car);
    before.set(poll.car, poll);
    if (last === undefined) continue;
    const alike = poll.charging ? 'charging' : 'standing';
    gaps[last.charging === poll.charging ? alike : 'mixed'].push(poll.at - last.at);
  }
  const charging = median(gaps.charging);
  // Where a car is read once a day or less, there may be none but across its charging.
  return { standing: median(gaps.standing) ?? charging ?? median(gaps.mixed), charging };
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
}

function inMinutes(gap_ms: number | undefined): string {
  return gap_ms === undefined ? '-' : `${String(Math.round(gap_ms / minute_ms))} min`;
}

function perDay({ days }: Week, what: keyof WeekDay, cars = 1): string {
  return round(days.reduce((sum, day) => sum + day[what], 0) / days.length / cars);
}

function mostOf(week: Week, what: keyof WeekDay): string {
  return `on the fullest day ${String(most(week, what))}`;
}

function most({ days }: Week, what: keyof WeekDay): number {
  return Math.max(...days.map((day) => day[what]));
}

function round(figure: number): string {
  return String(figure < 10 ? Math.round(figure * 10) / 10 : Math.round(figure));
}
