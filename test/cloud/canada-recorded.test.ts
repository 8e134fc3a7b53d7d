import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { hasTestPython } from '../support/python.js';
import { status } from './canada-payload.js';
import { canadaOk } from './canada-replies.js';
import { carOf, known, signInToCanada } from './canada-world.js';
import { at, compactTime } from './wire.js';

const file = fileURLToPath(
  new URL('../../../shared/fixtures/ca_kia_niro_ev_2022_cached.json', import.meta.url),
);

describe.skipIf(!existsSync(file))('a recorded reply of a car in Canada', () => {
  const recorded = () => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;

  test('what the simulated car tells too has the same form there', () => {
    const clock = { now: () => Date.now(), report_step_ms: 1000 };
    const car = SimulatedCar.create({ index: 0, seed: 3, brand: 'kia' }, clock);
    const ours = formsOf(status(car, 'UTC'));
    const theirs = formsOf(at(recorded(), 'status'));
    const shared = [...ours.keys()].filter((path) => theirs.has(path));
    expect(shared).toEqual(expect.arrayContaining(['.lastStatusDate', '.evStatus.batteryStatus']));
    expect(shared.length).toBeGreaterThan(40);
    for (const path of shared) expect([path, ours.get(path)]).toEqual([path, theirs.get(path)]);
  });

  test.skipIf(!hasTestPython)('the library reads it', async () => {
    const { cloud, account, library } = await signInToCanada();
    const reply = canadaOk({
      status: { ...(at(recorded(), 'status') as object), lastStatusDate: compactTime(Date.now()) },
    });
    cloud.fault({ operation: 'cached', effect: { is: 'reply', reply } });
    const car = carOf(account);
    await library.result('update_vehicle_with_cached_state', car.identity.id);
    const seen = await known(library, car);
    expect(seen).toMatchObject({
      ev_battery_percentage: at(recorded(), 'status', 'evStatus', 'batteryStatus'),
      car_battery_percentage: at(recorded(), 'status', 'battery', 'batSoc'),
      is_locked: at(recorded(), 'status', 'doorLock'),
    });
  });
});

/** The type of each value that is no object, by its path. */
function formsOf(value: unknown, path = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[path, typeof value]]);
  return new Map(
    Object.entries(value).flatMap(([key, one]) => [...formsOf(one, `${path}.${key}`)]),
  );
}
