import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applySettings,
  isCalled,
  isGivenUp,
  learnt,
  mergeVehicles,
  type KnownVehicle,
} from '../../src/vehicle/known-vehicle.js';
import { aReport } from '../dispatch/a-remote-car.js';
import type { VehicleReport } from '../../src/vehicle/state.js';
import type { ListedVehicle } from '../../src/vehicle/task.js';

const vin = 'KMHXX00XXXX000000';
const now = Date.parse('2026-11-23T06:00:00Z');

function listed(more: Partial<ListedVehicle> = {}): ListedVehicle {
  const unknown = { name: null, model: null, year: null, brand: null, drivetrain: null };
  return { id: 'vendor-1', vin, ...unknown, ...more };
}

const first = (cars: readonly KnownVehicle[]): KnownVehicle => {
  const [car] = cars;
  if (car === undefined) throw new Error('no car');
  return car;
};

describe('the topic id', () => {
  test('is the alias, else the VIN in lower case, else the id of the vendor', () => {
    const settings = { [vin]: { alias: 'ioniq5', enabled: true } };
    expect(first(mergeVehicles([], [listed()], settings, now)).topic_id).toBe('ioniq5');
    expect(first(mergeVehicles([], [listed()], {}, now)).topic_id).toBe(vin.toLowerCase());
    expect(first(mergeVehicles([], [listed({ vin: null })], {}, now)).topic_id).toBe('vendor-1');
  });

  test('is one level of letters that MQTT and Home Assistant take, and never "bridge"', () => {
    const ids = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('bridge', 'BRIDGE', 'a/b'));
    fc.assert(
      fc.property(ids, (id) => {
        const { topic_id } = first(mergeVehicles([], [listed({ id, vin: null })], {}, now));
        expect(topic_id).toMatch(/^[a-z0-9_-]{1,64}$/);
        expect(topic_id).not.toBe('bridge');
      }),
      { numRuns: 1000 },
    );
  });

  test('stays what it was when the VIN is learnt later', () => {
    const known = mergeVehicles([], [listed({ vin: null })], {}, now);
    const later = first(mergeVehicles(known, [listed()], {}, now));
    expect([later.topic_id, later.listed.vin]).toEqual(['vendor-1', vin]);
    const restarted = applySettings([later], {});
    expect(first(mergeVehicles(restarted, [listed({ vin: null })], {}, now))).toEqual(later);
  });
});

test('a car that is no longer listed is kept, and comes back as it was', () => {
  const known = mergeVehicles([], [listed(), listed({ id: 'vendor-2', vin: null })], {}, now);
  const gone = mergeVehicles(known, [listed()], {}, now);
  expect(gone.map(({ listed: { id }, gone_at }) => [id, gone_at])).toEqual([
    ['vendor-1', null],
    ['vendor-2', now],
  ]);
  expect(mergeVehicles(gone, [listed(), listed({ id: 'vendor-2', vin: null })], {}, now)).toEqual(
    known,
  );
});

test('a car is given up when it has been away for two days, however often the list lacked it', () => {
  const hour_ms = 3_600_000;
  const known = mergeVehicles([], [listed()], {}, now);
  expect(isGivenUp(first(known), now + 1000 * hour_ms)).toBe(false);
  const gone = mergeVehicles(mergeVehicles(known, [], {}, now), [], {}, now + 47 * hour_ms);
  expect(isGivenUp(first(gone), now + 47 * hour_ms)).toBe(false);
  expect(isGivenUp(first(gone), now + 48 * hour_ms)).toBe(true);
});

describe('what others know a car by', () => {
  const told: VehicleReport = aReport({ now: () => now, monotonic: () => 0 });
  const report = (of: string | null): VehicleReport => ({ ...told, vin: of });

  test.each([
    ['the VIN of the list', vin, null, vin.toLowerCase()],
    ['the VIN that its first reading told', null, vin, vin.toLowerCase()],
    ['the id of its maker, where nothing tells a VIN', null, null, 'vendor-1'],
  ])('is %s, and stays that', (_what, ofList, ofReading, identity) => {
    const car = first(mergeVehicles([], [listed({ vin: ofList })], {}, now));
    expect(car.identity).toBeNull();
    const read = learnt(car, report(ofReading), undefined);
    expect(read.identity).toBe(identity);
    expect(learnt(read, report(vin), undefined).identity).toBe(identity);
    const again = mergeVehicles(
      [read],
      [listed()],
      { [vin]: { alias: 'new', enabled: true } },
      now,
    );
    expect(first(again)).toMatchObject({ identity, topic_id: 'new' });
  });

  test('are the values that it has ever told, also those that are unknown now', () => {
    const car = first(mergeVehicles([], [listed()], {}, now));
    const once = learnt(car, { ...told, range_km: null }, undefined);
    expect([once.told.includes('odometer_km'), once.told.includes('range_km')]).toEqual([
      true,
      false,
    ]);
    const later = learnt(once, { ...told, odometer_km: null }, undefined);
    expect(later.told).toEqual(expect.arrayContaining(['odometer_km', 'range_km']));
    expect(learnt(later, { ...told, odometer_km: null, range_km: null }, undefined)).toEqual(later);
  });
});

test('settings are found by the VIN in any case and by the id of the vendor', () => {
  for (const key of [vin, vin.toLowerCase(), 'vendor-1']) {
    const car = first(
      mergeVehicles([], [listed()], { [key]: { name: 'Blue', enabled: false } }, now),
    );
    expect([car.name, car.enabled]).toEqual(['Blue', false]);
  }
});

test('a configuration that has changed since holds for what is known', () => {
  const known = mergeVehicles(
    [],
    [listed({ name: 'Listed' })],
    {
      [vin]: { alias: 'old', enabled: false },
    },
    now,
  );
  expect(first(applySettings(known, {}))).toMatchObject({
    ...{ topic_id: 'old', name: 'Listed', enabled: true },
  });
  expect(first(applySettings(known, { [vin]: { alias: 'new', enabled: true } }))).toMatchObject({
    topic_id: 'new',
  });
});

test.each([
  ['ioniq5', true],
  [vin, true],
  [vin.toLowerCase(), true],
  ['vendor-1', true],
  ['VENDOR-1', false],
  ['IONIQ5', false],
  ['', false],
  ['null', false],
])('a car is called %j: %s', (id, isCar) => {
  const settings = { [vin]: { alias: 'ioniq5', enabled: true } };
  expect(isCalled(first(mergeVehicles([], [listed()], settings, now)), id)).toBe(isCar);
});

test('a car without a VIN is not called undefined', () => {
  const car = first(mergeVehicles([], [listed({ vin: null })], {}, now));
  for (const id of ['', 'undefined', 'null']) expect(isCalled(car, id)).toBe(false);
});
