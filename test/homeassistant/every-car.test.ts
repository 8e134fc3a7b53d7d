import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  capabilitiesSchema,
  vendorCommandNames,
  type Capabilities,
} from '../../src/vehicle/capability.js';
import { leavesOf } from '../../src/vehicle/leaves.js';
import { seatLevels, type Drivetrain } from '../../src/vehicle/state.js';
import {
  aCar,
  announcedBy,
  simulatedCars,
  withGuarded,
  type AnnounceOptions,
  type CarOptions,
  type TestCar,
} from './cars.js';
import { faultsIn } from './checker.js';
import { configsIn, textIn, type DiscoveredEntity } from './discovered.js';
import { full } from './documents.js';
import { refusedOf } from './refusals.js';

const everyPath = leavesOf(full).map(([path]) => path);

/** Both forms are held to the rules; whatever an entity can send is something that the bridge takes. */
function expectSound(cars: readonly TestCar[], options: AnnounceOptions = {}): void {
  for (const form of ['device', 'component'] as const) {
    const published = announcedBy(cars, { ...options, form });
    expect(faultsIn(published, { isNewer: options.hasTimes === true })).toEqual([]);
  }
  expect(refusedOf(announcedBy(cars, options), cars, options)).toEqual([]);
}

function entitiesOf(cars: readonly TestCar[], options: AnnounceOptions = {}): DiscoveredEntity[] {
  return configsIn(announcedBy(cars, options), 'homeassistant').flatMap(({ entities }) => entities);
}

function keysOf(car: TestCar): string[] {
  const { vin } = car.announced.info();
  return entitiesOf([car])
    .filter(({ device }) => device['serial_number'] === (vin ?? undefined))
    .map(({ key }) => key);
}

const allowed: readonly (readonly [name: string, allow: readonly string[] | undefined])[] = [
  ['everything but what is guarded', undefined],
  ['everything', withGuarded],
  ['nothing', []],
  ['only to lock', ['refresh', 'lock:lock']],
  ['only to unlock', ['lock:unlock']],
  ['only single values', ['charge_limit_ac:80', 'climate_temperature:21', 'climate_duration:10']],
  ['only what stops', ['climate:stop', 'charge:stop', 'windows:close', 'charge_port:close']],
  ['only what starts', ['climate:start', 'charge:start', 'windows:open', 'charge_port:open']],
];

describe.each(allowed)('who allows %s', (_, allow) => {
  test.each(simulatedCars)('%s', (__, options) => {
    for (const told of [everyPath, [], undefined]) {
      const car = aCar({
        ...options,
        ...(told === undefined ? {} : { told }),
        ...(allow === undefined ? {} : { allow: [allow] }),
      });
      expectSound([car], { hasTimes: told === undefined });
    }
  });
});

const drivetrains: readonly (Drivetrain | null)[] = ['ev', 'phev', 'hev', 'ice', null];

test('the cars of a whole family, with several accounts', () => {
  const cars = simulatedCars.map(([, options], place) =>
    aCar({ ...options, alias: `car${String(place)}`, vendorId: `v-${String(place)}`, vin: null }),
  );
  expectSound(cars, { accounts: ['home', 'my-work', 'a_b'], baseTopic: 'cars/of/us' });
});

describe('names', () => {
  const names = [
    '아이오닉',
    '🚗',
    '🚙',
    '',
    null,
    'Ioniq 5',
    'ioniq  5',
    'IONIQ 5!',
    'Škoda_',
    '_',
  ];
  const cars = names.map((name, place) =>
    aCar({ name, vin: `KMHKR81E0NU00000${String(place)}`, vendorId: String(place) }),
  );

  test.each(names.map((name, place) => [name, cars[place]] as const))('%j alone', (_, car) => {
    expectSound(car === undefined ? [] : [car]);
  });

  test('all of them at once', () => {
    expectSound(cars);
    expectSound([...cars].reverse());
  });

  test('two cars of one name without a VIN', () => {
    const two = ['aaaa-1234', 'bbbb-1234'].map((vendorId) =>
      aCar({ name: 'Kona', vin: null, vendorId }),
    );
    expectSound(two);
  });

  test('a name that says nothing, beside one that is the model of the other', () => {
    expectSound([
      aCar({ name: '🚗' }),
      aCar({ name: 'Ioniq 5', vin: 'KMHKR81E0NU000009', vendorId: 'other' }),
    ]);
  });
});

describe('no entity', () => {
  /** What the lock, the windows and the climate of a car can be told. */
  const wordsFor = (options: CarOptions) => {
    const car = aCar({ ...options, told: everyPath });
    const texts = entitiesOf([car]).map(({ config }) => JSON.stringify(config));
    return (topic: string, word: string) =>
      texts.some((text) => text.includes(`/commands/${topic}"`) && text.includes(`"${word}"`));
  };

  test.each([[undefined], [['lock']], [['lock:lock']], [['lock', 'climate']]])(
    'can unlock a car of which %j is allowed',
    (allow) => {
      const can = wordsFor({ allow: [allow] });
      expect(can('lock', 'lock')).toBe(true);
      expect(can('lock', 'unlock')).toBe(false);
    },
  );

  test('can unlock unless every list has it', () => {
    const list = ['lock', 'lock:unlock'];
    expect(wordsFor({ allow: [list, list] })('lock', 'unlock')).toBe(true);
    expect(wordsFor({ allow: [list, ['lock']] })('lock', 'unlock')).toBe(false);
    expect(wordsFor({ allow: [list], readOnly: true })('lock', 'unlock')).toBe(false);
  });

  test('can open windows', () => {
    expect(wordsFor({})('windows', 'open')).toBe(false);
    expect(wordsFor({ allow: [['windows']] })('windows', 'open')).toBe(false);
    expect(wordsFor({ allow: [['windows', 'windows:open']] })('windows', 'open')).toBe(true);
  });

  test.each(drivetrains)('can start the engine of a car that is %s', (drivetrain) => {
    const startsWith = (allow: readonly string[] | undefined) => {
      const can = wordsFor({ drivetrain, allow: [allow] });
      return can('climate', 'auto') || can('climate', 'on') || can('climate', 'start');
    };
    expect(startsWith(undefined)).toBe(drivetrain === 'ev');
    expect(startsWith(['climate'])).toBe(drivetrain === 'ev');
    expect(startsWith(['climate', 'climate:start'])).toBe(true);
    expect(wordsFor({ drivetrain, allow: [undefined] })('climate', 'stop')).toBe(
      drivetrain !== 'ev',
    );
  });
});

test('what cannot be sent is shown all the same', () => {
  const keys = keysOf(aCar({ allow: [['refresh']], told: everyPath }));
  expect(keys).toEqual(
    expect.arrayContaining([
      ...['doors_unlocked', 'climate_on', 'charge_port_open', 'limit_ac_now', 'limit_dc_now'],
      ...['soc', 'charging', 'window_fl'],
    ]),
  );
  for (const key of ['doors_lock', 'lock', 'climate', 'charge', 'limit_ac', 'charge_port', 'horn'])
    expect(keys).not.toContain(key);
});

test('a car that has told nothing yet has what it can be asked', () => {
  const keys = keysOf(aCar({ told: [], allow: [withGuarded] }));
  expect(keys).toEqual(expect.arrayContaining(['doors_lock', 'climate', 'charge', 'soc', 'range']));
  for (const key of ['sunroof', 'window_fl', 'tyre_fl', 'energy_remaining', 'charge_port_open'])
    expect(keys).not.toContain(key);
});

test.each<[Drivetrain | null, { plug: boolean; engine: boolean; starterClass: boolean }]>([
  ['ev', { plug: true, engine: false, starterClass: false }],
  ['phev', { plug: true, engine: true, starterClass: false }],
  ['hev', { plug: false, engine: true, starterClass: true }],
  ['ice', { plug: false, engine: true, starterClass: true }],
  // Told everything, it has to be both.
  [null, { plug: true, engine: true, starterClass: false }],
])('what a car that is %s has', (drivetrain, { plug, engine, starterClass }) => {
  const car = aCar({ drivetrain, told: everyPath });
  const keys = keysOf(car);
  expect(keys.includes('soc')).toBe(plug);
  expect(keys.includes('fuel_level')).toBe(engine);
  const starter = entitiesOf([car]).find(({ key }) => key === 'aux_battery');
  expect(starter?.config['device_class']).toBe(starterClass ? 'battery' : undefined);
});

test('only the connection of the bridge has no availability; a car has that of the bridge too', () => {
  const car = aCar({ alias: 'car' });
  const without = entitiesOf([car], { accounts: ['a', 'b'] }).filter(
    ({ config }) => !('availability' in config),
  );
  expect(without.map(({ key }) => key)).toEqual(['connected']);
  const ofCar = entitiesOf([car]).find(({ key }) => key === 'soc');
  expect(ofCar?.config).toMatchObject({
    availability: [
      { topic: 'bluelink/bridge/availability' },
      { topic: 'bluelink/car/availability' },
    ],
    availability_mode: 'all',
  });
});

test('what is allowed of the bridge decides what can be sent to it', () => {
  for (const allow of [[], ['refresh'], ['polling'], ['reset_breaker', 'clear_queue', 'log_level']])
    expectSound([], { allow });
  const keys = entitiesOf([], { allow: ['poll_interval'] }).map(({ key }) => key);
  expect(keys).toContain('poll_interval');
  expect(keys).not.toContain('clear_queue');
});

test('a key has one platform, whatever the car', () => {
  const platforms = new Map<string, Set<string>>();
  for (const [, options] of simulatedCars) {
    for (const [, allow] of allowed) {
      const more = allow === undefined ? {} : { allow: [allow] };
      for (const told of [everyPath, []]) {
        const cars = [aCar({ ...options, ...more, told })];
        for (const { key, platform } of entitiesOf(cars, { hasTimes: true }))
          platforms.set(key, (platforms.get(key) ?? new Set()).add(platform));
      }
    }
  }
  const several = [...platforms].filter(([, all]) => all.size > 1);
  expect(several).toEqual([]);
  expect(platforms.size).toBeGreaterThan(100);
});

const seat = fc.uniqueArray(fc.constantFrom(...seatLevels), { minLength: 1 });
const range = fc.constantFrom(
  { min: 14, max: 30, step: 0.5, unit: '°C' },
  { min: 62, max: 82, step: 1, unit: '°F' },
  { min: 17, max: 27, step: 0.5, unit: 'C' },
  {},
);
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined });
const emptyOr = <T>(one: fc.Arbitrary<T>) => fc.oneof(fc.constant({}), one);
const fields = fc
  .record(
    {
      temperature: range,
      duration: emptyOr(fc.constant({ max: 10 })),
      defrost: emptyOr(fc.constant({ values: [true] })),
      'seats.front_left': emptyOr(fc.record({ values: seat })),
      'seats.rear_right': emptyOr(fc.record({ values: seat })),
    },
    { requiredKeys: [] },
  )
  .map((all) => ({ fields: all }));
const someOf = (...values: readonly (string | number)[]) =>
  emptyOr(fc.record({ values: fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 }) }));
/** As odd as a backend may tell them. */
const capabilities: fc.Arbitrary<Capabilities> = fc
  .record(
    {
      ...Object.fromEntries(vendorCommandNames.map((name) => [name, fc.constant({})])),
      lock: someOf('lock', 'unlock'),
      climate: fc.oneof(someOf('start', 'stop'), fields),
      charge: someOf('start', 'stop'),
      charge_limits: fc.constantFrom({}, { fields: { ac: {} } }, { fields: { ac: {}, dc: {} } }),
      charging_current: someOf(100, 90, 60),
      windows: someOf('open', 'close', 'vent'),
      charge_port: someOf('open', 'close'),
      schedule: fc.constantFrom(
        {},
        { fields: { enabled: { values: [true, false] } } },
        { fields: { 'climate.enabled': {} } },
        { fields: { enabled: { values: [true, false] }, offpeak_start: {}, offpeak_end: {} } },
      ),
    },
    { requiredKeys: [] },
  )
  .map((all) => capabilitiesSchema.parse(all));
const entries = [
  ...withGuarded,
  ...['refresh:cached', 'refresh:force', 'lock:lock', 'climate:stop', 'climate_temperature:21'],
  ...['climate_temperature:21.5', 'charge:start', 'charge:stop', 'charge_limit_ac:80'],
  ...['charge_limit_dc:90', 'charge_limit_dc:100', 'charging_current:100', 'windows:vent'],
  ...['windows:close', 'charge_port:open', 'climate_duration:10', 'climate_defrost:true'],
  ...['climate_defrost:on', 'climate_seat_front_left:heat_low', 'v2l_limit:40', 'polling'],
];
const list = maybe(fc.oneof(fc.uniqueArray(fc.constantFrom(...entries)), fc.constant(withGuarded)));
const told = fc.oneof(fc.constant(everyPath), fc.subarray(everyPath));

test('whatever a car can do, is allowed and has told, its entities are sound and send nothing else', () => {
  const cars = fc.record({
    capabilities,
    told,
    allow: fc.array(list, { minLength: 1, maxLength: 3 }),
    readOnly: fc.boolean(),
    drivetrain: fc.constantFrom(...drivetrains),
    region: fc.constantFrom('europe', 'usa'),
    index: fc.nat(3),
  });
  fc.assert(
    fc.property(cars, list, fc.boolean(), (options, allow, hasTimes) => {
      const car = aCar(options);
      expectSound([car], { hasTimes, ...(allow === undefined ? {} : { allow }) });
      const keys = keysOf(car);
      const shown = keys.filter((key) => ['doors_lock', 'doors_unlocked'].includes(key));
      expect(shown).toHaveLength(1);
    }),
    { numRuns: 150 },
  );
}, 60_000);

test('the ids of a car stay, whatever its topics, its name and its values are', () => {
  const idsOf = (options: CarOptions) =>
    entitiesOf([aCar({ told: everyPath, ...options })])
      .filter(({ device }) => device['serial_number'] !== undefined)
      .map(({ config }) => textIn(config['unique_id']));
  expect(idsOf({ alias: 'mine', name: 'Mine' })).toEqual(idsOf({}));
});
