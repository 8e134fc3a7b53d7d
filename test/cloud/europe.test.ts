import { describe, expect, test } from 'vitest';
import { hasOldLibrary, hasTestPython } from '../support/python.js';
import { pythonWithShortSleeps } from '../support/short-sleeps.js';
import {
  type EuropeWorldOptions,
  again,
  carOf,
  known,
  knownReport,
  owner,
  signInToEurope,
  startEurope,
  trueReport,
} from './europe/world.js';
import { textAt } from './wire.js';

const kia = { region: 1, brand: 'kia' } as const;
const legacyHyundai = { region: 1, brand: 'hyundai', protocol: 'legacy' } as const;

const coldStart = [
  'register',
  'sign_in_step',
  'sign_in_step',
  'sign_in_step',
  'sign_in_step',
  'sign_in',
  'sign_in_step',
  'sign_in_step',
  'list',
];
const electricRead = ['cached', 'detail', 'detail', 'detail'];

// The old library knows only the routes that are closed.
describe.skipIf(!hasTestPython || hasOldLibrary)('the old vehicle servers', () => {
  describe.each<EuropeWorldOptions>([
    kia,
    { region: 1, brand: 'hyundai' },
    { region: 1, brand: 'genesis' },
    legacyHyundai,
  ])('$brand $protocol', (options) => {
    test('a cold start, then a cached read that tells what the car reported', async () => {
      const world = await startEurope(options);
      const { library, account, asked } = world;
      const car = carOf(account);
      await library.result('check_and_refresh_token');
      expect(asked()).toEqual(coldStart);
      await library.result('check_and_refresh_token');
      expect(asked()).toEqual([]);
      car.change({ locked: false, soc: 12 });
      await library.result('update_vehicle_with_cached_state', car.identity.id);
      expect(asked()).toEqual(electricRead);
      const { latitude, longitude } = car.reported().state.position;
      expect(await known(world)).toMatchObject({
        VIN: car.identity.vin,
        engine_type: 'EV',
        is_locked: true,
        ev_battery_percentage: car.report().ev.soc,
        _location_latitude: latitude,
        _location_longitude: longitude,
        power_consumption_30d: Math.round(car.identity.consumption_kwh_100km * 10),
      });
      expect(await knownReport(world)).toBe(trueReport(world));
      expect(car.count('wake', 'wake')).toBe(0);
    });
  });

  test('the drivetrains are told apart, and what has no plug is asked less', async () => {
    const world = await signInToEurope({ ...kia, cars: 4 });
    const { library, account, asked } = world;
    const types = await Promise.all([0, 1, 2, 3].map((place) => known(world, place)));
    expect(types).toMatchObject(
      ['EV', 'PHEV', 'HEV', 'ICE'].map((engine_type) => ({ engine_type })),
    );
    await library.result('update_vehicle_with_cached_state', carOf(account, 3).identity.id);
    expect(asked()).toEqual(['cached', 'detail']);
    expect(await known(world, 3)).toMatchObject({
      fuel_level: carOf(account, 3).report().fuel.level,
    });
  });

  test(
    'a forced read wakes the car, waits its 25 s and tells what is true',
    { timeout: 90_000 },
    async () => {
      const world = await signInToEurope(kia);
      const { library, account, asked } = world;
      const car = carOf(account);
      account.wakes.delay_ms = 5_000;
      const before = trueReport(world);
      car.change({ locked: false });
      await library.result('force_refresh_vehicle_state', car.identity.id);
      expect(asked()).toEqual(['force', ...electricRead]);
      expect(car.count('wake', 'wake')).toBe(1);
      expect(await known(world)).toMatchObject({ is_locked: false });
      expect(await knownReport(world)).toBe(trueReport(world));
      expect(trueReport(world)).toBeGreaterThan(before);
    },
  );

  test.each([
    ['a car that does not hear', { delay_ms: 'never' }],
    ['a wake that is limited', { answer: 'rate_limited' }],
    ['a wake that repeats another one', { answer: 'duplicate' }],
  ] as const)('%s looks like a success, and nothing is new', async (_, wakes) => {
    const world = await signInToEurope({ ...kia, python: await pythonWithShortSleeps(0.02) });
    const { library, account, asked } = world;
    const car = carOf(account);
    Object.assign(account.wakes, wakes);
    const before = trueReport(world);
    await library.result('force_refresh_vehicle_state', car.identity.id);
    expect(asked()).toEqual(['force', ...electricRead]);
    expect(car.count('wake', 'wake')).toBe(0);
    expect(await knownReport(world)).toBe(before);
  });

  test('a legacy car answers a forced read itself', async () => {
    const world = await signInToEurope(legacyHyundai);
    const { library, account, asked } = world;
    const car = carOf(account);
    car.change({ locked: false, position: { latitude: 52.5, longitude: 13.25, at: Date.now() } });
    await library.result('force_refresh_vehicle_state', car.identity.id);
    expect(asked()).toEqual(['force', 'detail', 'detail', 'detail']);
    expect(await known(world)).toMatchObject({ is_locked: false, _location_latitude: 52.5 });
    expect(await knownReport(world)).toBe(trueReport(world));
    expect(car.count('wake', 'wake')).toBe(1);
  });

  test.each([
    ['RateLimitingError', { answer: 'rate_limited' }],
    ['DuplicateRequestError', { answer: 'duplicate' }],
    ['RequestTimeoutError', { delay_ms: 'never' }],
  ] as const)('a legacy car that cannot be woken: %s', async (error, wakes) => {
    const { library, account } = await signInToEurope(legacyHyundai);
    Object.assign(account.wakes, wakes);
    const { id } = carOf(account).identity;
    expect(await library.call('force_refresh_vehicle_state', id)).toMatchObject({ error });
    expect(carOf(account).count('wake', 'wake')).toBe(0);
  });
});

describe.skipIf(!hasTestPython || hasOldLibrary)('sessions of the old vehicle servers', () => {
  test('a token near its end is refreshed without a sign-in', async () => {
    const world = await startEurope(kia);
    const { library, account, asked } = world;
    // Less than the library's grace.
    account.sessions.ccsTokenLifetime_s = 5;
    await library.result('check_and_refresh_token');
    account.sessions.ccsTokenLifetime_s = 3600;
    asked();
    await library.result('check_and_refresh_token');
    expect(asked()).toEqual(['refresh', 'refresh']);
    await library.result('update_vehicle_with_cached_state', carOf(account).identity.id);
    expect(asked()).toEqual(electricRead);
    expect(account.sessions.signIns).toBe(1);
  });

  test.each([
    [
      'revoked',
      (world) => {
        world.account.revokeRefreshToken();
      },
    ],
    [
      'past their end',
      (world) => {
        world.clock.ahead_ms = 61_000;
      },
    ],
  ] as [string, (world: Awaited<ReturnType<typeof startEurope>>) => void][])(
    'with refresh tokens that are %s the password is needed',
    async (_, end) => {
      const world = await startEurope(kia);
      const { library, account, asked } = world;
      account.sessions.ccsTokenLifetime_s = 5;
      account.sessions.refreshTokenLifetime_s = 60;
      await library.result('check_and_refresh_token');
      const token = await library.result('token');
      const claims = textAt(token, 'refresh_token').split('.')[1] ?? '';
      expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toHaveProperty('exp');
      end(world);
      account.sessions.ccsTokenLifetime_s = 3600;
      asked();
      await library.result('check_and_refresh_token');
      expect(asked()).toEqual(['refresh', ...coldStart.slice(0, -1)]);
      expect(account.sessions.signIns).toBe(2);
    },
  );

  test('a refresh token is good once', async () => {
    const world = await signInToEurope(kia);
    const token = await world.library.result('token');
    const given = (name: string) => {
      const names: Record<string, string> = {
        accessToken: 'cci_access_token',
        refreshToken: 'refresh_token',
        exchangeableRefreshToken: 'exchangeable_refresh_token',
        nonCcsRefreshToken: 'non_ccs_refresh_token',
      };
      return textAt(token, names[name] ?? name);
    };
    expect(world.account.sessions.refresh(given)).toBeDefined();
    expect(world.account.sessions.refresh(given)).toBeUndefined();
  });

  test.each(['expired', '7501'] as const)(
    'a session that the server has dropped is over (%s), and a check does not see it',
    async (words) => {
      const { library, account, asked } = await signInToEurope(kia);
      const { id } = carOf(account).identity;
      account.sessionWords = words;
      account.revokeSession();
      const read = () => library.call('update_vehicle_with_cached_state', id);
      expect(await read()).toMatchObject({ error: 'AuthenticationError' });
      await library.result('check_and_refresh_token');
      expect(await read()).toMatchObject({ error: 'AuthenticationError' });
      expect(asked()).toEqual(['cached', 'cached']);
    },
  );

  test('without token servers there is neither a refresh nor a sign-in', async () => {
    const { library, account, asked } = await startEurope(kia);
    account.sessions.ccsTokenLifetime_s = 5;
    await library.result('check_and_refresh_token');
    account.tokenServerDown = true;
    asked();
    const answer = await library.call('check_and_refresh_token');
    expect(answer).toMatchObject({ error: 'AuthenticationError' });
    expect(answer.text).toContain('HTTP 503');
    expect(asked()).toEqual(['refresh', ...coldStart.slice(0, 7)]);
    account.tokenServerDown = false;
    await library.result('check_and_refresh_token');
  });

  test.each([
    ['AuthenticationError', 'returned to login page', { password: 'changed' }],
    ['ConsentRequiredError', 'consent', { consentRequired: true }],
    ['AuthenticationError', 'abusing', { blockedByFirewall: true }],
  ] as const)('%s: %s', async (error, words, state) => {
    const { library, account } = await startEurope(kia);
    Object.assign(account, state);
    const answer = await library.call('check_and_refresh_token');
    expect(answer).toMatchObject({ error });
    expect(answer.text).toContain(words);
    expect(answer.text).not.toContain(owner.password);
    Object.assign(account, {
      password: owner.password,
      consentRequired: false,
      blockedByFirewall: false,
    });
    await library.result('check_and_refresh_token');
  });

  test('a phone that is forgotten is registered anew, and the read goes on', async () => {
    const world = await signInToEurope(kia);
    const { library, account, asked } = world;
    const { id } = carOf(account).identity;
    const device = textAt(await library.result('token'), 'device_id');
    account.forgetDevice();
    await library.result('update_vehicle_with_cached_state', id);
    expect(asked()).toEqual(['cached', 'register', ...electricRead]);
    expect(textAt(await library.result('token'), 'device_id')).not.toBe(device);
    await library.result('update_vehicle_with_cached_state', id);
    expect(asked()).toEqual(electricRead);
  });

  test('a used-up day refuses everything until the next one', async () => {
    const { library, account, cloud } = await signInToEurope(kia);
    const { id } = carOf(account).identity;
    const read = () => library.call('update_vehicle_with_cached_state', id);
    account.quota.per_day = 0;
    expect(await read()).toMatchObject({ error: 'RateLimitingError' });
    expect(cloud.requests.all.map(({ status }) => status)).toEqual([509]);
    account.quota.per_day = undefined;
    expect(await read()).not.toHaveProperty('error');
  });

  test('the faults of the cloud reach these servers too', async () => {
    const { library, account, cloud } = await signInToEurope(kia);
    const read = () => library.call('update_vehicle_with_cached_state', carOf(account).identity.id);
    for (const [effect, error] of [
      [{ is: 'rate_limited' }, 'RateLimitingError'],
      [{ is: 'session_revoked' }, 'AuthenticationError'],
      [{ is: 'garbage', kind: 'html' }, 'JSONDecodeError'],
      [{ is: 'garbage', kind: 'no_envelope' }, 'InvalidAPIResponseError'],
    ] as const) {
      const fault = cloud.fault({ operation: 'cached', account: owner.username, effect });
      expect(await read()).toMatchObject({ error });
      expect(fault.struck).toBe(1);
      fault.clear();
    }
    expect(await read()).not.toHaveProperty('error');
  });
});

describe.skipIf(!hasTestPython || hasOldLibrary)('the gate of the token servers', () => {
  async function signedExchange(options: EuropeWorldOptions = kia) {
    const world = await startEurope(options);
    await world.library.result('check_and_refresh_token');
    const request = world.cloud.requests.all.find(({ path }) => path === '/auth/v1/token-exchange');
    return { world, request: request ?? expect.unreachable('no exchange') };
  }

  test.each(['kia', 'hyundai', 'genesis'] as const)(
    '%s: lets in what is signed, for as long as it is new',
    async (brand) => {
      const { world, request } = await signedExchange({ region: 1, brand });
      expect((await again(world, request)).status).toBe(200);
      world.clock.ahead_ms = 10 * 60_000;
      expect(await again(world, request)).toMatchObject({ status: 403, json: { code: 9037 } });
    },
  );

  test('keeps out what is not signed, or not as it is sent', async () => {
    const { world, request } = await signedExchange();
    const timestamp = String(Number(request.headers['x-timestamp']) + 1);
    const flipped = (request.headers['x-fingerprint'] ?? '').replace(/^./, (one) =>
      one === '0' ? '1' : '0',
    );
    for (const [changes, code] of [
      [{ 'x-fingerprint': undefined }, 9035],
      [{ 'x-fingerprint': flipped }, 9036],
      [{ 'x-fingerprint': '' }, 9036],
      [{ 'x-timestamp': timestamp }, 9036],
      [{ 'client-name': 'Other' }, 9036],
    ] as const) {
      expect(await again(world, request, changes)).toMatchObject({ status: 403, json: { code } });
    }
    const unsigned = { ...request, path: '/domain/api/v1/auth/token-exchange' };
    expect(await again(world, unsigned)).toMatchObject({ status: 403, json: { code: 9035 } });
  });

  test('stands open for an account that is not strict', async () => {
    const { world, request } = await signedExchange({ ...kia, strict: false });
    const unsigned = { 'x-fingerprint': undefined };
    expect((await again(world, request, unsigned)).status).toBe(200);
    const old = { ...request, path: '/domain/api/v1/auth/token-exchange' };
    expect((await again(world, old, unsigned)).status).toBe(200);
  });

  test('tokens of two sign-ins do not go together', async () => {
    const { world, request } = await signedExchange({ ...kia, strict: false });
    const other = { authentication: 'another', 'non-ccs-token': 'another' };
    expect((await again(world, request, other)).status).toBe(401);
  });
});
