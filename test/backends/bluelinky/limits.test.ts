import { expect, test } from 'vitest';
import { retryAfter_s } from '../../../src/backends/bluelinky/limits.js';

const date = 'Sun, 22 Nov 2026 10:00:00 GMT';
const day_s = 86_400;

test.each([
  ['0', 0],
  [' 120 ', 120],
  ['86401', day_s],
  ['9'.repeat(400), day_s],
  ['Sun, 22 Nov 2026 10:02:00 GMT', 120],
  ['Sunday, 22-Nov-26 10:02:00 GMT', 120],
  ['Sun Nov 22 10:02:00 2026', 120],
  ['Tue, 24 Nov 2026 10:00:00 GMT', day_s],
])('%s is to wait %d s', (said, wait_s) => {
  // Whatever this machine's clock says.
  expect(retryAfter_s({ 'retry-after': said, date }, 0)).toBe(wait_s);
});

test.each([
  undefined,
  '',
  '-5',
  '1.5e3',
  'soon',
  'Infinity',
  'Sunday',
  'Sun, 99 Nov 2026 10:02:00 GMT',
  'Sun, 22 Nov 2026 09:59:59 GMT',
])('%s says nothing', (said) => {
  expect(retryAfter_s({ date, ...(said !== undefined && { 'retry-after': said }) })).toBe(
    undefined,
  );
});

test("a date without the vendor's clock is told by ours", () => {
  const now = Date.parse(date);
  expect(retryAfter_s({ 'retry-after': 'Sun, 22 Nov 2026 10:02:00 GMT' }, now)).toBe(120);
});
