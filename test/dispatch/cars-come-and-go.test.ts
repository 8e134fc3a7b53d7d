import { expect, onTestFinished, test } from 'vitest';
import { Vehicles, type VehiclesOptions } from '../../src/dispatch/vehicles.js';
import type { KnownVehicle } from '../../src/vehicle/known-vehicle.js';
import type { ListedVehicle } from '../../src/vehicle/task.js';
import { seconds } from '../homeassistant/announced-world.js';
import { settle, useFakeClock } from './fake-clock.js';
import { aReport } from './a-remote-car.js';

const clock = useFakeClock();
const hour_s = 3600;
const vin = 'KMHXX00XXXX000000';

function aListed(id: string): ListedVehicle {
  const unknown = { name: null, model: null, year: null, brand: null, drivetrain: null };
  return { id, vin: null, ...unknown };
}

function cars(options: Partial<VehiclesOptions> = {}) {
  const said: string[] = [];
  const stored: (readonly KnownVehicle[])[] = [];
  const vehicles = new Vehicles({
    clock,
    known: undefined,
    readings: new Map(),
    setPoints: new Map(),
    settings: {},
    staleAfter_ms: 3_600_000,
    account: () => ({ region: 'x', account: 'home', backend: 'x', library: null }),
    permissionsOf: () => ({ allow: [], readOnly: false }),
    usable: () => true,
    putVehicles: (known) => {
      stored.push(known);
      return Promise.resolve();
    },
    putReading: () => Promise.resolve(),
    putSetPoints: () => Promise.resolve(),
    output: {
      state: ({ id }) => said.push(`${id} state`),
      info: ({ id }) => said.push(`${id} info`),
      availability: (id, online) => said.push(`${id} ${online ? 'online' : 'offline'}`),
      carsChanged: () => said.push('changed'),
    },
    retry: { initial_ms: 100, factor: 2, max_ms: 1000, jitter: 0 },
    onStoreTrouble: () => undefined,
    ...options,
  });
  onTestFinished(() => {
    vehicles.stop();
  });
  const read = async (id: string, toldVin: string | null = null): Promise<void> => {
    const report = { ...aReport(clock), vin: toldVin };
    const polled_at = new Date(clock.now()).toISOString();
    vehicles.read(id, { operation: 'cached', report, polled_at });
    await settle();
  };
  const names = () => vehicles.names.map(({ topic_id }) => topic_id);
  const announced = () =>
    vehicles.announced.map(({ info, ...car }) => ({ ...car, topic_id: info().id, info: info() }));
  return { vehicles, said, stored, read, names, announced };
}

test('a car that is gone is offline at once, given up after two days without a further list, and back as it was', async () => {
  const { vehicles, said, read, names, announced } = cars();
  vehicles.listed([aListed('one'), aListed('two')]);
  await read('one');
  await read('two');
  const before = announced();
  said.length = 0;
  vehicles.listed([aListed('one')]);
  await settle();
  expect(said).toContain('two offline');
  await seconds(47 * hour_s);
  expect(names()).toEqual(['one', 'two']);
  said.length = 0;
  await seconds(1.1 * hour_s);
  expect(names()).toEqual(['one']);
  expect(said.filter((word) => word === 'changed')).toHaveLength(1);
  expect(announced().map(({ topic_id }) => topic_id)).toEqual(['one']);
  vehicles.listed([aListed('one'), aListed('two')]);
  await settle();
  expect(said).toEqual(expect.arrayContaining(['two online', 'two info', 'two state']));
  expect(announced()).toEqual(before);
});

test('what a store of an older version did not know is learnt from the last reading', () => {
  const old = { topic_id: 'one', listed: aListed('one'), name: null, enabled: true };
  const report = { ...aReport(clock), vin };
  const polled_at = new Date(clock.now()).toISOString();
  const { vehicles, announced } = cars({
    known: [{ ...old, gone_at: null, identity: null, told: [] }],
    readings: new Map([['one', { report, polled_at, source: 'cached' }]]),
  });
  expect(announced()).toMatchObject([{ identity: vin.toLowerCase(), topic_id: 'one' }]);
  expect(vehicles.announced[0]?.told).toContain('odometer_km');
});

test('a VIN that comes with the first reading makes no second car, and an alias by it takes effect', async () => {
  const { vehicles, read, names, announced } = cars({
    settings: { [vin]: { alias: 'ev6', enabled: true } },
  });
  vehicles.listed([aListed('one')]);
  await settle();
  expect([names(), vehicles.announced]).toEqual([['one'], []]);
  await read('one', vin);
  expect(announced()).toMatchObject([{ identity: vin.toLowerCase(), topic_id: 'ev6' }]);
  vehicles.listed([{ ...aListed('one'), vin }]);
  expect(announced()).toMatchObject([{ identity: vin.toLowerCase(), topic_id: 'ev6' }]);
});

test('first readings of many cars are one write and one document for each car', async () => {
  const ids = Array.from({ length: 50 }, (_, nth) => `car${String(nth)}`);
  const { vehicles, said, stored, read } = cars();
  vehicles.listed(ids.map(aListed));
  await settle();
  said.length = 0;
  stored.length = 0;
  for (const id of ids) await read(id);
  await seconds(2);
  expect(said.filter((word) => word === 'car7 info')).toHaveLength(1);
  expect(stored).toHaveLength(1);
  expect(stored[0]?.every(({ identity, told }) => identity !== null && told.length > 0)).toBe(true);
});

test('what was learnt just before the end is stored', async () => {
  const { vehicles, stored, read } = cars();
  vehicles.listed([aListed('one')]);
  await settle();
  await read('one', vin);
  vehicles.stop();
  expect(stored.at(-1)).toMatchObject([{ identity: vin.toLowerCase() }]);
});
