import { describe, expect, test } from 'vitest';
import { planWeek } from '../../src/cli/plan-week.js';
import { budget, guards, polling } from '../../src/config/reading.js';
import { vendorLimit } from '../../src/dispatch/vendor-limits.js';
import { requestCosts } from '../../src/schedule/request-costs.js';

const { reserve_percent } = budget.parse({});
const limit = vendorLimit('europe', 'hyundai', 'auto');
const daily = limit.daily ?? expect.unreachable('no limit is known');

/** All but this as it is without a word in the configuration. */
const usual = {
  costs: requestCosts('europe', 'hyundai', 'ev'),
  polling: polling.parse({}),
  budget: { limit, reserve_percent },
  guards: guards.parse({}),
  charging_h: 6,
  begin: Date.UTC(2026, 10, 23),
};

describe.each([1, 2, 3])('%i electric car(s) that charge for six hours a day', (cars) => {
  test('use no more than half of the budget on any day, and most of that', async () => {
    const week = await planWeek({ ...usual, cars });
    expect(week.days).toHaveLength(7);
    for (const { pollRequests, sessionRequests, used } of week.days) {
      expect(pollRequests).toBeLessThanOrEqual(daily / 2);
      expect(pollRequests).toBeGreaterThan(daily * 0.4);
      expect(used).toBe(pollRequests + sessionRequests);
      expect(used).toBeLessThan(daily * (1 - reserve_percent / 100));
    }
  });

  test('are never woken, each read many times a day, and more often while it charges', async () => {
    const { polls } = await planWeek({ ...usual, cars });
    expect(polls.every(({ operation }) => operation === 'cached')).toBe(true);
    for (const car of new Set(polls.map((poll) => poll.car))) {
      const its = polls.filter((poll) => poll.car === car);
      expect(its.length / 7).toBeGreaterThan(6);
      const whileCharging = its.filter(({ charging }) => charging).length;
      // Six hours of the day have more than a quarter of the reads.
      expect(whileCharging / its.length).toBeGreaterThan(0.3);
    }
    expect(new Set(polls.map(({ car }) => car)).size).toBe(cars);
  });

  test('whatever they are told to do: the tightest settings change nothing of it', async () => {
    const tight = polling.parse({ every: '5m', while_charging: '5m', force_every: '30m' });
    const { days } = await planWeek({ ...usual, cars, polling: tight });
    for (const { pollRequests } of days) expect(pollRequests).toBeLessThanOrEqual(daily / 2);
  });
});

test('the end of each charging is read within minutes', async () => {
  const { polls } = await planWeek({ ...usual, cars: 1 });
  const ends = polls.filter(({ charging }, index) => !charging && polls[index - 1]?.charging);
  expect(ends.length).toBeGreaterThanOrEqual(6);
  for (const { at } of ends) {
    const end = new Date(at).setHours(2, 0, 0, 0);
    expect(at - end).toBeGreaterThanOrEqual(0);
    expect(at - end).toBeLessThan(4 * 60_000);
  }
});
