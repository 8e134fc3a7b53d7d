import { expect, test } from 'vitest';
import { createIdentity } from '../../src/vehicle/simulated-identity.js';
import { tripsOf } from '../../src/vehicle/simulated-trips.js';
import { tripDaysSchema } from '../../src/vehicle/trips.js';

const now = Date.UTC(2026, 10, 22, 12, 0, 0);
const car = createIdentity({ index: 0, seed: 7 });
const two = (number: number): string => String(number).padStart(2, '0');
const minutesOf = (start: string): number => {
  const [hours = NaN, minutes = NaN] = start.split(':').map(Number);
  return hours * 60 + minutes;
};

test('every month since 1970 can be told, by car and always alike', () => {
  const other = createIdentity({ index: 1, seed: 7 });
  let different = 0;
  for (let year = 1970; year <= 2026; year += 1) {
    for (let month = 1; month <= 12; month += 1) {
      const period = `${String(year)}-${two(month)}`;
      const days = tripDaysSchema.parse(tripsOf(car, period, now));
      expect(days.every(({ date, list }) => date.startsWith(period) && list === null)).toBe(true);
      expect(tripsOf(structuredClone(car), period, now)).toEqual(days);
      if (JSON.stringify(tripsOf(other, period, now)) !== JSON.stringify(days)) different += 1;
    }
  }
  expect(different).toBeGreaterThan(600);
});

test('a month says of a day what the day itself says, and the day what its trips add up to', () => {
  const month = new Map(tripsOf(car, '2026-10', now).map((day) => [day.date, day]));
  expect(month.size).toBeGreaterThan(20);
  for (let date = 1; date <= 31; date += 1) {
    const period = `2026-10-${two(date)}`;
    const [day, ...more] = tripDaysSchema.parse(tripsOf(car, period, now));
    expect(more).toEqual([]);
    if (day === undefined) {
      expect(month.has(period)).toBe(false);
      continue;
    }
    expect({ ...day, list: null }).toEqual(month.get(period));
    const list = day.list ?? [];
    expect(day.trips).toBe(list.length);
    expect(day.drive_min).toBe(list.reduce((sum, trip) => sum + (trip.drive_min ?? NaN), 0));
    expect(day.distance_km).toBeCloseTo(
      list.reduce((sum, trip) => sum + (trip.distance_km ?? NaN), 0),
      6,
    );
    list.forEach((trip, place) => {
      const next = list[place + 1];
      const end = minutesOf(trip.start) + (trip.drive_min ?? NaN) + (trip.idle_min ?? NaN);
      expect(end).toBeLessThanOrEqual(next === undefined ? 24 * 60 : minutesOf(next.start));
      expect(trip.max_kmh).toBeGreaterThan(trip.average_kmh ?? Infinity);
    });
  }
});

test('nothing is told of the future, nor of days that the calendar lacks', () => {
  expect(tripsOf(car, '2026-12', now)).toEqual([]);
  expect(tripsOf(car, '2025-02-29', now)).toEqual([]);
  expect(tripsOf(car, '2025-06-31', now)).toEqual([]);
  const endsOf = (at: number) =>
    tripsOf(car, '2026-11', at).flatMap(({ date }) =>
      tripsOf(car, date, at).flatMap(({ list }) =>
        (list ?? []).map(
          ({ start, drive_min }) => Date.parse(`${date}T${start}Z`) + (drive_min ?? 0) * 60_000,
        ),
      ),
    );
  expect(Math.max(...endsOf(now))).toBeLessThanOrEqual(now);
  expect(endsOf(Date.UTC(2026, 11, 1)).slice(0, endsOf(now).length)).toEqual(endsOf(now));
});
