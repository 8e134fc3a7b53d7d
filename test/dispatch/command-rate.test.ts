import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CommandRate } from '../../src/dispatch/command-rate.js';

const limit = { count: 2, window_ms: 1000 };

test('a car is sent so many within the window, each car for itself', () => {
  const rate = new CommandRate(limit);
  rate.note('one', 100);
  expect(rate.refusal('one', 100)).toBeUndefined();
  rate.note('one', 600);
  expect(rate.refusal('one', 1099)).toMatchObject({ code: 'rate_limited', retry_after_s: 1 });
  expect(rate.refusal('one', 1100)).toBeUndefined();
  expect(rate.refusal('two', 600)).toBeUndefined();
});

test('one that came to nothing does not count', () => {
  const rate = new CommandRate(limit);
  rate.note('one', 100);
  rate.note('one', 100);
  rate.takeBack('one', 100);
  rate.takeBack('two', 100);
  expect(rate.refusal('one', 101)).toBeUndefined();
});

test('a clock that was set back does not block a car', () => {
  const rate = new CommandRate(limit);
  rate.note('one', 1_000_000);
  rate.note('one', 1_000_001);
  expect(rate.refusal('one', 5000)).toBeUndefined();
});

test('in whatever order they are noted, it is the number within the window that counts', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(3000), { maxLength: 12 }),
      fc.nat(2000),
      fc.integer({ min: 1, max: 4 }),
      (times, later, count) => {
        const rate = new CommandRate({ count, window_ms: 1000 });
        for (const at of times) rate.note('car', at);
        const now = Math.max(0, ...times) + later;
        const recent = times.filter((at) => at > now - 1000).sort((one, other) => one - other);
        const refusal = rate.refusal('car', now);
        expect(refusal !== undefined).toBe(recent.length >= count);
        // When that time is over the next one may come, if no other does meanwhile.
        const after_s = refusal?.retry_after_s ?? 0;
        expect(rate.refusal('car', now + after_s * 1000)).toBeUndefined();
      },
    ),
    { numRuns: 1000 },
  );
});
