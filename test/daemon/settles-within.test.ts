import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { settlesWithin } from '../../src/daemon/settles-within.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const after = (time_ms: number, fails = false): Promise<void> =>
  new Promise((resolve, reject) => {
    setTimeout(() => {
      if (fails) reject(new Error('failed'));
      else resolve();
    }, time_ms);
  });

test.each([
  ['kept in time', 99, false, true],
  ['broken in time', 99, true, true],
  ['kept too late', 101, false, false],
  ['broken too late', 101, true, false],
])('a promise that is %s', async (_, time_ms, fails, isInTime) => {
  const told = settlesWithin(after(time_ms, fails), 100);
  await vi.advanceTimersByTimeAsync(200);
  await expect(told).resolves.toBe(isInTime);
});

test('it leaves no timer behind', async () => {
  await settlesWithin(Promise.resolve(), 100_000);
  expect(vi.getTimerCount()).toBe(0);
});
