import { describe, expect, test } from 'vitest';
import { capabilitiesOfBridge } from '../../src/vehicle/bridge-capabilities.js';
import type { Capabilities } from '../../src/vehicle/capability.js';
import { refusalOf, rounded } from '../../src/vehicle/offered.js';
import type { RemoteCommand, TripsCommand } from '../../src/vehicle/remote-command.js';

const car: Capabilities = {
  lock: {},
  climate: {
    fields: {
      temperature: { min: 17, max: 26.7, step: 0.5, unit: 'C' },
      duration: { max: 10 },
      heating: { values: ['off', 'rear_window'] },
      'seats.front_left': { values: ['off', 'heat_low'] },
    },
  },
  charge_limits: {},
  windows: { fields: { front_left: {}, front_right: { values: ['close', 'open'] } } },
  horn: {},
  navigation: {},
  schedule: {
    fields: {
      enabled: {},
      departures: {},
      'climate.temperature': { min: 17, max: 27, step: 0.5 },
    },
  },
  trips: { fields: { month: {} } },
};

const start = { name: 'climate', value: 'start', awaits_temperature: false } as const;
const alike = {
  front_left: 'vent',
  front_right: 'vent',
  rear_left: 'vent',
  rear_right: 'vent',
} as const;

describe('what a car is not asked', () => {
  test.each<[RemoteCommand | TripsCommand, string]>([
    [{ name: 'charge', value: 'start' }, 'charge: this car does not offer it'],
    [{ name: 'climate_defrost', on: true }, 'climate_defrost: this car does not offer it'],
    [
      { name: 'climate_seat_rear_left', level: 'off' },
      'climate_seat_rear_left: this car does not offer it',
    ],
    [
      { name: 'climate_seat_front_left', level: 'cool_low' },
      'value: expected what this car offers (off, heat_low), got "cool_low"',
    ],
    [{ ...start, defrost: false }, 'climate: this car has no defrost'],
    [{ ...start, steering_wheel: 'low' }, 'climate: this car has no steering_wheel'],
    [{ ...start, seats: { rear_left: 'off' } }, 'climate: this car has no seats.rear_left'],
    [
      { ...start, seats: { front_left: 'heat_high' } },
      'seats.front_left: expected what this car offers (off, heat_low), got "heat_high"',
    ],
    [{ ...start, heating: 'all' }, 'heating: expected what this car offers (off, rear_window)'],
    [{ name: 'windows', windows: { rear_left: 'vent' } }, 'windows: this car has no rear_left'],
    [
      { name: 'windows', windows: { front_right: 'vent' } },
      'front_right: expected what this car offers (close, open), got "vent"',
    ],
    [{ name: 'schedule', offpeak_only: true }, 'schedule: this car has no offpeak_only'],
    [{ name: 'schedule', climate: { defrost: true } }, 'schedule: this car has no climate.defrost'],
    [{ name: 'trips', day: '2026-10-04' }, 'trips: this car has no day'],
  ])('%j is unsupported', (command, message) => {
    const refusal = refusalOf(command, car);
    expect(refusal).toMatchObject({ code: 'unsupported', retryable: false });
    expect(refusal?.message).toContain(message);
  });

  test.each<[RemoteCommand, string]>([
    [{ ...start, temperature: 26.8 }, 'temperature: expected 17 to 26.7 C, got 26.8'],
    [{ name: 'climate_temperature', temperature: 16.9 }, 'value: expected 17 to 26.7 C, got 16.9'],
    [{ ...start, duration: 11 }, 'duration: expected 1 to 10 min, got 11'],
    [{ name: 'climate_duration', minutes: 30 }, 'value: expected 1 to 10 min, got 30'],
    [
      { name: 'schedule', climate: { temperature: 28 } },
      'climate.temperature: expected 17 to 27, got 28',
    ],
  ])('%j is out of its range', (command, message) => {
    expect(refusalOf(command, car)).toMatchObject({ code: 'invalid_payload', message });
    // Rounding brings nothing into the range that was out of it.
    expect(refusalOf(rounded(command, car), car)).toMatchObject({ code: 'invalid_payload' });
  });

  test.each<RemoteCommand>([{ name: 'lock', value: 'lock' }, { name: 'horn' }])(
    '%j of a car of which nothing is known',
    (command) => {
      expect(refusalOf(command, {})).toMatchObject({ code: 'unsupported' });
      expect(refusalOf(command, undefined)).toMatchObject({ code: 'unsupported' });
    },
  );
});

test.each<RemoteCommand | TripsCommand>([
  { name: 'lock', value: 'unlock' },
  { ...start, temperature: 17, duration: 10, heating: 'off', seats: { front_left: 'heat_low' } },
  { name: 'climate', value: 'stop' },
  { name: 'climate_temperature', temperature: 26.7 },
  { name: 'climate_seat_front_left', level: 'off' },
  { name: 'charge_limit_dc', percent: 90 },
  { name: 'charge_limits', ac: 50, dc: 100 },
  { name: 'windows', windows: { front_left: 'vent', front_right: 'open' } },
  { name: 'windows', windows: alike },
  { name: 'horn' },
  { name: 'navigation', pois: [{ name: '', latitude: 1, longitude: 2, address: '' }] },
  {
    name: 'schedule',
    enabled: true,
    departures: [{ time: '07:30' }],
    climate: { temperature: 21 },
  },
  { name: 'trips', month: '2026-10' },
])('%j is asked', (command) => {
  expect(refusalOf(command, car)).toBeUndefined();
});

test('a car without windows of its own takes a word for all of them', () => {
  const told: Capabilities = { windows: { values: ['vent', 'close'] } };
  expect(refusalOf({ name: 'windows', windows: alike }, told)).toBeUndefined();
  expect(refusalOf({ name: 'windows', windows: { front_left: 'vent' } }, told)?.code).toBe(
    'unsupported',
  );
});

test.each([
  [21.37, 21.5],
  [21.2, 21],
  [26.7, 26.5],
  [17, 17],
  [99, 99],
])('%d degrees are %d in the steps of the car', (asked, step) => {
  const temperature = step;
  expect(rounded({ name: 'climate_temperature', temperature: asked }, car)).toEqual({
    name: 'climate_temperature',
    temperature,
  });
  const climate = { ...start, duration: 5 };
  expect(rounded({ ...climate, temperature: asked }, car)).toEqual({ ...climate, temperature });
  const schedule = { name: 'schedule', climate: { temperature: 21.3 } } as const;
  expect(rounded(schedule, car)).toEqual({ ...schedule, climate: { temperature: 21.5 } });
});

test.each<RemoteCommand>([
  start,
  { name: 'climate', value: 'stop' },
  { name: 'schedule', climate: { defrost: true } },
  { name: 'charge_limit_ac', percent: 80 },
])('%j has no temperature to round', (command) => {
  expect(rounded(command, car)).toEqual(command);
});

test('what the vendor offers becomes the commands of the contract, complete', () => {
  const limit = { min: 50, max: 100, step: 10, unit: '%' };
  expect(capabilitiesOfBridge(car)).toMatchObject({
    lock: { values: ['lock', 'unlock'] },
    climate: { values: ['start', 'stop'], fields: { duration: { min: 1, max: 10, unit: 'min' } } },
    climate_temperature: { min: 17, max: 26.7, step: 0.5, unit: 'C' },
    climate_duration: { min: 1, max: 10, step: 1, unit: 'min' },
    climate_seat_front_left: { values: ['off', 'heat_low'] },
    charge_limits: { fields: { ac: limit, dc: limit } },
    charge_limit_ac: limit,
    charge_limit_dc: limit,
    windows: { fields: { front_left: { values: ['close', 'open', 'vent'] } } },
    horn: { values: ['PRESS'] },
  });
  expect(Object.keys(capabilitiesOfBridge({ climate: {} }))).toEqual(['climate']);
  expect(capabilitiesOfBridge({ climate: { fields: { defrost: {} } } })).toMatchObject({
    climate: { fields: { defrost: { values: [true, false] } } },
    climate_defrost: { values: ['on', 'off'] },
  });
});

test('one charge limit of its own is no pair', () => {
  const told: Capabilities = { charge_limits: { fields: { ac: { max: 90 } } } };
  expect(Object.keys(capabilitiesOfBridge(told))).toEqual(['charge_limits', 'charge_limit_ac']);
  expect(refusalOf({ name: 'charge_limits', ac: 80, dc: 80 }, told)?.code).toBe('unsupported');
  expect(refusalOf({ name: 'charge_limit_ac', percent: 100 }, told)?.code).toBe('invalid_payload');
});
