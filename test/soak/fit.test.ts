import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Point, fit } from './fit.js';

const level = fc.double({ min: -1000, max: 1000, noNaN: true });
const steepness = fc.double({ min: -50, max: 50, noNaN: true });
/** Between -0.5 and 0.5. */
const noise = fc.array(fc.double({ min: -0.5, max: 0.5, noNaN: true }), {
  minLength: 8,
  maxLength: 60,
});

test('a line is found as it is, without doubt', () => {
  fc.assert(
    fc.property(level, steepness, fc.integer({ min: 3, max: 60 }), (base, slope, count) => {
      const line = fit(Array.from({ length: count }, (_, x): Point => [x, base + slope * x]));
      expect(line.slope).toBeCloseTo(slope, 6);
      expect(line.rise).toBeCloseTo(slope * (count - 1), 6);
      expect(line.doubt).toBeCloseTo(0, 4);
    }),
  );
});

test('where the points lie changes nothing: later, or higher', () => {
  fc.assert(
    fc.property(noise, level, level, (values, right, up) => {
      const { rise, doubt } = fit(values.map((y, x): Point => [x, y]));
      const moved = fit(values.map((y, x): Point => [x + right, y + up]));
      expect(moved.rise).toBeCloseTo(rise, 6);
      expect(moved.doubt).toBeCloseTo(doubt, 6);
    }),
  );
});

test('points that keep within a band rise by no more than one and a half of it', () => {
  fc.assert(
    fc.property(noise, (values) => {
      expect(Math.abs(fit(values.map((y, x): Point => [x, y])).rise)).toBeLessThanOrEqual(1.5);
    }),
  );
});

test('a leak of more than four bands of noise is never taken for chance', () => {
  fc.assert(
    fc.property(noise, fc.double({ min: 4, max: 100, noNaN: true }), (values, leak) => {
      const step = leak / (values.length - 1);
      const { rise, doubt } = fit(values.map((y, x): Point => [x, y + step * x]));
      expect(rise).toBeGreaterThanOrEqual(leak - 1.5);
      expect(rise).toBeGreaterThan(doubt);
    }),
  );
});

test.each<[string, Point[]]>([
  [
    'two points',
    [
      [0, 1],
      [1, 2],
    ],
  ],
  [
    'points of one place',
    [
      [1, 1],
      [1, 2],
      [1, 3],
    ],
  ],
])('%s have no line with an error', (_name, points) => {
  expect(() => fit(points)).toThrow(RangeError);
});
