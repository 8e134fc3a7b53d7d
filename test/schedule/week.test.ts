import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { polling } from '../../src/config/reading.js';
import { vendorLimit } from '../../src/dispatch/vendor-limits.js';
import { requestCosts } from '../../src/schedule/request-costs.js';
import { expectInPage, tableOf } from '../docs/generated-part.js';
import { isOn, WeekAccount, type Served, type WeekHome } from './week-account.js';
import { momentOf } from './week-life.js';

const days = [0, 1, 2, 3, 4, 5, 6];
const minute_ms = 60_000;
const wakeGap_ms = 10 * minute_ms;
const home = (
  title: string,
  region: string,
  brand: string,
  drivetrain: WeekHome['drivetrain'] = 'ev',
): WeekHome => ({ title, region, brand, drivetrain });

const homes: readonly WeekHome[] = [
  home('Europe', 'europe', 'hyundai'),
  home('Europe', 'europe', 'hyundai', 'phev'),
  home('Europe', 'europe', 'hyundai', 'ice'),
  home('Europe, newer servers, Hyundai', 'europe-cci', 'hyundai'),
  home('Europe, newer servers, Kia', 'europe-cci', 'kia'),
  home('USA, Hyundai and Genesis', 'usa', 'hyundai'),
  home('USA, Kia', 'usa', 'kia'),
  home('Canada', 'canada', 'hyundai'),
  home('Australia', 'australia', 'hyundai'),
  home('New Zealand', 'new-zealand', 'kia'),
  home('India', 'india', 'hyundai'),
  home('China', 'china', 'hyundai'),
  home('Brazil', 'brazil', 'hyundai'),
];

const waking = polling.parse({ force_every: '6h', quiet_hours: '23:00-06:00' });
/** From a morning to an evening in the middle of the week. */
const weak = { from: momentOf(2, '09:00'), to: momentOf(2, '16:30') };

interface Lived {
  readonly home: WeekHome;
  readonly usual: WeekAccount;
  readonly woken: WeekAccount;
}

const lives: Lived[] = homes.map((one) => ({
  home: one,
  usual: new WeekAccount(one, polling.parse({})),
  woken: new WeekAccount(one, waking),
}));

beforeAll(async () => {
  // Quiet hours are those of the bridge's time zone.
  vi.stubEnv('TZ', 'UTC');
  for (const { usual, woken } of lives) {
    woken.weaken(weak.from, 58);
    woken.weaken(weak.to, 80);
    await usual.live();
    await woken.live();
  }
}, 120_000);

afterAll(() => {
  vi.unstubAllEnvs();
});

describe.each(lives.map((one) => [`${one.home.title}, ${one.home.drivetrain}`, one] as const))(
  'a week in %s',
  (_, { home: { region, brand, drivetrain }, usual, woken }) => {
    test('the bridge reads all day, and wakes nobody', () => {
      for (const day of days) expect(usual.served.filter(isOn(day)).length).toBeGreaterThan(15);
      expect(usual.served.filter(wokenByPoll)).toEqual([]);
    });

    test('polls use no more than half of the limit, and nothing comes near it', () => {
      const { daily, counts } = vendorLimit(region, brand, 'auto');
      expect(usual.days.map(({ state }) => state)).toEqual(days.map(() => 'ok'));
      for (const { used, polled } of usual.days) {
        if (daily === null) continue;
        if (counts === 'requests') expect(polled).toBeLessThanOrEqual(daily / 2);
        expect(used).toBeLessThan(daily * 0.8);
      }
    });

    test('the end of each charging is read soon', () => {
      expect(usual.used.chargedAt).toHaveLength(drivetrain === 'ice' ? 0 : 3);
      for (const at of usual.used.chargedAt) {
        const next = usual.served.find((one) => one.operation === 'cached' && one.at >= at);
        // No sooner than the gap of `while_charging` behind the read before.
        expect((next?.at ?? Infinity) - at).toBeLessThanOrEqual(11 * minute_ms);
      }
    });

    test('wakes by polls keep their gap and leave a weak battery alone', () => {
      const wakes = woken.served.filter(({ operation }) => operation !== 'cached');
      const byPolls = wakes.filter(wokenByPoll);
      expect(byPolls.length).toBeGreaterThan(3);
      for (const one of byPolls) {
        const before = wakes.filter(({ at }) => at < one.at).at(-1)?.at ?? -Infinity;
        expect(one.at - before).toBeGreaterThanOrEqual(wakeGap_ms);
        expect(one.aux).toBeGreaterThanOrEqual(65);
      }
    });

    test('in quiet hours nothing is read by itself', () => {
      const quiet = woken.served.filter(({ at, by }) => by === 'poll' && isQuiet(at));
      expect(quiet).toEqual([]);
      expect(woken.served.some(({ at }) => !isQuiet(at))).toBe(true);
    });
  },
);

test('docs/care.md says so', () => {
  expectInPage('docs/care.md', 'week', tableOf(head, lives.map(rowOf)));
});

const head = [
  'region',
  'car',
  'requests of a read',
  'reads a day by polls',
  'requests a day by polls, most',
  'limit a day',
  'wakes a day by people',
  'by polls',
  'by polls, with `force_every: 6h`',
];

function rowOf({ home: { title, region, brand, drivetrain }, usual, woken }: Lived): string[] {
  const { daily, counts } = vendorLimit(region, brand, 'auto');
  const reads = days.map(
    (day) => usual.served.filter((one) => one.by === 'poll' && isOn(day)(one)).length,
  );
  const polled = usual.days.map((day) => day.polled);
  const limit = daily === null ? 'none known' : `${daily} ${counts === 'remote' ? 'wakes' : ''}`;
  const byPeople = (one: Served): boolean => one.by === 'person' && one.operation !== 'cached';
  return [
    title,
    drivetrain,
    String(requestCosts(region, brand, drivetrain).cached),
    String(Math.round(sum(reads) / days.length)),
    `${Math.round(sum(polled) / days.length)}, ${Math.max(...polled)}`,
    limit.trim(),
    perDay(usual, byPeople),
    perDay(usual, wokenByPoll),
    perDay(woken, wokenByPoll),
  ];
}

function perDay({ served }: WeekAccount, which: (one: Served) => boolean): string {
  return (served.filter(which).length / days.length).toFixed(1);
}

function wokenByPoll({ by, operation }: Served): boolean {
  return by === 'poll' && operation === 'force';
}

function isQuiet(at: number): boolean {
  const hour = new Date(at).getHours();
  return hour >= 23 || hour < 6;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, one) => total + one, 0);
}
