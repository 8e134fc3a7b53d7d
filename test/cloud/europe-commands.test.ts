import { describe, expect, test } from 'vitest';
import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { hasOldLibrary, hasTestPython } from '../support/python.js';
import {
  type EuropeWorldOptions,
  again,
  carOf,
  known,
  signInToEurope,
  trueReport,
} from './europe/world.js';
import type { Conduct } from './pending-commands.js';
import { at, textAt } from './wire.js';

const ccs2 = { region: 1, brand: 'kia' } as const;
const legacy = { region: 1, brand: 'hyundai', protocol: 'legacy' } as const;
const newHyundai = { region: 9, brand: 'hyundai' } as const;
const newKia = { region: 9, brand: 'kia' } as const;

type Change = Parameters<SimulatedCar['change']>[0];

/** A call of the library, what the car does for it, and what the library reads afterwards. */
interface Told {
  readonly call: string;
  readonly args?: readonly unknown[];
  readonly before?: Change;
  readonly executed: string;
  readonly read?: object;
}

const unplugged: Change = { plug: 'none', charging: false, port_open: false };

const ofAll: readonly Told[] = [
  { call: 'unlock', executed: 'lock:unlock', read: { is_locked: false } },
  { call: 'lock', executed: 'lock:lock', read: { is_locked: true } },
  { call: 'stop_charge', executed: 'charge:stop', read: { ev_battery_is_charging: false } },
  { call: 'start_charge', executed: 'charge:start', read: { ev_battery_is_charging: true } },
  {
    call: 'set_charge_limits',
    args: [70, 100],
    executed: 'charge_limits:ac 70, dc 100',
    read: { ev_charge_limits_ac: 70, ev_charge_limits_dc: 100 },
  },
  { call: 'start_hazard_lights', executed: 'lights:on' },
  { call: 'start_hazard_lights_and_horn', executed: 'horn:on' },
];

const currents: Told = {
  call: 'set_charging_current',
  args: [2],
  executed: 'charging_current:90',
  read: { ev_charging_current: 2 },
};

const portAndMore: readonly Told[] = [
  {
    call: 'open_charge_port',
    before: unplugged,
    executed: 'charge_port:open',
    read: { ev_charge_port_door_is_open: true },
  },
  {
    call: 'close_charge_port',
    executed: 'charge_port:close',
    read: { ev_charge_port_door_is_open: false },
  },
  { call: 'start_valet_mode', executed: 'valet_mode:start' },
  { call: 'stop_valet_mode', executed: 'valet_mode:stop' },
];

const v2lLimit: Told = {
  call: 'set_vehicle_to_load_discharge_limit',
  args: [40],
  executed: 'v2l_limit:40',
};
const v2lLimitRead: Told = { ...v2lLimit, read: { ev_v2l_discharge_limit: 40 } };

const frontWindows: Told = {
  call: 'set_windows_state',
  args: [{ front_left: 2, front_right: 2 }],
  executed: 'windows:front_left vent, front_right vent',
};

const mixedWindows: Told = {
  call: 'set_windows_state',
  args: [{ front_left: 1, front_right: 0, back_left: 2, back_right: 0 }],
  executed: 'windows:front_left open, front_right close, rear_left vent, rear_right close',
};

const place = { name: 'Town hall', addr: 'Square 1', coord: { lat: 52.5, lon: 13.25 } };
const navigation: Told = {
  call: 'set_navigation',
  args: [[place]],
  executed: 'navigation:Town hall',
};

const warmed = { set_temp: 21.5, duration: 7, defrost: true, heating: 1 };
const climateStop: Told = {
  call: 'stop_climate',
  executed: 'climate:stop',
  read: { air_control_is_on: 0 },
};

async function aCar(options: EuropeWorldOptions = ccs2) {
  const world = await signInToEurope(options);
  const car = carOf(world.account);
  const { id } = car.identity;
  return {
    ...world,
    world,
    car,
    call: (name: string, ...args: unknown[]) => world.library.call(name, id, ...args),
    result: (name: string, ...args: unknown[]) => world.library.result(name, id, ...args),
  };
}

type ACar = Awaited<ReturnType<typeof aCar>>;

async function tell({ world, car, result }: ACar, told: Told): Promise<unknown> {
  car.change(told.before ?? {});
  const done = car.executed.length;
  const before = trueReport(world);
  const id = await result(told.call, ...(told.args ?? []));
  const executed = car.executed.slice(done).map(({ name, value }) => `${name}:${value}`);
  expect(executed, told.call).toEqual([told.executed]);
  expect(trueReport(world), told.call).toBeGreaterThan(before);
  await result('update_vehicle_with_cached_state');
  expect(await known(world), told.call).toMatchObject(told.read ?? {});
  return id;
}

/** The last request of an operation. */
function last({ cloud }: ACar, operation: 'command' | 'pin' | 'poll') {
  return cloud.requests.of(operation).at(-1) ?? expect.unreachable(`no ${operation}`);
}

// The old library cannot sign in.
describe.skipIf(!hasTestPython || hasOldLibrary)('commands to the old vehicle servers', () => {
  test.each([
    ['with CCS2', ccs2, [...ofAll, currents, ...portAndMore, v2lLimitRead]],
    ['without', legacy, [...ofAll, ...portAndMore, v2lLimit]],
  ] as const)('a car %s does what it is told, once, and reports', async (_, options, all) => {
    const owner = await aCar(options);
    for (const told of [...all, frontWindows, mixedWindows, navigation]) {
      const id = await tell(owner, told);
      expect(await owner.result('check_action_status', id), told.call).toBe('SUCCESS');
    }
    expect(owner.car.live()).toMatchObject({
      v2l_limit: 40,
      windows: { front_left: true, front_right: false, rear_left: true, rear_right: false },
      destinations: [{ name: 'Town hall', address: 'Square 1', latitude: 52.5, longitude: 13.25 }],
    });
    expect(owner.cloud.requests.of('pin')).toHaveLength(1);
    expect(owner.cloud.requests.unknown).toEqual([]);
  });

  test('the climate of a car with CCS2 starts as it was asked for', async () => {
    const owner = await aCar();
    const seats = { front_left_seat: 7, rear_right_seat: 0 };
    await tell(owner, {
      call: 'start_climate',
      args: [{ ...warmed, ...seats, steering_wheel: 2 }],
      executed: 'climate:start',
      read: { _air_temperature: 21.5, defrost_is_on: true, back_window_heater_is_on: true },
    });
    expect(owner.car.reported().state.climate).toMatchObject({
      target_c: 21.5,
      duration_min: 7,
      defrost: true,
      rear_window_heat: true,
      steering_wheel_heat: true,
      seats: { front_left: 'heat_medium', front_right: 'off', rear_right: 'off' },
    });
    await tell(owner, climateStop);
  });

  test('the climate of a car without starts as it was asked for, without the PIN', async () => {
    const owner = await aCar(legacy);
    await tell(owner, {
      call: 'start_climate',
      args: [warmed],
      executed: 'climate:start',
      read: { _air_temperature: 21.5, defrost_is_on: true },
    });
    expect(owner.car.reported().state.climate).toMatchObject({
      target_c: 21.5,
      duration_min: 7,
      rear_window_heat: true,
      steering_wheel_heat: true,
    });
    await tell(owner, { ...climateStop, read: { air_control_is_on: false } });
    expect(owner.cloud.requests.of('pin')).toEqual([]);
  });

  const plan = {
    first_departure: { enabled: true, days: [1, 5], time: '07:45' },
    second_departure: { enabled: false, days: [0], time: '12:30' },
    charging_enabled: true,
    off_peak_start_time: '22:15',
    off_peak_end_time: '00:30',
    off_peak_charge_only_enabled: true,
    climate_enabled: true,
    temperature: 22.5,
    defrost: true,
  };
  const climate = { enabled: true, target_c: 22.5, defrost: true };
  const planned = {
    charging: {
      enabled: true,
      offpeak_start: '22:15',
      offpeak_end: '00:30',
      offpeak_only: true,
    },
    departures: [
      { enabled: true, days: ['mon', 'fri'], time: '07:45', climate },
      { enabled: false, days: ['sun'], time: '12:30', climate },
    ],
  };

  test('an electric car with CCS2 takes the halves of a schedule one by one', async () => {
    const { car, world, result, asked } = await aCar();
    await result('schedule_charging_and_climate', plan);
    expect(asked()).toEqual(['pin', 'command', 'poll', 'command']);
    expect(car.reported().state.schedule).toEqual(planned);
    expect(car.count('schedule', 'charging')).toBe(1);
    expect(car.count('schedule', 'departures')).toBe(1);
    await result('update_vehicle_with_cached_state');
    expect(await known(world)).toMatchObject({
      ev_schedule_charge_enabled: true,
      ev_off_peak_charge_only_enabled: true,
      ev_off_peak_end_time: '00:30:00',
      ev_first_departure_days: [1, 5],
    });
  });

  test.each([
    ['refused', { is: 'refused', reason: 'duplicate' }, 'DuplicateRequestError'],
    ['refused by the car', undefined, undefined],
  ] as const)('of a schedule only the first half is done: %s', async (_, effect, error) => {
    const { car, cloud, account, call } = await aCar();
    if (effect !== undefined) cloud.fault({ path: /reservation\/hvac$/, effect });
    account.commands.conduct = (command) =>
      command.name === 'schedule' && command.schedule.departures !== undefined
        ? 'refuses'
        : 'obeys';
    const answer = await call('schedule_charging_and_climate', plan);
    expect(answer.error).toBe(error);
    expect(car.reported().state.schedule.charging).toEqual(planned.charging);
    expect(car.count('schedule', 'departures')).toBe(0);
    expect(cloud.requests.of('command')).toHaveLength(2);
  });

  test('without records the second half of a schedule is never sent', async () => {
    const { car, cloud, account, call } = await aCar();
    account.commands.tells = 'nothing';
    expect(await call('schedule_charging_and_climate', plan)).toMatchObject({ error: 'APIError' });
    expect(cloud.requests.of('command')).toHaveLength(1);
    expect(car.reported().state.schedule.charging).toEqual(planned.charging);
  });

  test.each([
    ['a PHEV with CCS2', { ...ccs2, cars: 2 }, 1],
    ['an electric car without', legacy, 0],
  ] as const)('%s takes a schedule as a whole', async (_, options, index) => {
    const { library, account, asked } = await signInToEurope(options);
    const car = carOf(account, index);
    await library.result('schedule_charging_and_climate', car.identity.id, plan);
    expect(asked()).toEqual(['pin', 'command']);
    expect(car.reported().state.schedule).toEqual(planned);
    expect(car.count('schedule', 'charging, departures')).toBe(1);
  });

  test('a command is pending until the car has obeyed, and another one is a duplicate', async () => {
    const { car, account, call, result } = await aCar();
    account.commands.delay_ms = 60_000;
    const id = await result('unlock');
    expect(await result('check_action_status', id)).toBe('PENDING');
    expect(await call('lock')).toMatchObject({ error: 'DuplicateRequestError' });
    expect(car.count('lock', 'unlock')).toBe(0);
    account.commands.arrive();
    expect(await result('check_action_status', id)).toBe('SUCCESS');
    expect(car.count('lock', 'unlock')).toBe(1);
    account.commands.delay_ms = 0;
    await result('lock');
    expect(car.count('lock', 'lock')).toBe(1);
  });

  test.each([
    ['FAILED', { conduct: (): Conduct => 'refuses' }, 0],
    ['TIMEOUT', { conduct: (): Conduct => 'is_silent' }, 0],
    ['PENDING', { delay_ms: 'never' }, 0],
    ['PENDING', { tells: 'pending' }, 1],
    ['UNKNOWN', { tells: 'nothing' }, 1],
  ] as const)('the records say %s of a command (%o)', async (status, commands, executed) => {
    const { car, account, result } = await aCar();
    Object.assign(account.commands, commands);
    const id = await result('unlock');
    expect(await result('check_action_status', id)).toBe(status);
    expect(car.count('lock', 'unlock')).toBe(executed);
  });

  test.each([
    [{ is: 'refused', reason: 'duplicate' }, 'DuplicateRequestError'],
    [{ is: 'refused', reason: 'unsupported' }, 'UnsupportedControlError'],
    [{ is: 'refused', reason: 'vehicle_timeout' }, 'RequestTimeoutError'],
    [{ is: 'refused', reason: 'unavailable' }, 'ServiceTemporaryUnavailable'],
    [{ is: 'rate_limited' }, 'RateLimitingError'],
    [{ is: 'session_revoked' }, 'AuthenticationError'],
    [{ is: 'gateway', status: 502 }, 'JSONDecodeError'],
  ] as const)('a command is not taken (%o): %s', async (effect, error) => {
    const { car, cloud, call } = await aCar();
    cloud.fault({ operation: 'command', times: 1, effect });
    expect(await call('unlock')).toMatchObject({ error });
    expect(car.executed).toEqual([]);
    expect(await call('unlock')).not.toHaveProperty('error');
    expect(car.count('lock', 'unlock')).toBe(1);
  });

  test('the answer is lost, but the car obeys', async () => {
    const { car, cloud, call } = await aCar();
    cloud.fault({ operation: 'command', times: 1, processed: true, effect: { is: 'reset' } });
    expect(await call('unlock')).toMatchObject({ error: 'ProxyError' });
    expect(car.count('lock', 'unlock')).toBe(1);
    expect(cloud.requests.of('command')).toHaveLength(1);
  });

  test('a wrong PIN opens nothing, and after five of them the right one neither', async () => {
    const { car, account, clock, call, asked } = await aCar();
    const { pin } = account;
    account.pin = '9999';
    for (let tries = 0; tries < 5; tries += 1) {
      expect(await call('unlock')).toMatchObject({ error: 'APIError' });
    }
    account.pin = pin;
    expect((await call('unlock')).text).toContain('PIN verification failed');
    expect(asked()).toEqual(Array.from({ length: 6 }, () => 'pin'));
    expect(car.executed).toEqual([]);
    clock.ahead_ms = (account.control.lock_s + 1) * 1000;
    expect(await call('unlock')).not.toHaveProperty('error');
  });

  test('the token of a PIN ends, by time or at once', async () => {
    const { car, account, call, asked } = await aCar();
    account.control.lifetime_s = 0;
    await call('unlock');
    asked();
    account.control.lifetime_s = 600;
    await call('unlock');
    expect(asked()).toEqual(['pin', 'command']);
    expect(car.count('lock', 'unlock')).toBe(1);
    account.control.revoke();
    expect(await call('lock')).toMatchObject({ error: 'AuthenticationError' });
    expect(asked()).toEqual(['command']);
  });

  test('a phone that is forgotten is registered anew, and the command goes on', async () => {
    const { car, account, call, asked } = await aCar();
    await call('unlock');
    account.forgetDevice();
    asked();
    expect(await call('lock')).not.toHaveProperty('error');
    expect(asked()).toEqual(['command', 'register', 'command']);
    expect(car.count('lock', 'lock')).toBe(1);
  });

  test('a month tells its days, and a day its trips', async () => {
    const { world, result } = await aCar();
    const now = new Date();
    now.setUTCDate(0);
    const month = now.toISOString().slice(0, 7).replace('-', '');
    await result('update_month_trip_info', month);
    const days = at(await known(world), '_month_trip_info', 'day_list') as unknown[];
    const [first] = days;
    const day = textAt(first, 'yyyymmdd');
    expect(day).toContain(month);
    await result('update_day_trip_info', day);
    const trips = at(await known(world), '_day_trip_info', 'trip_list') as unknown[];
    expect(trips).toHaveLength(Number(at(first, 'trip_count')));
    expect(world.asked()).toEqual(['detail', 'detail']);
  });

  test('keeps out what is not sent as the apps send it', async () => {
    const owner = await aCar();
    const { car, world, cloud, result } = owner;
    await result('unlock');
    const request = last(owner, 'command');
    const session = last(owner, 'pin').headers['authorization'];
    const sent = (headers: Record<string, string | undefined>, body: unknown = request.body) =>
      again(world, { ...request, body }, headers);
    expect((await sent({})).status).toBe(200);
    expect(car.count('lock', 'unlock')).toBe(2);
    for (const [headers, status] of [
      [{ authorization: session }, 401],
      [{ authorization: session, authorizationccsp: session }, 401],
      [{ authorizationccsp: undefined }, 401],
      [{ stamp: undefined }, 401],
      [{ 'ccsp-device-id': 'another' }, 400],
    ] as const) {
      expect((await sent(headers)).status, JSON.stringify(headers)).toBe(status);
    }
    for (const body of [
      {},
      { command: 'shut' },
      { command: 'open', more: 1 },
      { action: 'open' },
    ]) {
      expect((await sent({}, body)).json, JSON.stringify(body)).toMatchObject({ resCode: '4005' });
    }
    const legacyPath = request.path.replace('/v2/', '/v1/').replace('/ccs2', '');
    expect((await again(world, { ...request, path: legacyPath })).status).toBe(401);
    expect(car.count('lock', 'unlock')).toBe(2);
    expect(cloud.requests.unknown).toEqual([]);
  });

  test('a legacy car wants the phone named in the body too', async () => {
    const owner = await aCar(legacy);
    await owner.result('unlock');
    const request = last(owner, 'command');
    const body = { action: 'open', deviceId: 'another' };
    const answer = await again(owner.world, { ...request, body });
    expect(answer.json).toMatchObject({ resCode: '4002' });
    expect(owner.car.count('lock', 'unlock')).toBe(1);
  });
});

describe.skipIf(!hasTestPython || hasOldLibrary)('commands to the new vehicle servers', () => {
  // The library reads no departures there.
  const allWindows: Told = {
    call: 'set_windows_state',
    args: [{ front_left: 1, front_right: 1, back_left: 1, back_right: 1 }],
    executed: 'windows:front_left open, front_right open, rear_left open, rear_right open',
    read: { back_right_window_is_open: true },
  };

  test.each([
    ['Hyundai', newHyundai, [...portAndMore, v2lLimitRead]],
    ['Kia', newKia, []],
  ] as const)('a %s does what it is told, once, and reports', async (_, options, all) => {
    const owner = await aCar(options);
    const both = [...ofAll, currents, frontWindows, allWindows];
    for (const told of [...both, ...all])
      expect(await tell(owner, told), told.call).toMatch(/^gspa:.+/);
    await tell(owner, {
      call: 'start_climate',
      args: [{ ...warmed, front_left_seat: 7 }],
      executed: 'climate:start',
      read: { _air_temperature: 21.5 },
    });
    expect(owner.car.reported().state.climate).toMatchObject({
      target_c: 21.5,
      duration_min: 7,
      defrost: true,
      rear_window_heat: true,
      steering_wheel_heat: true,
      seats: { front_left: 'heat_medium', front_right: 'off' },
    });
    await tell(owner, climateStop);
    expect(owner.cloud.requests.of('pin')).toHaveLength(1);
    expect(owner.cloud.requests.unknown).toEqual([]);
  });

  test('without a temperature the climate takes the set point of the car', async () => {
    const { car, result } = await aCar(newKia);
    const before = car.live().climate.target_c;
    await result('start_climate', {});
    expect(car.reported().state.climate).toMatchObject({ on: true, target_c: before });
  });

  test('a schedule is one request with the session, and whole', async () => {
    const { car, result, asked } = await aCar(newHyundai);
    await result('schedule_charging_and_climate', {
      first_departure: { enabled: true, days: [1], time: '07:30' },
      second_departure: { enabled: false, days: [9], time: '00:00' },
      charging_enabled: true,
      off_peak_start_time: '22:00',
      off_peak_end_time: '06:00',
      off_peak_charge_only_enabled: false,
      climate_enabled: true,
      temperature: 20,
      defrost: false,
    });
    expect(asked()).toEqual(['command']);
    const climate = { enabled: true, target_c: 20, defrost: false };
    expect(car.reported().state.schedule).toEqual({
      charging: {
        enabled: true,
        offpeak_start: '22:00',
        offpeak_end: '06:00',
        offpeak_only: false,
      },
      departures: [
        { enabled: true, days: ['mon'], time: '07:30', climate },
        { enabled: false, days: [], time: '00:00', climate },
      ],
    });
  });

  test('the status of an action is that the servers wait, until they are told to tell', async () => {
    const { account, car, result } = await aCar(newHyundai);
    const id = await result('unlock');
    const status = () => result('check_action_status', id);
    expect(car.count('lock', 'unlock')).toBe(1);
    expect(await status()).toBe('PENDING');
    account.updateStatusWaits = false;
    expect(await status()).toBe('SUCCESS');
    account.commands.conduct = () => 'refuses';
    await result('lock');
    // Of whatever the car was told last.
    expect(await status()).toBe('FAILED');
    account.commands.conduct = () => 'is_silent';
    await result('lock');
    expect(await status()).toBe('TIMEOUT');
    expect(car.count('lock', 'lock')).toBe(0);
  });

  test('what is taken need not have an id', async () => {
    const { account, car, result } = await aCar(newHyundai);
    account.givesActionIds = false;
    expect(await result('unlock')).toBe('gspa:');
    expect(car.count('lock', 'unlock')).toBe(1);
  });

  test('while a command is under way another one is a duplicate', async () => {
    const { account, car, call, result } = await aCar(newKia);
    account.commands.delay_ms = 60_000;
    await result('unlock');
    expect(await call('lock')).toMatchObject({ error: 'DuplicateRequestError' });
    expect(car.executed).toEqual([]);
    account.commands.arrive();
    expect(car.count('lock', 'unlock')).toBe(1);
    expect(car.count('lock', 'lock')).toBe(0);
  });

  test.each([
    [{ is: 'refused', reason: 'duplicate' }, 'DuplicateRequestError'],
    [{ is: 'refused', reason: 'unsupported' }, 'UnsupportedControlError'],
    [{ is: 'refused', reason: 'vehicle_timeout' }, 'APIError'],
    [{ is: 'refused', reason: 'unavailable' }, 'ServiceTemporaryUnavailable'],
    [{ is: 'rate_limited' }, 'APIError'],
    [{ is: 'gateway', status: 502 }, 'ServiceTemporaryUnavailable'],
    [{ is: 'garbage', kind: 'html' }, 'InvalidAPIResponseError'],
  ] as const)('a command is not taken (%o): %s', async (effect, error) => {
    const { car, cloud, call } = await aCar(newHyundai);
    cloud.fault({ operation: 'command', times: 1, effect });
    expect(await call('unlock')).toMatchObject({ error });
    expect(car.executed).toEqual([]);
    expect(await call('unlock')).not.toHaveProperty('error');
    expect(car.count('lock', 'unlock')).toBe(1);
  });

  test('the answer is lost, but the car obeys', async () => {
    const { car, cloud, call } = await aCar(newKia);
    cloud.fault({ operation: 'command', times: 1, processed: true, effect: { is: 'reset' } });
    expect(await call('unlock')).toHaveProperty('error');
    expect(car.count('lock', 'unlock')).toBe(1);
    expect(cloud.requests.of('command')).toHaveLength(1);
  });

  test('a wrong PIN says how often it may still be tried, and is locked then', async () => {
    const { car, account, clock, call, asked } = await aCar(newHyundai);
    const { pin } = account;
    account.pin = '9999';
    for (const left of [4, 3, 2, 1]) {
      expect((await call('unlock')).text).toContain(`(${String(left)} attempts remaining)`);
    }
    expect((await call('unlock')).text).toContain('lockout window: 300s');
    account.pin = pin;
    expect((await call('unlock')).text).toContain('temporarily locked');
    expect(asked()).toEqual(Array.from({ length: 6 }, () => 'pin'));
    expect(car.executed).toEqual([]);
    account.control.lock_s = 10;
    account.control.lock();
    clock.ahead_ms = 11_000;
    expect(await call('unlock')).not.toHaveProperty('error');
  });

  test('a command whose token is refused asks for the PIN and is sent again', async () => {
    const { car, account, call, asked } = await aCar(newHyundai);
    await call('unlock');
    account.control.revoke();
    asked();
    expect(await call('lock')).not.toHaveProperty('error');
    expect(asked()).toEqual(['command', 'pin', 'command']);
    expect(car.count('lock', 'lock')).toBe(1);
    account.revokeSession();
    expect(await call('unlock')).toMatchObject({ error: 'AuthenticationError' });
    expect(await call('set_charge_limits', 70, 70)).toMatchObject({ error: 'AuthenticationError' });
    expect(car.executed).toHaveLength(2);
  });

  test('keeps out what is not sent as the apps send it', async () => {
    const owner = await aCar(newHyundai);
    const { car, world, result } = owner;
    await result('set_charge_limits', 70, 70);
    const session = last(owner, 'command').headers['authorization'];
    await result('unlock');
    const request = last(owner, 'command');
    const sent = (headers: Record<string, string | undefined>, body: unknown = request.body) =>
      again(world, { ...request, body }, headers);
    expect((await sent({})).status).toBe(202);
    for (const [headers, status] of [
      [{ authorization: session, authorizationccsp: session }, 401],
      [{ authorizationccsp: undefined }, 401],
      [{ 'x-stamp': undefined }, 403],
      [{ 'x-device-id': '00000000-0000-4000-8000-000000000000' }, 403],
    ] as const) {
      expect((await sent(headers)).status, JSON.stringify(headers)).toBe(status);
    }
    for (const body of [{}, { command: 'lock' }, { command: 'set', more: 1 }]) {
      expect((await sent({}, body)).json).toMatchObject({ metaInfo: { resCode: '400-002' } });
    }
    expect(car.count('lock', 'unlock')).toBe(2);
  });

  test.each(['', '9'])('the PIN request is signed over its body', async (more) => {
    const owner = await aCar(newHyundai);
    await owner.result('unlock');
    const request = last(owner, 'pin');
    const answer = await again(owner.world, {
      ...request,
      body: { pin: `${owner.account.pin}${more}` },
    });
    // The body is sent without the blanks that the client has in it: none of them is signed.
    expect(answer.status).toBe(more === '' ? 200 : 403);
  });
});
