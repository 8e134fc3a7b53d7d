import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  daysToRead,
  localDay,
  monthsBetween,
  withDay,
  withMonth,
} from '../../src/vehicle/trip-months.js';
import { tripMonthSchema, type TripDay } from '../../src/vehicle/trips.js';

const read_at = '2026-11-22T10:00:00.000Z';
const later = '2026-11-22T11:00:00.000Z';
const nothing = {
  drive_min: null,
  idle_min: null,
  distance_km: null,
  average_kmh: null,
  max_kmh: null,
};

function aDay(date: string, more: Partial<TripDay> = {}): TripDay {
  return { date, trips: 1, ...nothing, list: null, ...more };
}

const drive = { start: '07:30:00', ...nothing, distance_km: 12 };
const detailed = (date: string, count = 1): TripDay =>
  aDay(date, { trips: count, distance_km: 12, list: Array.from({ length: count }, () => drive) });

describe('months', () => {
  test.each([
    ['2026-10', '2026-10', ['2026-10']],
    ['2025-11', '2026-02', ['2025-11', '2025-12', '2026-01', '2026-02']],
    ['2026-02', '2026-01', []],
  ])('from %s to %s', (from, to, months) => {
    expect(monthsBetween(from, to)).toEqual(months);
  });

  test('are without gaps, in order, and as many as there are', () => {
    const month = fc.tuple(fc.integer({ min: 2000, max: 2099 }), fc.integer({ min: 1, max: 12 }));
    const named = (year: number, number: number): string =>
      `${String(year)}-${String(number).padStart(2, '0')}`;
    fc.assert(
      fc.property(month, fc.integer({ min: 0, max: 400 }), ([year, number], count) => {
        const index = year * 12 + number - 1 + count;
        const to = named(Math.floor(index / 12), (index % 12) + 1);
        const months = monthsBetween(named(year, number), to);
        expect(months).toHaveLength(count + 1);
        expect([months[0], months.at(-1)]).toEqual([named(year, number), to]);
        expect(months.toSorted()).toEqual(months);
      }),
    );
  });
});

test('days of the calendar are counted back over the end of a month and a change of the clocks', () => {
  const at = (text: string): number => new Date(text).getTime();
  expect(localDay(at('2026-11-22T00:10:00'))).toBe('2026-11-22');
  expect(localDay(at('2026-11-01T23:50:00'), 1)).toBe('2026-10-31');
  expect(localDay(at('2026-10-25T23:50:00'), 1)).toBe('2026-10-24');
  expect(localDay(at('2026-10-26T00:10:00'), 1)).toBe('2026-10-25');
  expect(localDay(at('2025-12-31T12:00:00'), -1)).toBe('2026-01-01');
});

describe('what is read of a month', () => {
  test('is in order, and of that month only', () => {
    const month = withMonth(
      undefined,
      '2026-10',
      [aDay('2026-10-09'), aDay('2026-09-30'), aDay('2026-10-02')],
      read_at,
    );
    expect(tripMonthSchema.parse(month).days.map(({ date }) => date)).toEqual([
      '2026-10-02',
      '2026-10-09',
    ]);
  });

  test('keeps the lists that are held, and all that it does not tell itself', () => {
    const held = withMonth(undefined, '2026-10', [detailed('2026-10-02')], read_at);
    const anew = withMonth(held, '2026-10', [aDay('2026-10-02', { trips: 3 })], later);
    expect(anew.days).toEqual([{ ...detailed('2026-10-02'), trips: 3 }]);
    expect(anew.read_at).toBe(later);
  });

  test('keeps a day that the vendor has forgotten', () => {
    const held = withMonth(undefined, '2026-10', [detailed('2026-10-02')], read_at);
    expect(withMonth(held, '2026-10', [], later).days).toEqual(held.days);
  });
});

describe('what is read of a day', () => {
  const held = withMonth(undefined, '2026-10', [aDay('2026-10-02'), aDay('2026-10-09')], read_at);

  test('is merged into its month', () => {
    const month = withDay(held, '2026-10-02', [detailed('2026-10-02')], later);
    expect(month.days).toEqual([detailed('2026-10-02'), aDay('2026-10-09')]);
    expect(withDay(undefined, '2026-10-02', [detailed('2026-10-02')], later)).toMatchObject({
      month: '2026-10',
      days: [detailed('2026-10-02')],
    });
  });

  test('an answer without trips is an answer, and takes nothing away', () => {
    const asked = withDay(held, '2026-10-02', [], later);
    expect(asked.days[0]).toEqual(aDay('2026-10-02', { list: [] }));
    const known = withDay(held, '2026-10-02', [detailed('2026-10-02')], later);
    expect(withDay(known, '2026-10-02', [], later).days).toEqual(known.days);
    expect(withDay(undefined, '2026-10-02', [], later).days).toEqual([]);
  });
});

describe('days that are to be read', () => {
  const month = withMonth(
    undefined,
    '2026-10',
    [
      detailed('2026-10-01'),
      aDay('2026-10-02'),
      // Read in detail before the day was over.
      { ...detailed('2026-10-03', 2), trips: 5 },
      { ...detailed('2026-10-04'), trips: null },
      detailed('2026-10-30'),
      detailed('2026-10-31'),
    ],
    read_at,
  );

  test.each([
    ['2026-10', '2026-11-01', ['2026-10-02', '2026-10-03']],
    ['2026-10', '2026-10-30', ['2026-10-02', '2026-10-03', '2026-10-30', '2026-10-31']],
    ['2026-10-02', '2026-11-01', ['2026-10-03']],
    ['2026-10-30', '2026-10-30', ['2026-10-31']],
    ['2026-10-31', '2026-10-30', []],
  ])('behind %s, recent from %s on', (after, recent, days) => {
    expect(daysToRead(month, after, recent)).toEqual(days);
  });
});
