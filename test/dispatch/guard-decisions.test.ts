import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Usage } from '../../src/dispatch/budget.js';
import { createJobLife } from '../../src/dispatch/job-life.js';
import { RefreshAllLane } from '../../src/dispatch/refresh-all-lane.js';
import { refreshAllSchema } from '../../src/vehicle/bridge-command.js';
import type { LastReading } from '../../src/vehicle/state-document.js';
import type { VehicleReport } from '../../src/vehicle/state.js';
import { aCommand } from './a-book.js';
import { aReport, reading } from './a-remote-car.js';
import { anAccount, type AnAccount } from './an-account.js';
import { useFakeClock } from './fake-clock.js';
import {
  blocked_s,
  commands,
  expected,
  settings,
  week_s,
  type Circumstances,
  type Command,
  type Expected,
  type Seen,
} from './guard-oracle.js';
import { aFailure } from './outcomes.js';

// Before time stands still: a turn of the loop costs less than the timers' own.
const realTurn = setImmediate;
const clock = useFakeClock();
const second = 1000;
const hour = 3600;
const day = 24 * hour;

beforeEach(() => {
  // Nothing is spread: what is due is due now.
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const someReport = aReport(clock);

const rows: readonly Circumstances[] = product({
  level: [null, 49, 50, 64, 65],
  age_s: [60, day - 60, day + 60, null],
  sinceWake_s: [null, 590, 600],
  isQuiet: [false, true],
  budget: ['ok', 'reserve', 'blocked'],
  open: ['none', 'wake', 'read'],
});

test.each(commands)(
  '%s: every combination of what its wake hangs on',
  async (command) => {
    const wrong: unknown[] = [];
    const kinds = new Set<string>();
    for (const row of rows) {
      const seen = await happens(command, row);
      const wanted = expected(command, row);
      kinds.add([wanted.status, wanted.code, wanted.decision].join(' '));
      if (!fits(seen, wanted)) wrong.push({ row, seen, wanted });
    }
    expect({ count: wrong.length, first: wrong[0] }).toEqual({ count: 0, first: undefined });
    // A table whose rows all end alike would prove nothing.
    expect(kinds.size).toBeGreaterThan(1);
  },
  120_000,
);

function product<T extends object>(values: { readonly [K in keyof T]: readonly T[K][] }): T[] {
  const names = Object.keys(values) as (keyof T)[];
  return names.reduce<Partial<T>[]>(
    (found, name) =>
      found.flatMap((row) => values[name].map((value) => ({ ...row, [name]: value }))),
    [{}],
  ) as T[];
}

function fits({ reason, ...seen }: Seen, { reasons, ...wanted }: Expected): boolean {
  const names = ['status', 'code', 'decision', 'retry_after_s'] as const;
  return (
    seen.left.join() === wanted.left.join() &&
    names.every((name) => seen[name] === wanted[name]) &&
    (reasons === undefined || reasons.includes(reason ?? null))
  );
}

/** Brings these circumstances about, and looks what comes of the command. */
async function happens(command: Command, row: Circumstances): Promise<Seen> {
  const stops: (() => void)[] = [];
  const left: ('cached' | 'force')[] = [];
  const { report, account } = anAccountIn(row, command, stops, left);
  if (row.open !== 'none') {
    const { [row.open]: breaker } = account.breakers;
    for (let time = 0; time < 5; time += 1) {
      await breaker.run(() => Promise.resolve(aFailure('unavailable')));
    }
  }
  const seen = await does(command, account, report, stops);
  for (const stop of stops) stop();
  return { ...seen, left };
}

function anAccountIn(
  row: Circumstances,
  command: Command,
  stops: (() => void)[],
  left: ('cached' | 'force')[],
) {
  const now = clock.now();
  const at = row.age_s === null ? null : now - row.age_s * second;
  const report = structuredClone(someReport);
  report.aux_battery.level = row.level;
  report.ev.charging = false;
  report.reported_at = at === null ? null : new Date(at).toISOString();
  // Where a wake is to be due, a read is not.
  const polled_s = command === 'poll' ? 2 * hour : 0;
  const polled_at = new Date(now - polled_s * second).toISOString();
  const held: LastReading = { report, polled_at, source: 'cached' };
  const account = anAccount(clock, {
    cars: ['car'],
    readings: new Map([['car', held]]),
    guards: {
      aux_battery_min: settings.least,
      aux_battery_hard_min: settings.hardLeast,
      min_wake_gap_ms: settings.wakeGap_s * second,
      min_force_gap_ms:
        command === 'force with min_force_gap' ? settings.forceGap_s * second : null,
    },
    budget: { limit: { daily: 200, counts: 'requests' }, reserve_percent: 20 },
    kept: {
      usage: usageOf(row),
      wakes: new Map([
        [
          'car',
          {
            woken_at: row.sinceWake_s === null ? null : now - row.sinceWake_s * second,
            aux: row.level === null ? null : { level: row.level, at },
          },
        ],
      ]),
    },
    polling: {
      enabled: true,
      every_ms: hour * second,
      while_charging_ms: hour * second,
      force_every_ms: command === 'wake poll' ? 1 : null,
      quiet_hours: row.isQuiet ? aroundNow() : null,
    },
    onLeave: ({ operation }) => {
      if (operation === 'cached' || operation === 'force') left.push(operation);
    },
    atEnd: (stop) => stops.push(stop),
  });
  return { report, account };
}

function usageOf({ budget }: Circumstances): Usage {
  return {
    day: new Date(clock.now()).toISOString().slice(0, 10),
    used: budget === 'reserve' ? 160 : 0,
    polled: 0,
    blocked_until: budget === 'blocked' ? clock.now() + blocked_s * second : null,
    refusals: budget === 'blocked' ? 1 : 0,
  };
}

async function does(
  command: Command,
  account: AnAccount,
  report: VehicleReport,
  stops: (() => void)[],
): Promise<Omit<Seen, 'left'>> {
  if (command === 'poll' || command === 'wake poll') return polls(account, report);
  if (command === 'refresh_all force') return refreshesAll(account, report, stops);
  await account.send({ id: 'asked', ...payloads[command] });
  await answerAll(account, report);
  const last = account.said.findLast(({ id }) => id === 'asked');
  return {
    status: last?.status ?? 'nothing was said',
    code: last?.code,
    decision: last?.decision,
    retry_after_s: last?.retry_after_s,
  };
}

const payloads = {
  cached: { value: 'cached' },
  force: { value: 'force' },
  'force with min_force_gap': { value: 'force' },
  'force with override': { value: 'force', override: true },
  smart: { value: 'smart', max_age: 1 },
  'smart, a week': { value: 'smart', max_age: week_s },
} as const;

/** The car says what it said before. */
async function answerAll(account: AnAccount, report: VehicleReport): Promise<void> {
  await turns();
  for (let call = account.left[0]; call !== undefined; call = account.left[0]) {
    void call.end(reading(clock, report));
    await turns();
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise<void>((resolve) => {
      realTurn(resolve);
    });
  }
}

async function polls(account: AnAccount, report: VehicleReport): Promise<Omit<Seen, 'left'>> {
  account.schedule.start();
  await vi.advanceTimersByTimeAsync(2);
  const reason = account.schedule.document('car').held_by;
  const hasLeft = account.left.length > 0;
  account.schedule.stop();
  await answerAll(account, report);
  return { status: hasLeft ? 'left' : 'kept back', reason };
}

async function refreshesAll(
  account: AnAccount,
  report: VehicleReport,
  stops: (() => void)[],
): Promise<Omit<Seen, 'left'>> {
  const { book, said } = account;
  const lane = new RefreshAllLane(
    {
      clock,
      retry: { initial_ms: 1000, factor: 2, max_ms: 8000, jitter: 0 },
      life: createJobLife(book),
      accounts: () => [account.refreshable],
      changed: () => undefined,
    },
    () => true,
  );
  stops.push(() => void lane.stop());
  const command = refreshAllSchema.parse({ name: 'refresh_all', mode: 'force' });
  const open = await book.accept(
    aCommand(clock, { id: 'all', vendorId: null, vehicle: null, command: command.name }),
  );
  if (open === undefined) throw new Error('the job was not accepted');
  lane.start(open, command);
  await answerAll(account, report);
  const { phase, reason } = lane.documents[0] ?? {};
  const last = said.at(-1);
  return phase === 'paused'
    ? { status: 'paused', reason }
    : { status: last?.status ?? '', code: last?.code };
}

/** Quiet hours by the bridge's own clock, whatever its time zone. */
function aroundNow() {
  const now = new Date(clock.now());
  const minutes = now.getHours() * 60 + now.getMinutes();
  const at = (shift: number): string => {
    const minute = (minutes + shift + 1440) % 1440;
    return [Math.floor(minute / 60), minute % 60]
      .map((one) => String(one).padStart(2, '0'))
      .join(':');
  };
  return { from: at(-60), to: at(60) };
}
