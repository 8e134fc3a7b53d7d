import { describe, expect, test } from 'vitest';
import { hasOldLibrary, hasTestPython } from '../support/python.js';
import { carOf, signInToCanada } from './canada-world.js';
import { at } from './wire.js';

describe.skipIf(!hasTestPython)('commands to cars in Canada', () => {
  test('lock, climate, charging and limits are obeyed, each after the PIN', async () => {
    const { cloud, account, library, asked } = await signInToCanada();
    const car = carOf(account);
    const id = car.identity.id;
    car.change({ charging: false });
    const send = async (name: string, ...args: number[]) => {
      cloud.requests.clear();
      await library.result(name, id, ...args);
      expect(cloud.requests.all.map(({ operation }) => operation)).toEqual(['detail', 'command']);
      return asked()[1];
    };
    expect(await send('unlock')).toBe('drulck');
    expect(car.report().lock.state).toBe('unlocked');
    expect(await send('lock')).toBe('drlck');
    expect(car.report().lock.state).toBe('locked');
    expect(await send('start_charge')).toBe('evc/rcstrt');
    expect(car.report().ev.charging).toBe(true);
    expect(await send('stop_charge')).toBe('evc/rcstp');
    expect(car.report().ev.charging).toBe(false);
    expect(await send('set_charge_limits', 70, 90)).toBe('evc/setsoc');
    expect(car.report().ev).toMatchObject({ limit_ac: 70, limit_dc: 90 });
    expect(await send('stop_climate')).toBe('evc/rfoff');
    expect(account.mixUps).toEqual([]);
  });

  test.each([
    { what: 'an EV', index: 0, path: 'evc/rfon' },
    { what: 'a car with a tank', index: 3, path: 'rmtstrt' },
  ])('the climate of $what starts as it was asked for', async ({ index, path }) => {
    const { account, library, asked } = await signInToCanada({ cars: 4 });
    const car = carOf(account, index);
    const wanted = { set_temp: 19.5, duration: 7, defrost: true, heating: 1, front_left_seat: 7 };
    await library.result('start_climate', car.identity.id, wanted);
    expect(asked()).toEqual(['vrfypin', path]);
    expect(car.reported().state.climate).toMatchObject({
      on: true,
      target_c: 19.5,
      duration_min: 7,
      defrost: true,
      rear_window_heat: true,
      steering_wheel_heat: true,
      seats: { front_left: 'heat_medium', front_right: 'off' },
    });
  });

  test('a command is pending until the car has obeyed or refused', async () => {
    const { account, library, asked } = await signInToCanada();
    const car = carOf(account);
    const id = car.identity.id;
    account.commands.delay_ms = 'never';
    const unheard = await library.result('unlock', id);
    asked();
    expect(await library.result('check_action_status', id, unheard)).toBe('PENDING');
    const poll = hasOldLibrary ? ['vrfypin', 'rmtsts'] : ['vrfypin', 'rmtsts', 'rmtsts'];
    expect(asked()).toEqual(poll);
    account.commands.delay_ms = 0;
    const heard = await library.result('unlock', id);
    expect(await library.result('check_action_status', id, heard)).toBe('SUCCESS');
    car.change({ doors: { ...car.live().doors, front_left: true } });
    const refused = await library.result('lock', id);
    expect(await library.result('check_action_status', id, refused)).toBe('FAILED');
    expect(car.count('lock', 'unlock')).toBe(1);
  });

  test('a wrong PIN stops commands, and leaves the position unknown', async () => {
    const { account, library, asked } = await signInToCanada();
    const car = carOf(account);
    account.pin = '9999';
    const answer = await library.call('unlock', car.identity.id);
    expect(answer).toMatchObject({ error: 'KeyError' });
    expect(asked()).toEqual(['vrfypin']);
    await library.result('update_vehicle_with_cached_state', car.identity.id);
    expect(asked()).not.toContain('fndmcr');
    expect(at(await library.result('vehicles'), car.identity.id)).toMatchObject({
      _location_latitude: null,
    });
    expect(car.count('lock', 'unlock')).toBe(0);
  });

  test('two commands at once: the one that went to the wrong car is found out', async () => {
    const { cloud, account, library } = await signInToCanada({ cars: 2 });
    const [meant, other] = [carOf(account, 0), carOf(account, 1)];
    const held = cloud.hold({ path: /vrfypin$/, vehicle: meant.identity.vin });
    const unlocking = library.call('unlock', meant.identity.id);
    await cloud.requests.arrived('detail');
    await library.result('lock', other.identity.id);
    expect(account.mixUps).toEqual([]);
    held.release();
    expect(await unlocking).not.toHaveProperty('error');
    expect(account.mixUps).toEqual([
      { path: 'drulck', named: other.identity.vin, authorized: meant.identity.vin },
    ]);
    const posts = cloud.requests.of('command').map(({ path, vehicle }) => [path, vehicle]);
    expect(posts).toEqual([
      ['/tods/api/drlck', other.identity.vin],
      ['/tods/api/drulck', other.identity.vin],
    ]);
    expect(meant.count('lock', 'unlock')).toBe(0);
    expect(other.count('lock', 'unlock')).toBe(1);
  });

  test('after a command the list carries its car too', async () => {
    const { cloud, account, library } = await signInToCanada({ cars: 2 });
    const listed = () => cloud.requests.of('list').map(({ vehicle }) => vehicle);
    await library.result('check_and_refresh_token');
    expect(listed()).toEqual([null]);
    await library.result('lock', carOf(account, 1).identity.id);
    await library.result('check_and_refresh_token');
    expect(listed()).toEqual([null, carOf(account, 1).identity.vin]);
  });

  test.each([
    { what: 'unlock', operation: 'command', name: 'lock', value: 'unlock' },
    { what: 'force_refresh_vehicle_state', operation: 'force', name: 'wake', value: 'wake' },
  ] as const)(
    '$what is sent and done again when its answer is lost, and that shows',
    async ({ what, operation, name, value }) => {
      const { cloud, account, library } = await signInToCanada();
      const car = carOf(account);
      await library.result(what, car.identity.id);
      await library.result(what, car.identity.id);
      expect(cloud.requests.repeats()).toEqual([]);
      cloud.fault({ operation, times: 1, processed: true, effect: { is: 'reset' } });
      await library.result(what, car.identity.id);
      expect(cloud.requests.repeats()).toMatchObject([{ operation, vehicle: car.identity.vin }]);
      expect(car.count(name, value)).toBe(4);
    },
  );
});
