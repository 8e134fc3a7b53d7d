import { expect, test } from 'vitest';
import { configSchema } from '../../src/config/schema.js';
import type { BudgetState } from '../../src/dispatch/budget.js';
import { vendorLimit } from '../../src/dispatch/vendor-limits.js';
import type { GuardDecision } from '../../src/dispatch/wake-guard.js';
import type { PollReason } from '../../src/schedule/next-poll.js';
import { requestCosts } from '../../src/schedule/request-costs.js';
import { codeWords, page } from './pages.js';

const care = page('docs/care.md');

test('the reasons of polls, the states of the budget and the guards are those of the code', () => {
  const reasons: Record<PollReason, true> = {
    interval: true,
    charging: true,
    charge_end: true,
    budget: true,
    failed: true,
    quiet_hours: true,
  };
  const states: Record<BudgetState, true> = { ok: true, reserve: true, blocked: true };
  const guards: Record<GuardDecision, true> = {
    guard_aux_battery: true,
    guard_gap: true,
    guard_budget: true,
    breaker_open: true,
  };
  expect(care.firstColumn('`reason`')).toEqual(Object.keys(reasons));
  expect(care.firstColumn('`state`')).toEqual(Object.keys(states));
  const decided = care.table('guard').map((row) => codeWords(row.at(-1) ?? '')[0]);
  expect(decided).toEqual(Object.keys(guards));
});

test('the daily limits are those of the code', () => {
  const daily = care.table('account').map(([, auto]) => auto);
  const known = [
    ['europe', 'kia'],
    ['usa', 'genesis'],
    ['canada', 'kia'],
  ] as const;
  const expected = known.map(([region, brand]) => {
    const limit = vendorLimit(region, brand, 'auto').daily;
    return limit === null ? 'no limit' : `${String(limit)} a day`;
  });
  expect(daily.slice(0, 3)).toEqual(expected);
});

test('the requests of an electric car in Europe are those that the bridge reckons with', () => {
  const requests = care.table('what').map(([, , cell = '']) => Number.parseInt(cell, 10));
  const { cached, force, sign_in } = requestCosts('europe', 'hyundai', 'ev');
  expect(requests.slice(0, 2)).toEqual([cached, force]);
  expect(requests).toContain(sign_in);
});

test('the defaults that are named are those of the schema', () => {
  const mqtt = { url: 'mqtt://localhost' };
  const accounts = [{ name: 'a', backend: 'simulator' }];
  const { budget, guards, polling } = configSchema.parse({ mqtt, accounts });
  const rows = [...care.table('rule'), ...care.table('guard')];
  const said = rows.map((row) => row.join(' '));
  for (const [setting, value] of [
    ['polling.every', `\`${String(polling.every_ms / 60_000)}m\``],
    ['polling.while_charging', `\`${String(polling.while_charging_ms / 60_000)}m\``],
    ['polling.quiet_hours', polling.quiet_hours === null ? '`off`' : ''],
    ['guards.aux_battery_min', String(guards.aux_battery_min)],
    ['guards.min_wake_gap', `\`${String((guards.min_wake_gap_ms ?? 0) / 60_000)}m\``],
    ['budget.reserve', `${String(budget.reserve_percent)} %`],
  ] as const) {
    expect(said).toContainEqual(expect.stringContaining(`\`${setting}\`, ${value}`));
  }
});
