import { beforeAll, describe, expect, test } from 'vitest';
import type { CarCommand } from '../../src/vehicle/simulated-command.js';
import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { hasOldLibrary, hasTestPython, requireTestPython } from '../support/python.js';
import { onTeardown } from '../support/teardown.js';
import { type Cloud, type Credentials, startCloud } from './cloud.js';
import { LibraryClient } from './library-client.js';
import type { PendingCommands } from './pending-commands.js';
import { at } from './wire.js';

interface Account {
  readonly username: string;
  readonly cars: readonly SimulatedCar[];
  readonly commands: PendingCommands;
}

interface Place {
  readonly place: string;
  /** The library's numbers. */
  readonly region: number;
  readonly brand: number;
  readonly add: (cloud: Cloud, owner: Credentials & { readonly pin: string }) => Account;
  readonly climate: readonly [options: object, does: CarCommand];
  readonly hasLights: boolean;
  /** What a poll says of a command that the car has refused, has not answered, and of one that nobody knows. */
  readonly polled: readonly [refused: string, unanswered: string, unknown: string];
  /** The library does not tell refusals apart here. */
  readonly refusedAs: string;
}

const climate: Extract<CarCommand, { value: 'start' }> & { readonly name: 'climate' } = {
  name: 'climate',
  value: 'start',
  duration_min: 8,
  defrost: true,
  rear_window_heat: true,
  steering_wheel_heat: true,
  seats: {
    front_left: 'heat_high',
    front_right: 'cool_low',
    rear_left: 'off',
    rear_right: 'off',
  },
};
const options = { duration: 8, defrost: true, heating: 1, front_left_seat: 8, front_right_seat: 3 };
const places: readonly Place[] = [
  {
    place: 'Canada',
    region: 2,
    brand: 2,
    add: (cloud, owner) => cloud.accounts.canada({ ...owner, brand: 'hyundai' }),
    climate: [
      { ...options, set_temp: 20.5 },
      { ...climate, target_c: 20.5 },
    ],
    hasLights: false,
    polled: ['FAILED', 'FAILED', 'FAILED'],
    refusedAs: 'KeyError',
  },
  {
    place: 'USA, Hyundai',
    region: 3,
    brand: 2,
    add: (cloud, owner) => cloud.accounts.usaHyundai(owner),
    climate: [
      { ...options, set_temp: 68 },
      { ...climate, target_c: 20 },
    ],
    hasLights: true,
    polled: ['FAILED', 'PENDING', 'UNKNOWN'],
    refusedAs: 'APIError',
  },
  {
    place: 'USA, Kia',
    region: 3,
    brand: 1,
    add: (cloud, owner) => cloud.accounts.usaKia(owner),
    climate: [
      { ...options, set_temp: 68, steering_wheel: 2 },
      { ...climate, target_c: 20 },
    ],
    hasLights: false,
    // It only tells whether a command is under way.
    polled: ['SUCCESS', 'SUCCESS', 'SUCCESS'],
    refusedAs: 'RequestException',
  },
];

describe.skipIf(!hasTestPython || hasOldLibrary)('commands in North America', () => {
  let cloud: Cloud;
  let library: LibraryClient;
  let owners = 0;

  beforeAll(async () => {
    cloud = await startCloud();
    onTeardown(() => cloud.stop());
    library = new LibraryClient(cloud, requireTestPython());
    onTeardown(() => library.stop());
  });

  async function signedIn({ add, region, brand }: Place) {
    owners += 1;
    const username = `owner${String(owners)}@example.com`;
    const credentials = { username, password: 'x', pin: '1234' };
    const account = add(cloud, { ...credentials, cars: 1, seed: 40 + owners });
    await library.open({ ...credentials, region, brand });
    await library.result('check_and_refresh_token');
    const car = account.cars[0] ?? expect.unreachable('no car');
    const { id } = car.identity;
    const send = (name: string, ...args: readonly unknown[]) => library.call(name, id, ...args);
    const status = async (action: unknown) =>
      (await send('check_action_status', action)).result ?? expect.unreachable('no status');
    cloud.requests.clear();
    return { account, car, id, send, status };
  }

  describe.each(places)('$place', (place) => {
    test('every command is carried out once, and told by the next cached read', async () => {
      const { account, car, id, send, status } = await signedIn(place);
      const lights: readonly [string, unknown[], CarCommand][] = [
        ['start_hazard_lights', [], { name: 'lights' }],
        ['start_hazard_lights_and_horn', [], { name: 'horn' }],
      ];
      const [wanted, does] = place.climate;
      const commands: readonly (readonly [string, readonly unknown[], CarCommand])[] = [
        ['lock', [], { name: 'lock', value: 'lock' }],
        ['unlock', [], { name: 'lock', value: 'unlock' }],
        ['start_climate', [wanted], does],
        ['stop_charge', [], { name: 'charge', value: 'stop' }],
        ['start_charge', [], { name: 'charge', value: 'start' }],
        ['set_charge_limits', [90, 100], { name: 'charge_limits', ac: 90, dc: 100 }],
        ...(place.hasLights ? lights : []),
      ];
      for (const [turn, [call, args, command]] of commands.entries()) {
        const before = car.reported().at;
        const { result: action, text } = await send(call, ...args);
        expect(text, call).toBeUndefined();
        expect(account.commands.carriedOut).toHaveLength(turn + 1);
        expect(account.commands.carriedOut.at(-1)).toMatchObject({ command, count: 1 });
        expect(car.reported().at).toBeGreaterThan(before);
        expect(await status(action), call).toBe('SUCCESS');
      }
      await library.result('update_vehicle_with_cached_state', id);
      expect(at(await library.result('vehicles'), id)).toMatchObject({
        is_locked: false,
        air_control_is_on: true,
        ev_battery_is_charging: true,
        ev_charge_limits_ac: 90,
        ev_charge_limits_dc: 100,
      });
      await library.result('stop_climate', id);
      expect(car.live().climate.on).toBe(false);
      expect(cloud.requests.unknown).toEqual([]);
    });

    test('a command is pending until the car has obeyed, refused or not answered', async () => {
      const { account, car, send, status } = await signedIn(place);
      const [refused, unanswered, unknown] = place.polled;
      const { commands } = account;
      commands.delay_ms = 'never';
      const action = (await send('unlock')).result;
      expect(await status(action)).toBe('PENDING');
      commands.arrive();
      expect(await status(action)).toBe('SUCCESS');
      commands.delay_ms = 0;
      commands.conduct = () => 'refuses';
      expect(await status((await send('lock')).result)).toBe(refused);
      commands.conduct = () => 'is_silent';
      expect(await status((await send('lock')).result)).toBe(unanswered);
      commands.conduct = () => 'obeys';
      commands.tells = 'pending';
      const unheard = (await send('lock')).result;
      expect(await status(unheard)).toBe('PENDING');
      commands.tells = 'nothing';
      expect(await status(unheard)).toBe(unknown);
      expect([car.count('lock', 'unlock'), car.count('lock', 'lock')]).toEqual([1, 1]);
    });

    test.each(['duplicate', 'unsupported', 'vehicle_timeout', 'unavailable'] as const)(
      'a command that is refused (%s) is not carried out',
      async (reason) => {
        const { account, car, send } = await signedIn(place);
        const { username } = account;
        cloud.fault({
          account: username,
          operation: 'command',
          times: 1,
          effect: { is: 'refused', reason },
        });
        expect((await send('unlock')).error).toBe(place.refusedAs);
        expect(car.executed).toEqual([]);
        expect((await send('unlock')).error).toBeUndefined();
        expect(car.count('lock', 'unlock')).toBe(1);
      },
    );
  });

  const hyundai = () => places[1] ?? expect.unreachable('no such place');

  test('Hyundai: lights are told of once, to who asks for lights', async () => {
    const { send, status } = await signedIn(hyundai());
    const action = (await send('start_hazard_lights')).result;
    expect(await status(action)).toBe('SUCCESS');
    // The library has forgotten by now what it was.
    expect(await status(action)).toBe('UNKNOWN');
    const types = cloud.requests.of('poll').map(({ headers }) => headers['service_type']);
    expect(types).toEqual(['LIGHTS_ONLY', 'REMOTE_POLL']);
  });

  test('Hyundai: the last trips come with the status of an electric car', async () => {
    const { car, id, send } = await signedIn(hyundai());
    await send('update_vehicle_with_cached_state');
    const trips = at(await library.result('vehicles'), id, 'data', 'filled_trips');
    const [newest] = trips as { hhmmss: string; distance: number }[];
    const month = (newest?.hhmmss ?? '').slice(0, 7).replace('-', '');
    await send('update_month_trip_info', month);
    const info = at(await library.result('vehicles'), id, '_month_trip_info');
    expect(info).toMatchObject({ yyyymm: month });
    expect(newest?.distance).toBeGreaterThan(0);
    expect(Date.parse(`${(newest?.hhmmss ?? '').replace(' ', 'T')}Z`)).toBeLessThan(car.live().at);
  });
});
