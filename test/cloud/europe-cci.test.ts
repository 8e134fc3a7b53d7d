import { describe, expect, test } from 'vitest';
import { hasOldLibrary, hasTestPython } from '../support/python.js';
import {
  type EuropeWorld,
  again,
  carOf,
  known,
  knownReport,
  signInToEurope,
  startEurope,
  trueReport,
} from './europe/world.js';
import { at } from './wire.js';

const hyundai = { region: 9, brand: 'hyundai' } as const;
const kia = { region: 9, brand: 'kia' } as const;
const brands = [hyundai, kia] as const;

const signIn = [
  'sign_in_step',
  'sign_in_step',
  'sign_in',
  'sign_in_step',
  'sign_in_step',
  'register',
];
const coldStart = [...signIn, 'list'];
const hour_ms = 3_600_000;

const idOf = ({ account }: EuropeWorld, index = 0): string => carOf(account, index).identity.id;

function read(world: EuropeWorld, index = 0) {
  return world.library.call('update_vehicle_with_cached_state', idOf(world, index));
}

// The old library knows neither the region nor the signed routes.
describe.skipIf(!hasTestPython || hasOldLibrary)('the new vehicle servers', () => {
  test.each([
    [
      hyundai,
      ['cached', 'detail', 'detail', 'detail', 'detail'],
      ['cached', 'detail', 'detail', 'detail'],
    ],
    [kia, ['cached'], ['cached']],
  ] as const)('$brand: a cold start, a first and a later read', async (options, first, later) => {
    const world = await startEurope(options);
    const { library, account, asked } = world;
    const car = carOf(account);
    await library.result('check_and_refresh_token');
    expect(asked()).toEqual(coldStart);
    car.change({ locked: false, soc: 12 });
    expect(await read(world)).not.toHaveProperty('error');
    expect(asked()).toEqual(first);
    expect(await read(world)).not.toHaveProperty('error');
    expect(asked()).toEqual(later);
    expect(await known(world)).toMatchObject({
      VIN: car.identity.vin,
      engine_type: 'EV',
      is_locked: true,
      ev_battery_percentage: car.report().ev.soc,
      _location_latitude: car.reported().state.position.latitude,
    });
    expect(car.count('wake', 'wake')).toBe(0);
  });

  test('the library reads the time of a report an hour too early', async () => {
    const world = await signInToEurope(hyundai);
    await read(world);
    expect(await knownReport(world)).toBe(trueReport(world) - hour_ms);
    const date = String(at(await known(world), 'data', 'Date'));
    const iso = date.replace(/^(....)(..)(..)(..)(..)(..)\.000$/, '$1-$2-$3T$4:$5:$6Z');
    expect(Date.parse(iso)).toBe(trueReport(world));
  });

  test('the drivetrains are told apart, and what has no plug is asked less', async () => {
    const world = await signInToEurope({ ...hyundai, cars: 4 });
    const types = await Promise.all([0, 1, 2, 3].map((place) => known(world, place)));
    expect(types).toMatchObject(
      ['EV', 'PHEV', 'HEV', 'ICE'].map((engine_type) => ({ engine_type })),
    );
    await read(world, 3);
    expect(world.asked()).toEqual(['cached', 'detail', 'detail']);
    await read(world, 3);
    expect(world.asked()).toEqual(['cached', 'detail']);
  });

  test('a forced read wakes a Hyundai, which reports only after it', async () => {
    const world = await signInToEurope(hyundai);
    const { library, account, asked } = world;
    const car = carOf(account);
    const before = trueReport(world);
    car.change({ locked: false });
    account.wakes.delay_ms = 60_000;
    await library.result('force_refresh_vehicle_state', idOf(world));
    expect(asked()).toEqual(['force', 'cached', 'detail', 'detail', 'detail', 'detail']);
    expect(await knownReport(world)).toBe(before - hour_ms);
    expect(car.count('wake', 'wake')).toBe(0);
    account.wakes.arrive();
    await read(world);
    expect(await knownReport(world)).toBe(trueReport(world) - hour_ms);
    expect(trueReport(world)).toBeGreaterThan(before);
    expect(await known(world)).toMatchObject({ is_locked: false });
  });

  test.each([{ answer: 'rate_limited' }, { answer: 'duplicate' }, { delay_ms: 'never' }] as const)(
    'a wake that comes to nothing (%o) looks like a success',
    async (wakes) => {
      const world = await signInToEurope(hyundai);
      Object.assign(world.account.wakes, wakes);
      await world.library.result('force_refresh_vehicle_state', idOf(world));
      expect(world.asked()[0]).toBe('force');
      expect(carOf(world.account).count('wake', 'wake')).toBe(0);
    },
  );

  test('the library does not force a Kia', async () => {
    const world = await signInToEurope(kia);
    const answer = await world.library.call('force_refresh_vehicle_state', idOf(world));
    expect(answer).toMatchObject({ error: 'NotImplementedError' });
    expect(world.asked()).toEqual([]);
  });
});

describe.skipIf(!hasTestPython || hasOldLibrary)('sessions of the new vehicle servers', () => {
  test.each(brands)('$brand: a check asks the sign-in service', async (options) => {
    const { library, asked } = await signInToEurope(options);
    await library.result('check_and_refresh_token');
    expect(asked()).toEqual(['list']);
  });

  test.each(brands)('$brand: a token near its end is refreshed', async (options) => {
    const world = await startEurope(options);
    world.account.sessions.ccsTokenLifetime_s = 5;
    await world.library.result('check_and_refresh_token');
    world.account.sessions.ccsTokenLifetime_s = 3600;
    world.asked();
    await world.library.result('check_and_refresh_token');
    expect(world.asked()).toEqual(['refresh', 'refresh']);
    expect(await read(world)).not.toHaveProperty('error');
    expect(world.account.sessions.signIns).toBe(1);
  });

  test('the token of the sign-in service ends first, and a check then refreshes', async () => {
    const world = await startEurope(hyundai);
    const { library, account, clock, asked } = world;
    account.sessions.cciTokenLifetime_s = 60;
    await library.result('check_and_refresh_token');
    asked();
    // Not an hour: signatures of another time are refused.
    clock.ahead_ms = 60_000;
    await library.result('check_and_refresh_token');
    expect(asked()).toEqual(['list', 'refresh', 'refresh']);
    clock.ahead_ms = 0;
    account.sessions.revokeCciTokens();
    await library.result('check_and_refresh_token');
    expect(asked()).toEqual(['list', 'refresh', 'refresh']);
    expect(await read(world)).not.toHaveProperty('error');
    expect(account.sessions.signIns).toBe(1);
  });

  test('a refused refresh ends in a sign-in', async () => {
    const world = await signInToEurope(hyundai);
    world.account.sessions.revokeCciTokens();
    world.account.revokeRefreshToken();
    await world.library.result('check_and_refresh_token');
    expect(world.asked()).toEqual(['list', 'refresh', ...signIn]);
    expect(world.account.sessions.signIns).toBe(2);
  });

  test('a check does not see that the vehicle servers have dropped the session', async () => {
    const world = await signInToEurope(hyundai);
    world.account.revokeSession();
    expect(await read(world)).toMatchObject({ error: 'AuthenticationError' });
    await world.library.result('check_and_refresh_token');
    expect(await read(world)).toMatchObject({ error: 'AuthenticationError' });
    expect(world.asked()).toEqual(['cached', 'list', 'cached']);
  });

  test('an account is the same at the old and the new servers, its tokens are not', async () => {
    const world = await signInToEurope(hyundai);
    const { library, cloud } = world;
    expect(await read(world)).not.toHaveProperty('error');
    const { token, ...rest } = { token: await library.result('token'), region: 1, brand: 2 };
    await library.open({
      ...rest,
      username: world.account.username,
      password: world.account.password,
      pin: world.account.pin,
      token,
    });
    await library.result('check_and_refresh_token');
    // A phone that the old servers do not know.
    expect(world.asked().slice(-3)).toEqual(['list', 'register', 'list']);
    expect(cloud.requests.unknown).toEqual([]);
  });
});

describe.skipIf(!hasTestPython || hasOldLibrary)('the stamps of the new vehicle servers', () => {
  async function stampedRead(options: (typeof brands)[number], strict = true) {
    const world = await signInToEurope({ ...options, strict });
    await read(world);
    const request = world.cloud.requests.of('cached')[0] ?? expect.unreachable('no read');
    return { world, request };
  }

  const refused = { status: 403, json: { metaInfo: { retCode: 'F', resCode: '403-001' } } };

  test.each(brands)(
    '$brand: lets in what is stamped, for as long as it is new',
    async (options) => {
      const { world, request } = await stampedRead(options);
      expect((await again(world, request)).status).toBe(200);
      world.clock.ahead_ms = 10 * 60_000;
      expect(await again(world, request)).toMatchObject(refused);
    },
  );

  test.each(brands)('$brand: keeps out what is stamped otherwise', async (options) => {
    const { world, request } = await stampedRead(options);
    const stamp = Buffer.from(request.headers['x-stamp'] ?? '', 'base64');
    const flipped = (place: number): string => {
      const changed = Buffer.from(stamp);
      changed[place] = (changed[place] ?? 0) ^ 1;
      return changed.toString('base64');
    };
    const id = request.headers['x-request-id'] ?? '';
    const otherId = id.replace(
      /^(.{6})./,
      (_, head: string) => `${head}${id[6] === 'A' ? 'B' : 'A'}`,
    );
    for (const changes of [
      { 'x-stamp': undefined },
      { 'x-stamp': flipped(0) },
      { 'x-stamp': flipped(stamp.length - 1) },
      { 'x-request-id': undefined },
      { 'x-request-id': otherId },
      { 'ccsp-device-id': '00000000-0000-4000-8000-000000000000' },
    ]) {
      expect(await again(world, request, changes)).toMatchObject(refused);
    }
  });

  test('are not looked at for an account that is not strict', async () => {
    const { world, request } = await stampedRead(hyundai, false);
    expect((await again(world, request, { 'x-stamp': undefined })).status).toBe(200);
  });

  test('a stamp without the user, as of a session of the old servers, is refused', async () => {
    const world = await startEurope({ ...hyundai, region: 1 });
    await world.library.result('check_and_refresh_token');
    const token = await world.library.result('token');
    const { username, password, pin } = world.account;
    await world.library.open({ region: 9, brand: 2, username, password, pin, token });
    await world.library.result('check_and_refresh_token');
    expect(await read(world)).toMatchObject({ error: 'APIError' });
    expect(world.cloud.requests.of('cached')[0]?.status).toBe(403);
  });
});
