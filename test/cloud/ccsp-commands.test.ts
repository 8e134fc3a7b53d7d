import { beforeAll, describe, expect, test } from 'vitest';
import type { CarCommand } from '../../src/vehicle/simulated-command.js';
import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { tripsOf } from '../../src/vehicle/simulated-trips.js';
import { hasOldLibrary, hasTestPython, requireTestPython } from '../support/python.js';
import { onTeardown } from '../support/teardown.js';
import type { CcspAccount } from './ccsp/account.js';
import { type CcspCredentials, type Cloud, startCloud } from './cloud.js';
import { LibraryClient } from './library-client.js';
import { at } from './wire.js';

type Credentials = Omit<CcspCredentials<never>, 'brand'>;

/** What is said to the library, and what the car makes of it. */
interface Told {
  readonly call: string;
  readonly args?: readonly unknown[];
  readonly does: CarCommand;
  readonly pin?: boolean;
}

interface Place {
  readonly place: string;
  /** The library's numbers. */
  readonly region: number;
  readonly brand: number;
  readonly add: (cloud: Cloud, owner: Credentials) => CcspAccount;
  readonly commands: readonly Told[];
  /** What the library makes of a refusal, where it does not name each of them. */
  readonly refusedAs?: string;
  readonly wrongPin: string;
}

const session = { pin: false } as const;
const withPin = { pin: true } as const;

const lock = (pin: boolean): Told[] => [
  { call: 'unlock', does: { name: 'lock', value: 'unlock' }, pin },
  { call: 'lock', does: { name: 'lock', value: 'lock' }, pin },
];
const charge = (pin: boolean): Told[] => [
  { call: 'stop_charge', does: { name: 'charge', value: 'stop' }, pin },
  { call: 'start_charge', does: { name: 'charge', value: 'start' }, pin },
];
const chargeLimits: Told = {
  call: 'set_charge_limits',
  args: [90, 80],
  does: { name: 'charge_limits', ac: 90, dc: 80 },
  ...session,
};
const current: Told = {
  call: 'set_charging_current',
  args: [3],
  does: { name: 'charging_current', percent: 60 },
  ...session,
};
const v2l: Told = {
  call: 'set_vehicle_to_load_discharge_limit',
  args: [45],
  does: { name: 'v2l_limit', percent: 45 },
  ...session,
};
const windows: Told = {
  call: 'set_windows_state',
  args: [{ front_left: 1, front_right: 0, back_left: 2, back_right: 0 }],
  does: {
    name: 'windows',
    windows: { front_left: 'open', front_right: 'close', rear_left: 'vent', rear_right: 'close' },
  },
  ...withPin,
};
const port = (pin: boolean): Told[] => [
  { call: 'close_charge_port', does: { name: 'charge_port', value: 'close' }, pin },
  { call: 'open_charge_port', does: { name: 'charge_port', value: 'open' }, pin },
];
const lights: Told = { call: 'start_hazard_lights', does: { name: 'lights' }, ...withPin };
const horn: Told = { call: 'start_hazard_lights_and_horn', does: { name: 'horn' }, ...withPin };
const valet: readonly Told[] = [
  { call: 'start_valet_mode', does: { name: 'valet_mode', value: 'start' }, ...withPin },
  { call: 'stop_valet_mode', does: { name: 'valet_mode', value: 'stop' }, ...withPin },
];
const navigation: Told = {
  call: 'set_navigation',
  args: [[{ name: 'Harbour', addr: '1 Quay St', coord: { lat: -36.84, lon: 174.77 } }]],
  does: {
    name: 'navigation',
    pois: [{ name: 'Harbour', address: '1 Quay St', latitude: -36.84, longitude: 174.77 }],
  },
  ...withPin,
};
const stopClimate: Told = {
  call: 'stop_climate',
  does: { name: 'climate', value: 'stop' },
  ...withPin,
};
const startByCode: Told = {
  call: 'start_climate',
  args: [{ set_temp: 19.5, duration: 7, defrost: true, heating: 2 }],
  does: {
    name: 'climate',
    value: 'start',
    target_c: 19.5,
    duration_min: 7,
    defrost: true,
    rear_window_heat: true,
    steering_wheel_heat: false,
  },
  ...session,
};
const startInDegrees: Told = {
  call: 'start_climate',
  args: [
    {
      ...(startByCode.args?.[0] as object),
      steering_wheel: 2,
      front_left_seat: 7,
      front_right_seat: 3,
    },
  ],
  does: {
    ...(startByCode.does as Extract<CarCommand, { value: 'start' }>),
    name: 'climate',
    steering_wheel_heat: true,
    // Each where it is in the car, although the driver sits on the right.
    seats: { front_left: 'heat_medium', front_right: 'cool_low' },
  },
  ...withPin,
};
const departures = [
  { enabled: true, days: ['mon', 'fri'], time: '00:30' },
  { enabled: false, days: ['sat'], time: '12:05' },
] as const;
const climate = { enabled: true, target_c: 22.5, defrost: true };
const charging = {
  enabled: true,
  offpeak_start: '22:15',
  offpeak_end: '06:00',
  offpeak_only: true,
};
const chargingOptions = {
  charging_enabled: true,
  off_peak_start_time: '22:15',
  off_peak_end_time: '06:00',
  off_peak_charge_only_enabled: true,
};
const climateOptions = {
  first_departure: { enabled: true, days: [1, 5], time: '00:30' },
  second_departure: { enabled: false, days: [6], time: '12:05' },
  climate_enabled: true,
  temperature: 22.5,
  defrost: true,
};
const toSchedule = (options: object, schedule: object): Told => ({
  call: 'schedule_charging_and_climate',
  args: [options],
  does: { name: 'schedule', schedule },
  ...withPin,
});
const withClimate = departures.map((departure) => ({ ...departure, climate }));
const bothHalves = toSchedule(
  { ...chargingOptions, ...climateOptions },
  { charging, departures: withClimate },
);
const halves = [
  toSchedule(chargingOptions, { charging }),
  toSchedule(climateOptions, { departures: withClimate }),
];

const common = [chargeLimits, v2l, windows, lights, horn, ...valet, navigation];
const australianLegacy = {
  commands: [
    ...lock(false),
    ...charge(false),
    ...common,
    ...port(true),
    startByCode,
    { ...stopClimate, ...session },
    bothHalves,
  ],
  wrongPin: 'APIError',
};
const ccs2 = {
  commands: [
    ...lock(true),
    ...charge(true),
    ...common,
    ...port(true),
    current,
    startInDegrees,
    stopClimate,
    ...halves,
  ],
  wrongPin: 'APIError',
};
const { duration_min: _duration, ...withoutDuration } = startByCode.does as Extract<
  CarCommand,
  { value: 'start' }
> & { name: 'climate' };

const places: readonly Place[] = [
  {
    place: 'Australia, Hyundai',
    region: 5,
    brand: 2,
    add: (cloud, owner) => cloud.accounts.australia({ ...owner, brand: 'hyundai' }),
    ...australianLegacy,
  },
  {
    place: 'Australia, Genesis, CCS2',
    region: 5,
    brand: 3,
    add: (cloud, owner) =>
      cloud.accounts.australia({ ...owner, brand: 'genesis', protocol: 'ccs2' }),
    ...ccs2,
  },
  {
    place: 'New Zealand, Kia',
    region: 7,
    brand: 1,
    add: (cloud, owner) => cloud.accounts.australia({ ...owner, brand: 'kia' }),
    ...australianLegacy,
  },
  {
    place: 'India, Hyundai',
    region: 6,
    brand: 2,
    add: (cloud, owner) => cloud.accounts.india({ ...owner, brand: 'hyundai' }),
    commands: [
      ...lock(false),
      ...charge(false),
      ...common,
      ...port(true),
      startByCode,
      stopClimate,
      bothHalves,
    ],
    wrongPin: 'APIError',
  },
  {
    place: 'India, Kia, CCS2',
    region: 6,
    brand: 1,
    add: (cloud, owner) => cloud.accounts.india({ ...owner, brand: 'kia', protocol: 'ccs2' }),
    ...ccs2,
    commands: ccs2.commands.map((one) => (one === startInDegrees ? startByCode : one)),
  },
  {
    place: 'China, Kia',
    region: 4,
    brand: 1,
    add: (cloud, owner) => cloud.accounts.china({ ...owner, brand: 'kia' }),
    commands: [
      ...lock(false),
      ...charge(false),
      ...common,
      ...port(false),
      { ...startByCode, does: withoutDuration },
      stopClimate,
      bothHalves,
    ],
    wrongPin: 'APIError',
  },
  {
    place: 'Brazil, Hyundai',
    region: 8,
    brand: 2,
    add: (cloud, owner) => cloud.accounts.brazil({ ...owner, brand: 'hyundai' }),
    commands: [
      ...lock(true),
      {
        ...startByCode,
        args: [{ set_temp: 22, duration: 7, defrost: true, heating: 2, front_left_seat: 8 }],
        does: {
          ...(startByCode.does as Extract<CarCommand, { value: 'start' }>),
          name: 'climate',
          target_c: 22,
          seats: { front_left: 'heat_high' },
        },
        ...withPin,
      },
      stopClimate,
      {
        ...windows,
        args: [{ front_left: 1, front_right: 1, back_left: 1, back_right: 1 }],
        does: {
          name: 'windows',
          windows: {
            front_left: 'open',
            front_right: 'open',
            rear_left: 'open',
            rear_right: 'open',
          },
        },
      },
      lights,
    ],
    refusedAs: 'HTTPError',
    wrongPin: 'HTTPError',
  },
];

describe.skipIf(!hasTestPython || hasOldLibrary)(
  'commands on the platform of Australia, India, China and Brazil',
  () => {
    let cloud: Cloud;
    let library: LibraryClient;
    let owners = 0;
    const clock = { ahead_ms: 0 };

    beforeAll(async () => {
      cloud = await startCloud({ clock: () => Date.now() + clock.ahead_ms });
      onTeardown(() => cloud.stop());
      library = new LibraryClient(cloud, requireTestPython());
      onTeardown(() => library.stop());
    });

    function asked() {
      const operations = cloud.requests.all.map(({ operation }) => operation);
      cloud.requests.clear();
      return operations;
    }

    async function signedIn({ add, region, brand }: Place) {
      owners += 1;
      const credentials = {
        username: `owner${String(owners)}@example.com`,
        password: 'x',
        pin: '1234',
      };
      const account = add(cloud, { ...credentials, cars: 2, seed: 80 + owners });
      await library.open({ ...credentials, region, brand, sleep_scale: 0 });
      await library.result('check_and_refresh_token');
      const car = account.cars[0] ?? expect.unreachable('no car');
      const { id } = car.identity;
      const send = (name: string, ...args: readonly unknown[]) => library.call(name, id, ...args);
      const status = async (action: unknown) => (await send('check_action_status', action)).result;
      asked();
      return { account, car, id, send, status };
    }

    const known = async ({ identity }: SimulatedCar) =>
      at(await library.result('vehicles'), identity.id);

    describe.each(places)('$place', (place) => {
      test('every command is carried out once, and told by the next cached read', async () => {
        const { account, car, id, send, status } = await signedIn(place);
        await send('update_vehicle_with_cached_state');
        for (const [turn, { call, args = [], does, pin = false }] of place.commands.entries()) {
          // As each needs it: what is to be closed is open, and no cable is in a port that is.
          if (does.name === 'charge') car.change({ plug: 'ac', soc: 50 });
          if (does.name === 'charge_port') car.change({ plug: 'none', charging: false });
          account.control.revoke();
          await library.result('forget_pin');
          const before = car.reported().at;
          asked();
          const { result: action, text } = await send(call, ...args);
          expect(text, call).toBeUndefined();
          expect(asked(), call).toEqual(pin ? ['pin', 'command'] : ['command']);
          expect(account.commands.carriedOut).toHaveLength(turn + 1);
          expect(account.commands.carriedOut.at(-1)).toMatchObject({
            vehicle: car.identity.vin,
            command: does,
          });
          expect(car.reported().at).toBeGreaterThan(before);
          expect(await status(action)).toBe('SUCCESS');
          expect(asked()).toEqual(['poll']);
        }
        await library.result('update_vehicle_with_cached_state', id);
        const words = await known(car);
        expect(Boolean(at(words, 'front_left_window_is_open'))).toBe(true);
        expect(words).toMatchObject({
          is_locked: true,
          ev_charge_limits_ac: car.reported().state.limit_ac,
        });
        expect(cloud.requests.unknown).toEqual([]);
      });

      test('a command is pending until the car has obeyed, refused or not answered', async () => {
        const { account, car, send, status } = await signedIn(place);
        account.commands.delay_ms = 'never';
        const action = (await send('unlock')).result;
        expect(await status(action)).toBe('PENDING');
        expect((await send('lock')).error).toBe(place.refusedAs ?? 'DuplicateRequestError');
        account.commands.arrive();
        expect(await status(action)).toBe('SUCCESS');
        account.commands.delay_ms = 0;
        account.commands.conduct = () => 'refuses';
        expect(await status((await send('lock')).result)).toBe('FAILED');
        account.commands.conduct = () => 'is_silent';
        expect(await status((await send('lock')).result)).toBe('TIMEOUT');
        account.commands.conduct = () => 'obeys';
        account.commands.tells = 'pending';
        const unheard = (await send('lock')).result;
        expect(await status(unheard)).toBe('PENDING');
        account.commands.tells = 'nothing';
        expect(await status(unheard)).toBe(place.region === 4 ? undefined : 'UNKNOWN');
        expect([car.count('lock', 'unlock'), car.count('lock', 'lock')]).toEqual([1, 1]);
      });

      test.each([
        ['duplicate', 'DuplicateRequestError'],
        ['unsupported', 'UnsupportedControlError'],
        ['vehicle_timeout', 'RequestTimeoutError'],
        ['unavailable', 'ServiceTemporaryUnavailable'],
      ] as const)('a command that is refused (%s) is not carried out', async (reason, error) => {
        const { account, car, send } = await signedIn(place);
        cloud.fault({
          account: account.username,
          operation: 'command',
          times: 1,
          effect: { is: 'refused', reason },
        });
        expect((await send('unlock')).error).toBe(place.refusedAs ?? error);
        expect(car.executed).toEqual([]);
        expect((await send('unlock')).error).toBeUndefined();
        expect(car.count('lock', 'unlock')).toBe(1);
      });

      test('a command whose answer is lost was carried out all the same', async () => {
        const { account, car, send } = await signedIn(place);
        cloud.fault({
          account: account.username,
          operation: 'command',
          times: 1,
          processed: true,
          effect: { is: 'reset' },
        });
        expect((await send('unlock')).error).toMatch(/ConnectionError|ProxyError/);
        expect(account.commands.carriedOut).toMatchObject([{ count: 1 }]);
        expect(car.live().locked).toBe(false);
      });

      test('a wrong PIN opens nothing, and five of them not even the right one', async () => {
        const { account, car, send } = await signedIn(place);
        account.pin = '9999';
        for (let turn = 0; turn < 5; turn += 1) {
          expect((await send('start_hazard_lights')).error).toBe(place.wrongPin);
        }
        account.pin = '1234';
        expect((await send('start_hazard_lights')).error).toBe(place.wrongPin);
        expect(asked()).toEqual(Array.from({ length: 6 }, () => 'pin'));
        clock.ahead_ms += (account.control.lock_s + 1) * 1000;
        expect((await send('start_hazard_lights')).error).toBeUndefined();
        clock.ahead_ms = 0;
        expect(car.count('lights', 'on')).toBe(1);
      });

      test('a token for commands lasts ten minutes and opens no read', async () => {
        const { account, send } = await signedIn(place);
        await send('start_hazard_lights');
        await send('start_hazard_lights');
        expect(asked()).toEqual(['pin', 'command', 'command']);
        account.control.revoke();
        const { error } = await send('start_hazard_lights');
        expect(error).toBe(place.refusedAs ?? 'AuthenticationError');
      });

      test('tells the trips of a month and of a day', async () => {
        const { car, send } = await signedIn(place);
        const month = tripsOf(car.identity, '2024-05', Date.now());
        await send('update_month_trip_info', '202405');
        const monthly = at(await known(car), '_month_trip_info') as object;
        expect(at(monthly, 'day_list')).toMatchObject(
          month.map(({ date, trips }) => ({
            yyyymmdd: date.replaceAll('-', ''),
            trip_count: trips,
          })),
        );
        const { date = '' } = month[0] ?? {};
        const list = tripsOf(car.identity, date, Date.now())[0]?.list ?? [];
        await send('update_day_trip_info', date.replaceAll('-', ''));
        expect(at(await known(car), '_day_trip_info', 'trip_list')).toMatchObject(
          // The library shows the newest first.
          list.toReversed().map((trip) => ({
            hhmmss: trip.start.replaceAll(':', ''),
            drive_time: trip.drive_min,
            distance: trip.distance_km,
            max_speed: trip.max_kmh,
          })),
        );
        expect(list.length).toBeGreaterThan(0);
        const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
        await send('update_day_trip_info', tomorrow.replaceAll('-', ''));
        expect(cloud.requests.unknown).toEqual([]);
      });
    });

    test.each(['Australia, Hyundai', 'Australia, Genesis, CCS2'])(
      '%s tells the schedule that it was given',
      async (name) => {
        const place = places.find((one) => one.place === name) ?? expect.unreachable('no place');
        const { car, send } = await signedIn(place);
        await send('update_vehicle_with_cached_state');
        for (const { call, args = [] } of place.commands) {
          if (call.startsWith('schedule'))
            expect((await send(call, ...args)).error).toBeUndefined();
        }
        await send('update_vehicle_with_cached_state');
        expect(car.live().schedule).toEqual({ charging, departures: withClimate });
        expect(await known(car)).toMatchObject({
          ev_first_departure_enabled: true,
          ev_first_departure_days: [1, 5],
          ev_first_departure_time: '00:30:00',
          ev_second_departure_days: [6],
          ev_second_departure_time: '12:05:00',
          ev_off_peak_start_time: '22:15:00',
          ev_off_peak_end_time: '06:00:00',
          ev_off_peak_charge_only_enabled: true,
        });
      },
    );
  },
);
