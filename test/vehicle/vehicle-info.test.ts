import { expect, test } from 'vitest';
import type { KnownVehicle } from '../../src/vehicle/known-vehicle.js';
import { vehicleInfo, type InfoLimits } from '../../src/vehicle/vehicle-info.js';

const car: KnownVehicle = {
  topic_id: 'ioniq5',
  listed: {
    id: 'v-1',
    vin: 'kmhtest0000000001',
    name: 'Ioniq',
    model: 'Ioniq 5',
    year: 2024,
    brand: 'hyundai',
    drivetrain: null,
  },
  name: 'Ours',
  enabled: true,
  gone_at: null,
  identity: null,
  told: [],
};
const account = { region: 'europe', account: 'home', backend: 'simulator', library: null };

function commandsOf(limits: Partial<InfoLimits>) {
  const rest = { capabilities: {}, drivetrain: 'ev', allow: [], readOnly: false } as const;
  return vehicleInfo(car, account, { ...rest, ...limits }).commands;
}

const capabilities: InfoLimits['capabilities'] = {
  lock: {},
  climate: { fields: { temperature: { min: 17, max: 18, step: 0.5, unit: 'C' } } },
  charge_limits: {},
  windows: { fields: { front_left: {} } },
  horn: {},
  trips: {},
};

test('who the car is, with the drivetrain that is known by now', () => {
  const limits = { capabilities: {}, drivetrain: 'phev', allow: [], readOnly: false } as const;
  expect(vehicleInfo(car, account, limits)).toEqual({
    schema: 1,
    id: 'ioniq5',
    vin: 'KMHTEST0000000001',
    name: 'Ours',
    brand: 'hyundai',
    model: 'Ioniq 5',
    year: 2024,
    drivetrain: 'phev',
    ...account,
    commands: {
      refresh: {
        values: ['cached', 'force', 'smart'],
        fields: { max_age: { min: 1, max: 604_800, unit: 's' } },
        allowed: true,
      },
    },
  });
});

test('without lists everything is allowed but the guarded values', () => {
  const commands = commandsOf({ capabilities, allow: [undefined, undefined] });
  expect(commands).toMatchObject({
    refresh: { allowed: true },
    lock: { values: ['lock'], allowed: true },
    climate: { values: ['start', 'stop'], allowed: true },
    climate_temperature: { min: 17, max: 18, step: 0.5, unit: 'C', allowed: true },
    charge_limit_ac: { min: 50, max: 100, allowed: true },
    charge_limits: { fields: { ac: { min: 50 } }, allowed: true },
    windows: {
      values: ['close', 'vent'],
      fields: { front_left: { values: ['close', 'vent'] } },
      allowed: true,
    },
    horn: { values: ['PRESS'], allowed: true },
    trips: { allowed: true },
  });
  expect(Object.keys(commands)).not.toContain('charge');
});

test('the climate of a car that may have an engine can only be stopped', () => {
  const climate = { values: ['stop'], allowed: true };
  expect(commandsOf({ capabilities, drivetrain: null })).toMatchObject({ climate });
});

test('values are those that the lists allow, or all where none is', () => {
  const allow = [
    [
      'refresh:cached',
      'lock:unlock',
      'climate_temperature:17.5',
      'charge_limit_dc:80',
      'windows:open',
    ],
  ];
  const commands = commandsOf({ capabilities, allow });
  expect(commands).toMatchObject({
    refresh: { values: ['cached'], allowed: true },
    lock: { values: ['unlock'], allowed: true },
    climate: { values: ['start', 'stop'], allowed: false },
    charge_limit_ac: { min: 50, max: 100, step: 10, unit: '%', allowed: false },
    windows: { values: ['open'], fields: { front_left: { values: ['open'] } }, allowed: true },
    horn: { values: ['PRESS'], allowed: false },
    trips: { allowed: false },
  });
  expect(commands['climate_temperature']).toEqual({ values: [17.5], unit: 'C', allowed: true });
  expect(commands['charge_limit_dc']).toEqual({ values: [80], unit: '%', allowed: true });
});

test('who may only read has reads and jobs', () => {
  const allow = [['refresh', 'lock', 'lock:unlock', 'trips']];
  expect(commandsOf({ capabilities, allow, readOnly: true })).toMatchObject({
    refresh: { allowed: true },
    trips: { allowed: true },
    lock: { values: ['lock', 'unlock'], allowed: false },
    climate: { allowed: false },
  });
});
