import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Clock } from '../../src/daemon/clock.js';
import {
  Budget,
  type BudgetOptions,
  type BudgetState,
  type Usage,
} from '../../src/dispatch/budget.js';
import { vendorLimit } from '../../src/dispatch/vendor-limits.js';
import { createAccountStore } from '../../src/store/account-store.js';
import type { Outcome } from '../../src/vehicle/task.js';
import { anAccount } from './an-account.js';
import { settle, useFakeClock } from './fake-clock.js';
import { MemoryStore } from './memory-store.js';
import { aFailure, aReading } from './outcomes.js';

const steady = useFakeClock();
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const spread = 10 * minute;
/** The tests begin at ten in the morning. */
const untilMidnight = 14 * hour;
const europe = { daily: 200, counts: 'requests' } as const;
const usa = { daily: 30, counts: 'remote' } as const;

/** A wall clock that can be set; what is monotonic goes on. */
function aClock(): Clock & { set: (by_ms: number) => void } {
  let shift = 0;
  return {
    now: () => steady.now() + shift,
    monotonic: () => steady.monotonic(),
    set: (by_ms) => {
      shift += by_ms;
    },
  };
}

function aBudget(more: Partial<BudgetOptions> = {}) {
  const kept: { durable: Usage[]; later: Usage[] } = { durable: [], later: [] };
  const told: BudgetState[] = [];
  const budget = new Budget({
    clock: steady,
    limit: europe,
    reserve_percent: 20,
    kept: undefined,
    keepLater: (usage) => kept.later.push(usage),
    keep: (usage) => kept.durable.push(usage),
    onChange: (state) => told.push(state),
    random: () => 0,
    ...more,
  });
  onTestFinished(() => {
    budget.stop();
  });
  const send = (count: number): void => {
    for (let time = 0; time < count; time += 1) budget.requestSent('cached', 1);
  };
  return { budget, kept, told, send };
}

const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const limited = (retry_after_s?: number): Outcome =>
  aFailure('rate_limited', retry_after_s === undefined ? {} : { retry_after_s });

describe('what is counted', () => {
  test('every request, also one of a call that was given up, until the day turns', async () => {
    const { budget, kept, send } = aBudget();
    send(3);
    budget.requestSent('sign_in', 2);
    budget.requestSent(undefined, 1);
    expect(budget.document()).toEqual({
      ...{ used: 5, left: 195, limit: 200, state: 'ok', blocked_until: null },
      resets_at: '2026-11-23T00:00:00.000Z',
    });
    expect(kept.later.at(-1)).toMatchObject({ day: '2026-11-22', used: 5 });
    await wait(untilMidnight - 1);
    expect(budget.document().used).toBe(5);
    await wait(1);
    expect(budget.document()).toMatchObject({
      ...{ used: 0, left: 200, resets_at: '2026-11-24T00:00:00.000Z' },
    });
    send(1);
    expect(kept.later.at(-1)).toMatchObject({ day: '2026-11-23', used: 1 });
  });

  test('of USA Hyundai and Genesis: wakes and remote commands, each once', () => {
    const { budget } = aBudget({ limit: usa });
    for (const operation of ['cached', 'trips', 'sign_in', 'list', 'action_status'] as const) {
      budget.requestSent(operation, 1);
    }
    budget.requestSent(undefined, 1);
    expect(budget.document().used).toBe(0);
    for (const operation of ['force', 'command'] as const) {
      for (const nth of [1, 2, 3]) budget.requestSent(operation, nth);
    }
    expect(budget.document()).toMatchObject({ used: 2, left: 28 });
    expect(budget.pollsLeft).toBeNull();
  });

  test('each task of the lanes by its own requests, as they leave', async () => {
    const account = anAccount(steady, {
      cars: ['car'],
      budget: { limit: usa, reserve_percent: 20 },
    });
    await account.send('cached');
    await account.send('force');
    await settle();
    for (const call of account.left) call.requests(3);
    expect(account.care.budget.document().used).toBe(1);
  });

  test('more than the limit leaves nothing, not less', () => {
    const { budget, send } = aBudget();
    send(203);
    expect(budget.document()).toMatchObject({ used: 203, left: 0, state: 'reserve' });
  });

  test('without a known limit it is counted all the same', () => {
    const { budget, send } = aBudget({ limit: { daily: null, counts: 'requests' } });
    send(1000);
    expect(budget.document()).toMatchObject({ used: 1000, left: null, limit: null, state: 'ok' });
    expect([budget.pollsLeft, budget.reserveRefusal]).toEqual([null, undefined]);
  });

  test('where the clock is set back over midnight and forward again, never below zero', () => {
    const clock = aClock();
    const { budget, send } = aBudget({ clock });
    send(4);
    clock.set(-day);
    send(1);
    clock.set(day);
    send(1);
    expect(budget.document().used).toBeGreaterThan(0);
    expect(budget.document().used).toBeLessThanOrEqual(6);
  });

  test('what is known of the makers, and what the configuration says instead', () => {
    expect(vendorLimit('europe', 'kia', 'auto')).toEqual(europe);
    expect(vendorLimit('europe-cci', 'hyundai', 'auto')).toEqual(europe);
    expect(vendorLimit('usa', 'hyundai', 'auto')).toEqual(usa);
    expect(vendorLimit('usa', 'genesis', 50)).toEqual({ daily: 50, counts: 'remote' });
    expect(vendorLimit('usa', 'kia', 'auto').daily).toBeNull();
    expect(vendorLimit('canada', 'kia', 70)).toEqual({ daily: 70, counts: 'requests' });
  });
});

describe('the reserve', () => {
  test('begins when no more than it is left, stops all but people, and ends with the day', async () => {
    const { budget, told, send } = aBudget();
    send(159);
    expect([budget.state, budget.reserveRefusal]).toEqual(['ok', undefined]);
    send(1);
    expect(budget.state).toBe('reserve');
    expect(budget.refusal).toBeUndefined();
    expect(budget.reserveRefusal).toMatchObject({
      ...{ code: 'rate_limited', sent: false, retry_after_s: untilMidnight / 1000 },
    });
    send(20);
    expect(told).toEqual(['reserve']);
    await wait(untilMidnight);
    expect(told).toEqual(['reserve', 'ok']);
    expect(budget.reserveRefusal).toBeUndefined();
  });

  test.each([
    [europe, 160, 'rate_limited'],
    [usa, 24, undefined],
  ] as const)('of %o stops reads only where they count', (limit, used, code) => {
    const { budget } = aBudget({ limit });
    for (let sent = 0; sent < used; sent += 1) budget.requestSent('force', 1);
    expect(budget.state).toBe('reserve');
    expect(budget.reserveRefusal?.code).toBe('rate_limited');
    expect(budget.readRefusal?.code).toBe(code);
  });

  test('polls have half of the day to themselves, whatever people use', async () => {
    const { budget, send } = aBudget();
    expect(budget.pollsLeft).toBe(100);
    send(50);
    expect(budget.pollsLeft).toBe(100);
    budget.polled(99);
    expect(budget.pollsLeft).toBe(1);
    budget.polled(5);
    expect(budget.pollsLeft).toBe(0);
    await wait(untilMidnight);
    expect(budget.pollsLeft).toBe(100);
  });
});

describe("the maker's limit", () => {
  test('with a time holds so long, and says so', async () => {
    const { budget, told, kept } = aBudget();
    expect(budget.returned(limited(90))).toMatchObject({ failure: { retry_after_s: 90 } });
    expect(kept.durable).toEqual([
      expect.objectContaining({ blocked_until: steady.now() + 90_000, refusals: 0 }),
    ]);
    expect(budget.document()).toMatchObject({
      ...{ left: 0, state: 'blocked', blocked_until: '2026-11-22T10:01:30.000Z' },
      resets_at: '2026-11-22T10:01:30.000Z',
    });
    await wait(89_999);
    expect(budget.refusal).toMatchObject({ code: 'rate_limited', sent: false, retry_after_s: 1 });
    await wait(1);
    expect([budget.refusal, told]).toEqual([undefined, ['blocked', 'ok']]);
  });

  test.each([
    ['none at all', 0, 1],
    ['more than a day', 10 * 86_400, 86_400],
  ])('a time of %s is taken for a second, or a day', (_, said_s, taken_s) => {
    const { budget } = aBudget();
    expect(budget.returned(limited(said_s))).toMatchObject({
      failure: { retry_after_s: taken_s },
    });
  });

  test('without a time holds until the next day, and not for all at the same moment', async () => {
    const { budget, told } = aBudget({ random: () => 0.5 });
    const until_ms = untilMidnight + spread / 2;
    expect(budget.returned(limited())).toMatchObject({
      failure: { retry_after_s: until_ms / 1000 },
    });
    await wait(until_ms - 1);
    expect(budget.isBlocked).toBe(true);
    await wait(1);
    expect(told).toEqual(['blocked', 'ok']);
  });

  test('met again at once it holds an hour, then two, then four, until something is answered', async () => {
    const { budget } = aBudget();
    budget.returned(limited());
    await wait(untilMidnight);
    const pauses: number[] = [];
    for (let time = 0; time < 3; time += 1) {
      budget.returned(limited());
      const { retry_after_s = 0 } = budget.refusal ?? {};
      pauses.push(retry_after_s / 3600);
      await wait(retry_after_s * 1000);
    }
    expect(pauses).toEqual([1, 2, 4]);
    budget.returned(aReading());
    budget.returned(limited());
    // It is seven in the morning.
    expect(budget.refusal?.retry_after_s).toBe(17 * 3600);
  });

  test('met again after six hours it is that of another day', async () => {
    const { budget } = aBudget();
    budget.returned(limited());
    await wait(untilMidnight + 6 * hour);
    budget.returned(limited());
    expect(budget.refusal?.retry_after_s).toBe(18 * 3600);
  });

  test('several calls with the same news are one, and an answer that was under way ends nothing', async () => {
    const { budget, told, kept } = aBudget();
    const [first, second] = [budget.returned(limited()), budget.returned(limited())];
    expect(second).toEqual(first);
    budget.returned(aReading());
    budget.returned(limited(60));
    expect(kept.durable).toHaveLength(1);
    expect(told).toEqual(['blocked']);
    await wait(untilMidnight);
    budget.returned(limited());
    expect(budget.refusal?.retry_after_s).toBe(3600);
  });

  test('a longer time replaces a shorter one', () => {
    const { budget } = aBudget();
    budget.returned(limited(60));
    budget.returned(limited(600));
    budget.returned(limited(120));
    expect(budget.refusal?.retry_after_s).toBe(600);
  });

  test('ends in the reserve where that is used, with the day of its own', async () => {
    const { budget, told, send } = aBudget();
    send(170);
    budget.returned(limited(60));
    await wait(60_000);
    expect(told).toEqual(['reserve', 'blocked', 'reserve']);
    await wait(untilMidnight - 60_000);
    expect(told.at(-1)).toBe('ok');
  });

  test('other failures, and answers, are none', () => {
    const { budget, kept } = aBudget();
    for (const code of ['unavailable', 'timeout', 'auth_failed', 'battery_guard'] as const) {
      const outcome = aFailure(code, { retry_after_s: 60 });
      expect(budget.returned(outcome)).toEqual(outcome);
    }
    expect([budget.isBlocked, kept.durable]).toEqual([false, []]);
  });
});

describe('a restart', () => {
  const store = new MemoryStore();
  const stored = createAccountStore(store, 'home');
  const again = async (clock: Clock = steady) => {
    const kept = await stored.usage();
    return aBudget({
      ...{ clock, kept },
      keep: (usage) => void stored.putUsage(usage),
      keepLater: stored.putUsageLater,
    });
  };

  test('forgets nothing of what was used and of how long nothing may leave', async () => {
    const before = await again();
    before.send(7);
    before.budget.polled(3);
    before.budget.returned(limited());
    before.budget.stop();
    await wait(hour);
    const after = await again();
    expect(after.budget.document()).toEqual(before.budget.document());
    expect(after.budget.document()).toMatchObject({ used: 7, state: 'blocked' });
    expect(after.budget.pollsLeft).toBe(97);
    await wait(untilMidnight - hour);
    expect(after.told).toEqual(['ok']);
    after.budget.returned(limited());
    expect(after.budget.refusal?.retry_after_s).toBe(3600);
  });

  test('what was kept with a clock that ran years ahead holds for a day at most', async () => {
    const ahead = aClock();
    ahead.set(1000 * day);
    (await again(ahead)).budget.returned(limited());
    const { budget } = await again();
    expect(budget.isBlocked).toBe(true);
    expect(budget.refusal?.retry_after_s).toBeLessThanOrEqual((day + spread) / 1000);
    const { blocked_until } = budget.document();
    expect(Date.parse(blocked_until ?? '') - steady.now()).toBeLessThanOrEqual(day + spread);
  });
});

describe('a clock that is set', () => {
  test('back: the limit holds no longer for it, says when it ends, and is not taken up at a restart', async () => {
    const clock = aClock();
    const { budget, kept, told } = aBudget({ clock });
    budget.returned(limited(3600));
    clock.set(-30 * day);
    expect(budget.refusal?.retry_after_s).toBe(3600);
    const { blocked_until, resets_at } = budget.document();
    expect(blocked_until).toBe(new Date(clock.now() + hour).toISOString());
    expect(resets_at).toBe(blocked_until);
    await wait(hour);
    expect([budget.isBlocked, told]).toEqual([false, ['blocked', 'ok']]);
    const after = aBudget({ clock, kept: [...kept.durable, ...kept.later].at(-1) });
    expect(after.budget.isBlocked).toBe(false);
  });

  test('forward: it holds no longer than the wall clock says', () => {
    const clock = aClock();
    const { budget } = aBudget({ clock });
    budget.returned(limited(3600));
    clock.set(hour);
    expect(budget.isBlocked).toBe(false);
  });
});

describe('an end', () => {
  test.each(['blocked', 'reserve'])('leaves no timer behind, %s', (state) => {
    const { budget, send } = aBudget();
    if (state === 'blocked') budget.returned(limited(60));
    else send(170);
    budget.stop();
    expect(vi.getTimerCount()).toBe(0);
    // Calls that are cut off come back behind it.
    send(1);
    budget.returned(limited(120));
    expect(vi.getTimerCount()).toBe(0);
  });
});

type Move =
  | { readonly is: 'request'; readonly operation: 'cached' | 'force' | 'sign_in' }
  | { readonly is: 'polled'; readonly requests: number }
  | { readonly is: 'answer' }
  | { readonly is: 'limit'; readonly retry_after_s: number | undefined }
  | { readonly is: 'wait'; readonly ms: number }
  | { readonly is: 'set'; readonly by_ms: number }
  | { readonly is: 'restart' };

const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({
    is: fc.constant('request' as const),
    operation: fc.constantFrom('cached' as const, 'force' as const, 'sign_in' as const),
  }),
  fc.record({ is: fc.constant('polled' as const), requests: fc.nat(60) }),
  fc.constant({ is: 'answer' as const }),
  fc.record({
    is: fc.constant('limit' as const),
    retry_after_s: fc.option(fc.integer({ min: 0, max: 200_000 }), { nil: undefined }),
  }),
  fc.record({
    is: fc.constant('wait' as const),
    ms: fc.oneof(fc.nat(2 * hour), fc.nat(2 * day), fc.constantFrom(1, 1000, hour)),
  }),
  fc.record({
    is: fc.constant('set' as const),
    by_ms: fc.integer({ min: -3 * day, max: 3 * day }),
  }),
  fc.constant({ is: 'restart' as const }),
);

test('whatever is sent and answered, and whatever the clocks do: it blocks a day at most, and its document is true', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(move, { maxLength: 40 }),
      fc.constantFrom(europe, usa, { daily: null, counts: 'requests' } as const),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      async (moves, limit, random) => {
        const clock = aClock();
        let kept: Usage | undefined;
        const keep = (usage: Usage): void => {
          kept = usage;
        };
        let told: BudgetState = 'ok';
        let blockedSince: number | undefined;
        const start = (): Budget => {
          const onChange = (state: BudgetState): void => {
            expect(state).not.toBe(told);
            told = state;
          };
          const made = new Budget({
            ...{ clock, limit, kept, keep, onChange, reserve_percent: 20, keepLater: keep },
            random: () => random,
          });
          told = made.state;
          blockedSince = undefined;
          return made;
        };
        let budget = start();
        for (const one of moves) {
          switch (one.is) {
            case 'request':
              // Nothing leaves while it is blocked; what had left before is still counted.
              if (budget.refusal === undefined) budget.requestSent(one.operation, 1);
              break;
            case 'polled':
              budget.polled(one.requests);
              break;
            case 'answer':
              budget.returned(aReading());
              break;
            case 'limit': {
              const outcome = budget.returned(limited(one.retry_after_s));
              expect(budget.isBlocked).toBe(true);
              expect(outcome).toMatchObject({
                failure: { retry_after_s: budget.refusal?.retry_after_s },
              });
              blockedSince = clock.monotonic();
              break;
            }
            case 'wait':
              await wait(one.ms);
              break;
            case 'set':
              clock.set(one.by_ms);
              break;
            case 'restart':
              budget.stop();
              budget = start();
          }
          if (budget.isBlocked) blockedSince ??= clock.monotonic();
          else blockedSince = undefined;
          expect(clock.monotonic() - (blockedSince ?? clock.monotonic())).toBeLessThanOrEqual(
            day + spread,
          );
          isTrue(budget, clock);
        }
        budget.stop();
      },
    ),
    { numRuns: 150 },
  );
  expect(vi.getTimerCount()).toBe(0);
});

function isTrue(budget: Budget, clock: Clock): void {
  const document = budget.document();
  const { used, left, limit, state, blocked_until, resets_at } = document;
  expect(used).toBeGreaterThanOrEqual(0);
  expect(Number.isInteger(used)).toBe(true);
  expect(state).toBe(budget.state);
  expect([state === 'blocked', blocked_until !== null]).toEqual([
    budget.isBlocked,
    budget.isBlocked,
  ]);
  expect(budget.refusal !== undefined).toBe(budget.isBlocked);
  if (state === 'blocked') expect(left).toBe(0);
  else expect(left).toBe(limit === null ? null : Math.max(0, limit - used));
  if (state === 'ok') expect(budget.reserveRefusal).toBeUndefined();
  else expect(budget.reserveRefusal?.retry_after_s).toBeGreaterThan(0);
  const until = Date.parse(resets_at) - clock.now();
  expect(until).toBeGreaterThan(0);
  expect(until).toBeLessThanOrEqual(day + spread + 1000);
  if (blocked_until === null) return;
  expect(blocked_until).toBe(resets_at);
  const { retry_after_s = 0 } = budget.refusal ?? {};
  expect(Math.abs(until - retry_after_s * 1000)).toBeLessThanOrEqual(1000);
  expect(retry_after_s * 1000).toBeLessThanOrEqual(day + spread);
}
