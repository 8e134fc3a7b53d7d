import { expect, onTestFinished, test, vi } from 'vitest';
import type { SessionState } from '../../src/dispatch/session-keeper.js';
import { SessionWatch } from '../../src/dispatch/session-watch.js';
import { failure, type Failure } from '../../src/vehicle/outcome.js';
import { settle, useFakeClock } from './fake-clock.js';

const clock = useFakeClock();
const hour_ms = 3_600_000;
const day_ms = 24 * hour_ms;
const ready: SessionState = { is: 'ready', session: { data: {}, generation: 1 } };

function aWatch(more: { listedAt?: number; expiresAt?: string | null; reason?: Failure } = {}) {
  const keeper = {
    state: ready,
    listedAt: more.listedAt ?? clock.now(),
    expiresAt: more.expiresAt ?? null,
    list: vi.fn(() => {
      if (more.reason === undefined) keeper.listedAt = clock.now();
      return Promise.resolve(more.reason);
    }),
  };
  const onEndsSoon = vi.fn();
  const onListFailed = vi.fn();
  const watch = new SessionWatch({ clock, keeper, onEndsSoon, onListFailed });
  onTestFinished(() => {
    watch.stop();
  });
  return { watch, keeper, onEndsSoon, onListFailed };
}

function inDays(days: number): string {
  return new Date(clock.now() + days * day_ms).toISOString();
}

test('the cars are listed once a day, counted from the last list before the start', async () => {
  const { watch, keeper } = aWatch({ listedAt: clock.now() - 20 * hour_ms });
  watch.check();
  await vi.advanceTimersByTimeAsync(3.5 * hour_ms);
  expect(keeper.list).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(hour_ms);
  expect(keeper.list).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(3 * day_ms);
  expect(keeper.list).toHaveBeenCalledTimes(4);
});

test('a list that fails is said, and tried again once an hour', async () => {
  const reason = failure('unavailable', 'away');
  const { watch, keeper, onListFailed } = aWatch({ listedAt: 0, reason });
  watch.check();
  await settle();
  expect(onListFailed).toHaveBeenCalledWith(reason);
  await vi.advanceTimersByTimeAsync(3 * hour_ms);
  expect(keeper.list).toHaveBeenCalledTimes(4);
});

test('a list from the future, under a clock that was wrong, is no reason never to list again', () => {
  const { watch, keeper } = aWatch({ listedAt: clock.now() + 3650 * day_ms });
  watch.check();
  expect(keeper.list).toHaveBeenCalledTimes(1);
});

test('a car that is gone has the cars listed at once, but once an hour at most', async () => {
  const { watch, keeper } = aWatch();
  for (let time = 0; time < 10; time += 1) watch.listAnew();
  expect(keeper.list).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(hour_ms);
  watch.listAnew();
  expect(keeper.list).toHaveBeenCalledTimes(2);
});

test('an account that is not ready is asked for nothing, and is asked as soon as it is', async () => {
  const { watch, keeper } = aWatch({ listedAt: 0 });
  keeper.state = { is: 'signing_in' };
  watch.check();
  watch.listAnew();
  expect(keeper.list).not.toHaveBeenCalled();
  keeper.state = ready;
  await vi.advanceTimersByTimeAsync(hour_ms);
  expect(keeper.list).toHaveBeenCalledTimes(1);
});

test.each([
  [8, 0],
  [6.9, 1],
  [-1, 1],
])('a session that ends in %d days is warned about %d times at the start', (days, times) => {
  const { watch, onEndsSoon } = aWatch({ expiresAt: inDays(days) });
  watch.check();
  watch.check();
  expect(onEndsSoon).toHaveBeenCalledTimes(times);
});

test('the warning comes once a day from seven days ahead, until there is a longer session', async () => {
  const { keeper, onEndsSoon } = aWatch({ expiresAt: inDays(10) });
  await vi.advanceTimersByTimeAsync(3 * day_ms - hour_ms);
  expect(onEndsSoon).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(3 * day_ms);
  expect(onEndsSoon).toHaveBeenCalledTimes(3);
  expect(onEndsSoon).toHaveBeenLastCalledWith(keeper.expiresAt);
  keeper.expiresAt = inDays(90);
  await vi.advanceTimersByTimeAsync(3 * day_ms);
  expect(onEndsSoon).toHaveBeenCalledTimes(3);
});

test('a vendor that does not tell when it ends is no reason to warn', () => {
  const { watch, onEndsSoon } = aWatch();
  watch.check();
  expect(onEndsSoon).not.toHaveBeenCalled();
});

test('after the stop nothing is listed and nobody is warned', async () => {
  const { watch, keeper, onEndsSoon } = aWatch({ listedAt: 0, expiresAt: inDays(1) });
  watch.stop();
  await vi.advanceTimersByTimeAsync(3 * day_ms);
  expect([keeper.list.mock.calls, onEndsSoon.mock.calls]).toEqual([[], []]);
});
