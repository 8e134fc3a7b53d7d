import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  nextPoll,
  nextWake,
  pacedGap_ms,
  type PlanningMoment,
  type PolledCar,
  type PollSettings,
} from '../../src/schedule/next-poll.js';
import { quietUntil } from '../../src/schedule/quiet-hours.js';
import { day_ms, hour_ms, middle, minute_ms, usualSettings } from './a-schedule.js';

/** Jitter takes a gap no lower. */
const least = 0.9;
const spread_ms = 10 * minute_ms;
const retry = { initial_ms: 1000, factor: 2, max_ms: 60_000, jitter: 0.2 };
const noon = Date.UTC(2026, 10, 22, 12, 0, 0);

const minutes = (min: number, max: number) =>
  fc.integer({ min, max }).map((count) => count * minute_ms);
const clockTime = fc
  .integer({ min: 0, max: 1439 })
  .map((minute) => new Date(minute * minute_ms).toISOString().slice(11, 16));
const someSettings: fc.Arbitrary<PollSettings> = fc.record({
  enabled: fc.constant(true),
  every_ms: minutes(5, 1440),
  while_charging_ms: minutes(5, 1440),
  force_every_ms: fc.option(minutes(30, 43_200)),
  quiet_hours: fc.option(fc.record({ from: clockTime, to: clockTime })),
});
const someCar: fc.Arbitrary<PolledCar> = fc.record({
  sinceRead_ms: fc.option(fc.integer({ min: 0, max: 2 * day_ms }), { nil: undefined }),
  failures: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40 })),
  charging: fc.boolean(),
  chargeEnds_at: fc.option(fc.integer({ min: noon - day_ms, max: noon + 2 * day_ms })),
  outlastsEnd: fc.boolean(),
});
const someMoment: fc.Arbitrary<PlanningMoment> = fc.record({
  now: fc.integer({ min: noon - 400 * day_ms, max: noon + 400 * day_ms }),
  paced_ms: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: day_ms })),
  retry: fc.constant(retry),
  random: fc.double({ min: 0, max: 0.999_999, noNaN: true }).map((draw) => () => draw),
});

const standing: PolledCar = {
  sinceRead_ms: 0,
  failures: 0,
  charging: false,
  chargeEnds_at: null,
  outlastsEnd: false,
};
const now: PlanningMoment = { now: noon, paced_ms: 0, retry, random: middle };

test('a read never falls into the quiet hours', () => {
  fc.assert(
    fc.property(someSettings, someCar, someMoment, (settings, car, moment) => {
      const { in_ms } = nextPoll(settings, car, moment);
      expect(in_ms).toBeGreaterThanOrEqual(0);
      const hours = settings.quiet_hours;
      expect(hours && quietUntil(hours, moment.now + in_ms)).toSatisfy((end) => end == null);
    }),
    { numRuns: 2000 },
  );
});

test('a wake never falls into the quiet hours, nor comes sooner than its gap', () => {
  const wakes = fc.record({
    sinceWake_ms: fc.integer({ min: 0, max: 40 * day_ms }),
    notWithin_ms: fc.integer({ min: -day_ms, max: day_ms }),
  });
  fc.assert(
    fc.property(someSettings, wakes, someMoment, (settings, wake, moment) => {
      const in_ms = nextWake(settings, wake, moment);
      const { force_every_ms, quiet_hours } = settings;
      if (force_every_ms === null || in_ms === undefined) {
        expect([in_ms, force_every_ms]).toEqual([undefined, null]);
        return;
      }
      expect(in_ms).toBeGreaterThanOrEqual(Math.max(0, wake.notWithin_ms));
      expect(wake.sinceWake_ms + in_ms).toBeGreaterThanOrEqual(least * force_every_ms);
      expect(quiet_hours && quietUntil(quiet_hours, moment.now + in_ms)).toSatisfy(
        (end) => end == null,
      );
    }),
    { numRuns: 2000 },
  );
});

test('a read never comes sooner behind the last one than its gap, or than the budget allows', () => {
  fc.assert(
    fc.property(someSettings, someCar, someMoment, (settings, some, moment) => {
      const { sinceRead_ms = 0 } = some;
      const car = { ...some, sinceRead_ms, failures: 0 };
      const { in_ms, reason } = nextPoll(settings, car, moment);
      const { every_ms, while_charging_ms } = settings;
      const wanted_ms = car.charging ? Math.min(every_ms, while_charging_ms) : every_ms;
      const paced_ms = car.charging ? moment.paced_ms / 2 : moment.paced_ms;
      const isAtEnd = reason === 'charge_end' || (reason === 'quiet_hours' && car.charging);
      const gap_ms = isAtEnd
        ? Math.min(every_ms, while_charging_ms)
        : Math.max(wanted_ms, paced_ms);
      expect(sinceRead_ms + in_ms).toBeGreaterThanOrEqual(least * gap_ms - 1);
    }),
    { numRuns: 2000 },
  );
});

test('what polls may still use lasts until the count begins anew', () => {
  const share = fc.integer({ min: 0, max: 1000 });
  const round = fc.integer({ min: 1, max: 200 });
  fc.assert(
    fc.property(
      share,
      fc.integer({ min: 1, max: day_ms }),
      round,
      (left, resetsIn_ms, requests) => {
        const gap_ms = pacedGap_ms(left, resetsIn_ms, requests);
        const rounds = Math.floor((resetsIn_ms - 1) / gap_ms);
        expect(rounds * requests).toBeLessThanOrEqual(left);
      },
    ),
  );
  expect(pacedGap_ms(null, day_ms, 4)).toBe(0);
  expect(pacedGap_ms(100, day_ms, 4)).toBe(57.6 * minute_ms);
  expect(pacedGap_ms(3, hour_ms, 4)).toBe(hour_ms);
});

test.each<[string, Partial<PolledCar>, Partial<PlanningMoment>, object]>([
  ['a car that stands', {}, {}, { in_ms: 30 * minute_ms, reason: 'interval' }],
  ['one that charges', { charging: true }, {}, { in_ms: 10 * minute_ms, reason: 'charging' }],
  [
    'a budget that does not last for the gap',
    {},
    { paced_ms: 58 * minute_ms },
    { in_ms: 58 * minute_ms, reason: 'budget' },
  ],
  [
    'and of it more for one that charges',
    { charging: true },
    { paced_ms: 58 * minute_ms },
    { in_ms: 29 * minute_ms, reason: 'budget' },
  ],
  [
    'one that was read a while ago',
    { sinceRead_ms: 20 * minute_ms },
    {},
    { in_ms: 10 * minute_ms, reason: 'interval' },
  ],
  [
    'one that was to be read long ago: soon, but not all at once',
    { sinceRead_ms: 9 * hour_ms },
    {},
    { in_ms: spread_ms / 2, reason: 'interval' },
  ],
  [
    'one that never was',
    { sinceRead_ms: undefined },
    {},
    { in_ms: spread_ms / 2, reason: 'interval' },
  ],
  ['one that failed', { failures: 1 }, {}, { in_ms: 30 * minute_ms, reason: 'failed' }],
  ['and again', { failures: 3 }, {}, { in_ms: 2 * hour_ms, reason: 'failed' }],
  ['and always', { failures: 50 }, {}, { in_ms: 4 * hour_ms, reason: 'failed' }],
])('%s', (_, car, moment, expected) => {
  expect(nextPoll(usualSettings, { ...standing, ...car }, { ...now, ...moment })).toEqual(expected);
});

test('jitter moves a read by a tenth, to both sides', () => {
  const gaps = [0, 0.5, 0.999].map(
    (draw) => nextPoll(usualSettings, standing, { ...now, random: () => draw }).in_ms / minute_ms,
  );
  expect(gaps.map(Math.round)).toEqual([27, 30, 33]);
});

test('the end of charging is read a minute or three behind it', () => {
  const car = { ...standing, charging: true, chargeEnds_at: noon + 15 * minute_ms };
  const moment = { ...now, paced_ms: hour_ms };
  const draws = [0, 0.5, 0.999].map(
    (draw) => nextPoll(usualSettings, car, { ...moment, random: () => draw }).in_ms / minute_ms,
  );
  expect(draws.map(Math.round)).toEqual([16, 17, 18]);
  expect(nextPoll(usualSettings, car, moment).reason).toBe('charge_end');
});

test('an end that is too near for another read is read when the gap is over', () => {
  const car = { ...standing, charging: true, chargeEnds_at: noon + 2 * minute_ms };
  expect(nextPoll(usualSettings, car, { ...now, paced_ms: hour_ms })).toEqual({
    in_ms: 10 * minute_ms,
    reason: 'charge_end',
  });
});

test('an end that is moved on and on is read no more often than the budget allows', () => {
  const car = { ...standing, charging: true, chargeEnds_at: noon + 10 * minute_ms };
  const moment = { ...now, paced_ms: hour_ms };
  const { in_ms } = nextPoll(usualSettings, { ...car, outlastsEnd: true }, moment);
  expect(in_ms).toBe(30 * minute_ms);
  const passed = { ...car, outlastsEnd: true, chargeEnds_at: noon - minute_ms };
  expect(nextPoll(usualSettings, passed, moment)).toEqual({
    in_ms: 30 * minute_ms,
    reason: 'budget',
  });
});

test('where nearly all of the day is quiet, reads come in the minutes that are not', () => {
  const settings = { ...usualSettings, quiet_hours: { from: '07:02', to: '07:00' } };
  for (const draw of [0, 0.5, 0.999]) {
    const { in_ms, reason } = nextPoll(settings, standing, { ...now, random: () => draw });
    expect(reason).toBe('quiet_hours');
    expect(quietUntil(settings.quiet_hours, noon + in_ms)).toBeUndefined();
  }
});
