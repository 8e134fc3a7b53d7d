import { expect, test } from 'vitest';
import { changedBy, noSetPoints, setPointsSchema } from '../../src/vehicle/set-points.js';

test.each([
  [{ name: 'climate_temperature', temperature: 21.5 }, { temperature: 21.5 }],
  [{ name: 'climate_duration', minutes: 20 }, { duration_min: 20 }],
  [{ name: 'climate_defrost', on: false }, { defrost: false }],
  [
    { name: 'climate_seat_rear_right', level: 'cool_low' },
    { seats: { ...noSetPoints.seats, rear_right: 'cool_low' } },
  ],
] as const)('%j changes its own, and nothing else', (command, changed) => {
  const points = { ...noSetPoints, temperature: 18, duration_min: 5, defrost: true };
  const after = changedBy(command, points);
  expect(after).toEqual({ ...points, ...changed });
  expect(setPointsSchema.parse(after)).toEqual(after);
});

test('no other command changes any', () => {
  const start = {
    name: 'climate',
    value: 'start',
    awaits_temperature: false,
    temperature: 25,
  } as const;
  expect(changedBy(start, noSetPoints)).toBeUndefined();
  expect(changedBy({ name: 'lock', value: 'lock' }, noSetPoints)).toBeUndefined();
});
