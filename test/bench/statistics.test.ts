import { expect, test } from 'vitest';
import { interleave, median, percentile } from '../../bench/statistics.js';

test.each([
  [[3], 3],
  [[3, 1, 2], 2],
  [[4, 1, 3, 2], 2.5],
])('the median of %j is %d', (samples, expected) => {
  expect(median(samples)).toBe(expected);
});

test('a percentile is a sample that so many of them do not exceed', () => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect([0.01, 0.5, 0.99, 1].map((share) => percentile(samples, share))).toEqual([1, 50, 99, 100]);
});

test('no samples have no median', () => {
  expect(() => median([])).toThrow('no samples');
});

test('steps take turns, and the rounds that warm up do not count', async () => {
  const taken: string[] = [];
  let round = 0;
  const step = (name: string) => () => {
    taken.push(name);
    return Promise.resolve({ [name]: (round += 1) });
  };
  const samples = await interleave(2, 1, [step('a'), step('b')]);
  expect(taken).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  expect(Object.fromEntries(samples)).toEqual({ a: [3, 5], b: [4, 6] });
});
