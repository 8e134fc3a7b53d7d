import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type CarFacts, vehicleReport } from '../../../src/backends/bluelinky/report.js';
import { vehicleReportSchema } from '../../../src/vehicle/state.js';

const ev: CarFacts = {
  id: '1',
  vin: 'KMH00000000000001',
  name: 'Car',
  model: 'IONIQ 5',
  year: 2024,
  drivetrain: 'ev',
};
const phev: CarFacts = { ...ev, drivetrain: 'phev' };
const ice: CarFacts = { ...ev, drivetrain: 'ice' };
const polledAt = Date.parse('2026-11-22T12:00:00Z');

const report = (car: CarFacts, status: unknown, odometer: unknown = 10_000) =>
  vehicleReportSchema.parse(vehicleReport(car, status, odometer, polledAt));

const charging = {
  dateTime: '2026-11-22T11:59:30Z',
  evStatus: {
    batteryStatus: 60,
    batteryCharge: true,
    batteryPlugin: 3,
    batteryStndChrgPower: 7.2,
    batteryFstChrgPower: 0,
    drvDistance: [
      {
        rangeByFuel: {
          evModeRange: { value: 100, unit: 3 },
          gasModeRange: { value: 200, unit: 3 },
          totalAvailableRange: { value: 300, unit: 1 },
        },
      },
    ],
    remainTime2: { atc: { value: 90 }, etc1: { value: 0 }, etc2: { value: 65535 } },
    reservChargeInfos: {
      targetSOClist: [
        { plugType: 0, targetSOClevel: 80 },
        { plugType: 1, targetSOClevel: 0 },
      ],
    },
  },
  fuelLevel: 40,
  lowFuelLight: false,
};

test('a battery that charges', () => {
  expect(report(phev, charging)).toMatchObject({
    reported_at: '2026-11-22T11:59:30.000Z',
    odometer_km: 16_093.4,
    range_km: 300,
    ev: {
      soc: 60,
      range_km: 160.9,
      charging: true,
      plugged: true,
      plug_type: null,
      charge_state: 'charging',
      status: 'C',
      charge_power_kw: 7.2,
      minutes_to_limit: 90,
      finish_at: '2026-11-22T13:30:00.000Z',
      minutes_fast: null,
      minutes_portable: null,
      limit_ac: null,
      limit_dc: 80,
    },
    fuel: { level: 40, range_km: 321.9, low: false },
  });
});

test('what a car without a plug, or without a tank, says of one is not true', () => {
  expect(report(ice, charging).ev.soc).toBeNull();
  expect(report(ev, charging).fuel).toEqual({ level: null, range_km: null, low: null });
  const unknown = { ...ev, drivetrain: null };
  expect(report(unknown, charging)).toMatchObject({ ev: { soc: 60 }, fuel: { level: null } });
  expect(report(unknown, { fuelLevel: 30 })).toMatchObject({
    ev: { soc: null },
    fuel: { level: 30 },
  });
});

test.each([
  ['unplugged', { batteryPlugin: 0, batteryCharge: true }, ['disconnected', 'A', 'none']],
  ['full', { batteryPlugin: 1, batteryCharge: false, batteryStatus: 85 }, ['connected', 'B', null]],
  ['fast', { batteryPlugin: 1, realTimePower: 150, batteryCharge: true }, ['charging', 'C', 'dc']],
  ['silent', { batteryPlugin: undefined, batteryCharge: undefined }, [null, null, null]],
])('a plug that is %s', (_, part, [charge_state, status, plug_type]) => {
  const evStatus = { ...charging.evStatus, ...part };
  expect(report(ev, { ...charging, evStatus }).ev).toMatchObject({
    charge_state,
    status,
    plug_type,
  });
});

test('what only means "not known" is null', () => {
  expect(
    report(
      ev,
      {
        dateTime: '2000-01-01T00:00:00Z',
        vehicleLocation: { coord: { lat: 0, lon: 0 }, time: '20261122110000' },
        tirePressure: { tirePressureFrontLeft: 255, tirePressureFrontRight: 36 },
        airTemp: { value: 'LO', unit: 1 },
        battery: { batSoc: 255 },
      },
      0,
    ),
  ).toMatchObject({
    reported_at: null,
    odometer_km: null,
    location: { latitude: null, longitude: null, at: null },
    tyres: { front_left_kpa: null, front_right_kpa: 248, warning: null },
    climate: { target: null, unit: 'F', mode: null },
    aux_battery: { level: null },
  });
});

test('a clock that runs ahead is set back', () => {
  const at = (dateTime: string) => report(ev, { dateTime }).reported_at;
  expect(at('2026-11-22T12:04:00Z')).toBe('2026-11-22T12:04:00.000Z');
  expect(at('2026-11-22T12:06:00Z')).toBe('2026-11-22T12:00:00.000Z');
  expect(at('2026-11-22T11:00:00-05:00')).toBe('2026-11-22T11:00:00.000Z');
});

test.each([null, undefined, 'odd', [], 7, { evStatus: [], doorOpen: 'odd', windowOpen: null }])(
  'a status that is %j makes a whole report',
  (status) => {
    const unknown = { ...ev, drivetrain: null, vin: null };
    expect(report(unknown, status)).toMatchObject({ reported_at: null, ev: { soc: null } });
  },
);

const recording = fileURLToPath(
  new URL('../../../../shared/fixtures/us_hyundai_ioniq_5_2024_cached.json', import.meta.url),
);

test.skipIf(!existsSync(recording))('the reply of a real car', () => {
  const { vehicleStatus } = JSON.parse(readFileSync(recording, 'utf8')) as Record<string, unknown>;
  expect(report(ev, vehicleStatus)).toMatchObject({
    reported_at: '2024-09-01T12:00:00.000Z',
    lock: { state: 'locked' },
    doors: { front_left: false, trunk: false, hood: false },
    windows: { all: 'closed', sunroof: null },
    climate: { mode: 'off', target: 72, unit: 'F', seat_status: { front_left: 'off' } },
    location: { latitude: 34.0522, longitude: -118.2437, at: '2024-09-01T12:00:00.000Z' },
    engine_running: false,
    range_km: 386.2,
    aux_battery: { level: 92 },
    tyres: { front_left_kpa: null, warning: false },
    ev: {
      soc: 85,
      range_km: 386.2,
      charging: false,
      plugged: false,
      plug_type: 'none',
      charge_state: 'disconnected',
      charge_power_kw: 0,
      minutes_to_limit: null,
      limit_ac: 100,
      limit_dc: 80,
    },
    fuel: { level: null },
  });
});
