import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { retryDelay, retryUntilDone } from '../../src/daemon/retry.js';

const policies = fc.record({
  initial_ms: fc.integer({ min: 1, max: 10_000 }),
  factor: fc.double({ min: 1, max: 10, noNaN: true }),
  max_ms: fc.integer({ min: 1, max: 600_000 }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});
const anyRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const attempts = fc.integer({ min: 1, max: 5000 });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a delay stays within the longest and its jitter, whatever the attempt', () => {
  fc.assert(
    fc.property(policies, attempts, anyRandom, (policy, attempt, random) => {
      const delay = retryDelay(policy, attempt, () => random) ?? NaN;
      const plain = Math.min(policy.max_ms, policy.initial_ms * policy.factor ** (attempt - 1));
      expect(delay).toBeGreaterThanOrEqual(plain * (1 - policy.jitter) - 1e-6);
      expect(delay).toBeLessThanOrEqual(plain * (1 + policy.jitter) + 1e-6);
      expect(delay).toBeLessThanOrEqual(policy.max_ms * 2);
    }),
    { numRuns: 2000 },
  );
});

test('without jitter no delay is shorter than the one before', () => {
  fc.assert(
    fc.property(policies, attempts, (policy, attempt) => {
      const of = (one: number): number => retryDelay({ ...policy, jitter: 0 }, one) ?? NaN;
      expect(of(attempt + 1)).toBeGreaterThanOrEqual(of(attempt));
      expect(of(1)).toBe(Math.min(policy.initial_ms, policy.max_ms));
    }),
  );
});

test('the limit ends it, exactly there', () => {
  fc.assert(
    fc.property(policies, attempts, attempts, (policy, limit, attempt) => {
      const delay = retryDelay({ ...policy, limit }, attempt);
      expect(delay === undefined).toBe(attempt >= limit);
    }),
  );
});

const policy = { initial_ms: 1000, factor: 2, max_ms: 8000, jitter: 0 };

test('work is tried until it is done, each failure told with the pause after it', async () => {
  const pauses: number[] = [];
  let left = 4;
  const done = retryUntilDone(
    policy,
    () => ((left -= 1) >= 0 ? Promise.reject(new Error('not yet')) : Promise.resolve('done')),
    (error, delay_ms) => {
      expect(error).toMatchObject({ message: 'not yet' });
      pauses.push(delay_ms);
    },
    new AbortController().signal,
  );
  await vi.advanceTimersByTimeAsync(15_000);
  await expect(done).resolves.toBe('done');
  expect(pauses).toEqual([1000, 2000, 4000, 8000]);
});

test('it gives up at the limit', async () => {
  const work = vi.fn(() => Promise.reject(new Error('never')));
  const signal = new AbortController().signal;
  const done = retryUntilDone({ ...policy, limit: 3 }, work, () => undefined, signal);
  await vi.advanceTimersByTimeAsync(60_000);
  await expect(done).resolves.toBeUndefined();
  expect(work).toHaveBeenCalledTimes(3);
});

test('an abort ends the pause at once and leaves nothing behind', async () => {
  const stop = new AbortController();
  const work = vi.fn(() => Promise.reject(new Error('never')));
  const done = retryUntilDone(policy, work, () => undefined, stop.signal);
  await vi.advanceTimersByTimeAsync(500);
  stop.abort();
  await expect(done).resolves.toBeUndefined();
  expect([work.mock.calls.length, vi.getTimerCount()]).toEqual([1, 0]);
});

test('what was aborted before is not begun', async () => {
  const work = vi.fn(() => Promise.resolve());
  await retryUntilDone(policy, work, () => undefined, AbortSignal.abort());
  expect(work).not.toHaveBeenCalled();
});
