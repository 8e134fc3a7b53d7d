import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { duration, durationOr, formatDuration, parseDuration } from '../../src/config/duration.js';

test.each([
  ['200ms', 200],
  ['90s', 90_000],
  ['1.5s', 1_500],
  ['30m', 1_800_000],
  ['4h', 14_400_000],
  ['1d', 86_400_000],
  ['0s', 0],
])('%s is %i ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', '90', 's', '-1s', '1 week', '1h30m', '1e3s', 'NaNs', '1constructor', '٣s'])(
  '"%s" is no duration',
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);

test('what was formatted is read back as the same number of milliseconds', () => {
  fc.assert(
    fc.property(fc.nat(999_999_999), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
    }),
  );
});

describe('the schema', () => {
  const schema = duration({ min: '1s', max: '1h' });

  test.each(['1s', '3600s', '60m', '1h'])('takes %s', (text) => {
    expect(schema.safeParse(text).data).toBe(parseDuration(text));
  });

  test.each(['999ms', '61m', 'never', 60, null])('refuses %s and says what it wants', (value) => {
    const message = 'a duration from 1s to 1h, such as 90s, 30m, 4h or 1d';
    expect(schema.safeParse(value).error?.issues).toMatchObject([{ message }]);
  });

  test('reads a word in place of a duration as null', () => {
    const orNever = durationOr('never', { min: '1s', max: '1h' });
    expect(orNever.parse('never')).toBeNull();
    expect(orNever.parse('2s')).toBe(2_000);
    expect(orNever.safeParse('off').success).toBe(false);
  });
});
