import { expect, test } from 'vitest';
import type { ClimateStart } from '../../src/vehicle/remote-action.js';
import { carCommand } from '../../src/vehicle/simulated-action.js';

const start: ClimateStart = {
  name: 'climate_start',
  temperature: 21,
  unit: 'C',
  duration_min: 15,
  defrost: false,
  heating: 'off',
  steering_wheel: null,
  seats: { front_left: null, front_right: null, rear_left: null, rear_right: null },
};

test('what is not named is not told to the car', () => {
  expect(carCommand(start)).toMatchObject({ target_c: 21, duration_min: 15, seats: {} });
  const seats = { ...start.seats, rear_left: 'off' } as const;
  expect(carCommand({ ...start, seats })).toMatchObject({ seats: { rear_left: 'off' } });
  const windows = { name: 'windows', front_left: null, front_right: null } as const;
  expect(carCommand({ ...windows, rear_left: 'vent', rear_right: null })).toEqual({
    name: 'windows',
    windows: { rear_left: 'vent' },
  });
});

test.each([
  ['off', null, false, false],
  ['all', null, true, true],
  ['rear_window', null, true, false],
  ['steering_wheel', null, false, true],
  ['off', 'low', false, true],
  ['all', 'off', true, false],
] as const)(
  'heating %s with the wheel at %s: rear window %s, wheel %s',
  (heating, steering_wheel, rear_window_heat, steering_wheel_heat) => {
    const told = carCommand({ ...start, heating, steering_wheel });
    expect(told).toMatchObject({ rear_window_heat, steering_wheel_heat });
  },
);

test('without a temperature it is the normal one of the unit', () => {
  expect(carCommand({ ...start, temperature: null })).toMatchObject({ target_c: 21 });
  const fahrenheit = carCommand({ ...start, temperature: null, unit: 'F' });
  expect(fahrenheit).toMatchObject({ target_c: 21.11 });
});

test('half a schedule leaves the other half as it is', () => {
  const schedule = {
    name: 'schedule',
    enabled: true,
    offpeak_start: '22:00',
    offpeak_end: '06:00',
    offpeak_only: false,
    departures: [
      { enabled: true, days: ['mon'], time: '07:00' },
      { enabled: false, days: [], time: '00:00' },
    ],
    climate: { enabled: true, temperature: 68, unit: 'F', defrost: false },
  } as const;
  const partOf = (part: 'all' | 'charge' | 'climate') => {
    const departures = schedule.departures.map((one) => ({ ...one, days: [...one.days] }));
    const told = carCommand({ ...schedule, departures, part });
    return told.name === 'schedule' ? told.schedule : expect.unreachable();
  };
  expect(Object.keys(partOf('charge'))).toEqual(['charging']);
  expect(Object.keys(partOf('climate'))).toEqual(['departures']);
  expect(partOf('all')).toEqual({ ...partOf('charge'), ...partOf('climate') });
  expect(partOf('climate').departures?.[1]?.climate.target_c).toBe(20);
});
