import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applySettings,
  isCalled,
  mergeVehicles,
  type KnownVehicle,
} from '../../src/vehicle/known-vehicle.js';
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
