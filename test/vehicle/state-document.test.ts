import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { schemas } from '../../src/cli/schema.js';
import type { KnownVehicle } from '../../src/vehicle/known-vehicle.js';
import { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import {
  idle,
  newerReading,
  stateDocument,
  type LastReading,
} from '../../src/vehicle/state-document.js';
import { stateDocumentSchema, type VehicleReport } from '../../src/vehicle/state.js';

const start = Date.UTC(2026, 10, 22, 10, 0, 0);
const utc = (minute: number): string => new Date(start + minute * 60_000).toISOString();
const report = SimulatedCar.create({ index: 0, seed: 7 }, { now: () => start }).report();

function aReading(more: Partial<LastReading> & { of?: Partial<VehicleReport> } = {}): LastReading {
  const { of = {}, ...own } = more;
  return { polled_at: utc(0), source: 'cached', report: { ...report, ...of }, ...own };
}

const minutes = fc.integer({ min: 0, max: 50 });
const readings = fc.array(
  fc
    .record({
      reported: fc.option(minutes),
      polled: minutes,
      located: fc.option(minutes),
      odometer_km: fc.option(fc.integer({ min: 1, max: 9 })),
      source: fc.constantFrom('cached' as const, 'force' as const),
    })
    .map(({ reported, polled, located, odometer_km, source }) =>
      aReading({
        source,
        polled_at: utc(polled),
        of: {
          reported_at: reported === null ? null : utc(reported),
          odometer_km,
          location: {
            latitude: located,
            longitude: located,
            accuracy_m: null,
            at: located === null ? null : utc(located),
          },
        },
      }),
    ),
  { minLength: 2, maxLength: 12 },
);

test('whatever is read in whatever order, what is published never goes back', () => {
  const isAtLeast = (later: string | null, earlier: string | null): boolean =>
    earlier === null || (later !== null && Date.parse(later) >= Date.parse(earlier));
  fc.assert(
    fc.property(readings, (all) => {
      let held: LastReading | undefined;
      for (const read of all) {
        const next = newerReading(held, read);
        if (held !== undefined) {
          expect(isAtLeast(next.report.reported_at, held.report.reported_at)).toBe(true);
          expect(isAtLeast(next.polled_at, held.polled_at)).toBe(true);
          expect(isAtLeast(next.report.location.at, held.report.location.at)).toBe(true);
          if (held.report.odometer_km !== null) expect(next.report.odometer_km).not.toBeNull();
        }
        held = next;
      }
    }),
    { numRuns: 1000 },
  );
});

test('an older reading changes nothing but the time of the poll', () => {
  const held = aReading({ of: { reported_at: utc(10) }, polled_at: utc(11) });
  const old = aReading({ of: { reported_at: utc(9), odometer_km: 1 }, polled_at: utc(12) });
  expect(newerReading(held, old)).toEqual({ ...held, polled_at: utc(12) });
});

test('a read that leaves position and odometer out takes them from nobody', () => {
  const held = aReading({ of: { reported_at: utc(1), odometer_km: 500 } });
  const nowhere = { latitude: null, longitude: null, accuracy_m: null, at: null };
  const read = aReading({ of: { reported_at: utc(2), odometer_km: null, location: nowhere } });
  expect(newerReading(held, read).report).toMatchObject({
    ...{ odometer_km: 500, location: held.report.location, reported_at: utc(2) },
  });
});

test.each([
  ['the same report', utc(1), 'force'],
  ['a newer report', utc(2), 'cached'],
])('a cached read of %s after a wake leaves the source as it is due', (_, reported_at, source) => {
  const held = aReading({ of: { reported_at: utc(1) }, source: 'force' });
  expect(newerReading(held, aReading({ of: { reported_at } })).source).toBe(source);
});

const car: KnownVehicle = {
  topic_id: 'ioniq5',
  listed: {
    ...{ id: 'vendor', vin: 'kmhxx00xxxx000000', name: 'Listed', model: 'IONIQ 5', year: 2024 },
    ...{ brand: 'hyundai', drivetrain: 'ev' },
  },
  name: 'My car',
  enabled: true,
  gone_at: null,
  identity: null,
  told: [],
};

test('what only the list of cars tells is not left out', () => {
  const unknown = { vin: null, brand: null, model: null, year: null, drivetrain: null };
  const document = stateDocument(car, aReading({ of: unknown }), idle, false);
  expect(document).toMatchObject({
    ...{ schema: 1, id: 'ioniq5', name: 'My car', vin: 'KMHXX00XXXX000000' },
    ...{ brand: 'hyundai', model: 'IONIQ 5', year: 2024, drivetrain: 'ev' },
  });
});

test('every document of every simulated car fits the JSON Schema that ships', () => {
  const validate = new Ajv2020({ strict: false, formats: { 'date-time': true } }).compile(
    schemas().state as object,
  );
  for (const brand of ['hyundai', 'kia', 'genesis']) {
    for (let index = 0; index < 6; index += 1) {
      const one = SimulatedCar.create({ index, seed: 3, brand }, { now: () => start });
      one.wake();
      const reading = aReading({ of: one.report() });
      const document = stateDocument(car, reading, idle, index % 2 === 0);
      expect(stateDocumentSchema.parse(document)).toEqual(document);
      expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
    }
  }
});

test('the JSON Schema asks for every key, and takes none that the contract does not name', () => {
  const validate = new Ajv2020({ strict: false, formats: { 'date-time': true } }).compile(
    schemas().state as object,
  );
  const document = stateDocument(car, aReading(), idle, false);
  for (const key of Object.keys(document)) {
    const without = Object.fromEntries(Object.entries(document).filter(([one]) => one !== key));
    expect(validate(without), `without ${key}`).toBe(false);
  }
  expect(validate({ ...document, speed: 3 })).toBe(false);
  expect(validate({ ...document, ev: { ...document.ev, soc: 255 } })).toBe(false);
  expect(validate({ ...document, lock: { state: '' } })).toBe(false);
});
