import { beforeAll, describe, expect, test } from 'vitest';
import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import {
  hasOldLibrary,
  hasTestPython,
  oldestTestPython,
  requireTestPython,
} from '../support/python.js';
import { onTeardown } from '../support/teardown.js';
import type { CcspAccount } from './ccsp/account.js';
import { refusal, success } from './ccsp/errors.js';
import { type CcspCredentials, type Cloud, startCloud } from './cloud.js';
import { LibraryClient } from './library-client.js';
import { ask } from './through-proxy.js';
import { type CloudOperation, at, compactTime, textAt } from './wire.js';

type Operations = readonly (CloudOperation | 'unknown')[];
type Credentials = Omit<CcspCredentials<never>, 'brand'>;

interface Place {
  readonly place: string;
  /** The library's numbers. */
  readonly region: number;
  readonly brand: number;
  readonly add: (cloud: Cloud, owner: Credentials) => CcspAccount;
  readonly signIn: Operations;
  readonly renewal: Operations;
  readonly cached: Operations;
  readonly force: Operations;
  /** Whether the library understands what a woken car answers; if not, a cached read has to follow. */
  readonly understandsForce: boolean;
  /** Whether a cached read registers a new device id by itself. */
  readonly repairsDevice: boolean;
}

const detail3 = ['detail', 'detail', 'detail'] as const;
const oauth = {
  signIn: ['register', 'sign_in_step', 'sign_in', 'sign_in_step'],
  renewal: ['refresh'],
  repairsDevice: false,
} as const;
const legacy = { understandsForce: false } as const;
const ccs2 = { understandsForce: true } as const;
const australia = {
  ...oauth,
  cached: ['cached', ...detail3],
  force: ['force', ...detail3],
} as const;
const india = {
  ...oauth,
  region: 6,
  cached: ['cached', ...detail3],
  force: ['force', ...detail3, 'detail'],
} as const;
const china = {
  region: 4,
  signIn: ['sign_in_step', 'sign_in_step', 'sign_in', 'sign_in_step', 'register'],
  renewal: ['refresh', 'sign_in_step'],
  cached: ['cached', 'detail', 'detail'],
  force: ['force', ...detail3],
  repairsDevice: false,
  ...legacy,
} as const;

const places: readonly Place[] = [
  {
    ...australia,
    place: 'Australia, Kia',
    region: 5,
    brand: 1,
    add: (cloud, owner) => cloud.accounts.australia({ ...owner, brand: 'kia' }),
    ...legacy,
  },
  {
    ...australia,
    place: 'Australia, Kia, CCS2',
    region: 5,
    brand: 1,
    add: (cloud, owner) => cloud.accounts.australia({ ...owner, brand: 'kia', protocol: 'ccs2' }),
    ...ccs2,
  },
  {
    ...australia,
    place: 'Australia, Hyundai',
    region: 5,
    brand: 2,
    add: (cloud, owner) => cloud.accounts.australia({ ...owner, brand: 'hyundai' }),
    ...legacy,
  },
  {
    ...australia,
    place: 'Australia, Genesis, CCS2',
    region: 5,
    brand: 3,
    add: (cloud, owner) =>
      cloud.accounts.australia({ ...owner, brand: 'genesis', protocol: 'ccs2' }),
    ...ccs2,
  },
  {
    ...australia,
    place: 'New Zealand, Kia',
    region: 7,
    brand: 1,
    add: (cloud, owner) => cloud.accounts.australia({ ...owner, brand: 'kia' }),
    ...legacy,
  },
  {
    ...india,
    place: 'India, Hyundai',
    brand: 2,
    add: (cloud, owner) => cloud.accounts.india({ ...owner, brand: 'hyundai' }),
    ...legacy,
  },
  {
    ...india,
    place: 'India, Kia, CCS2',
    brand: 1,
    add: (cloud, owner) => cloud.accounts.india({ ...owner, brand: 'kia', protocol: 'ccs2' }),
    ...ccs2,
  },
  {
    ...china,
    place: 'China, Kia',
    brand: 1,
    add: (cloud, owner) => cloud.accounts.china({ ...owner, brand: 'kia' }),
  },
  {
    ...china,
    place: 'China, Hyundai',
    brand: 2,
    add: (cloud, owner) => cloud.accounts.china({ ...owner, brand: 'hyundai' }),
  },
  {
    place: 'Brazil, Hyundai',
    region: 8,
    brand: 2,
    add: (cloud, owner) => cloud.accounts.brazil({ ...owner, brand: 'hyundai' }),
    signIn: ['sign_in_step', 'sign_in', 'sign_in_step', 'register'],
    renewal: ['refresh'],
    cached: ['cached'],
    force: ['cached', 'force', 'cached'],
    understandsForce: true,
    repairsDevice: true,
  },
];

const placeNamed = (name: string): Place =>
  places.find(({ place }) => place === name) ?? expect.unreachable(`no place ${name}`);

describe.skipIf(!hasTestPython || hasOldLibrary)(
  'the platform of Australia, India, China and Brazil',
  () => {
    let cloud: Cloud;
    let library: LibraryClient;
    const clock = { ahead_ms: 0 };
    let owners = 0;

    beforeAll(async () => {
      cloud = await startCloud({ clock: () => Date.now() + clock.ahead_ms });
      onTeardown(() => cloud.stop());
      library = new LibraryClient(cloud, requireTestPython());
      onTeardown(() => library.stop());
    });

    /** What was asked since the last look. */
    function asked(): Operations {
      const operations = cloud.requests.all.map(({ operation }) => operation);
      cloud.requests.clear();
      return operations;
    }

    /** An account of its own, and a client that knows its credentials. */
    async function owner(place: Place, cars = 1) {
      owners += 1;
      const credentials = {
        username: `owner${String(owners)}@example.com`,
        password: `sesame-${String(owners)}`,
        pin: '1234',
      };
      const account = place.add(cloud, { ...credentials, cars, seed: 50 + owners });
      const { region, brand } = place;
      await library.open({ ...credentials, region, brand, sleep_scale: 0 });
      const car = carOf(account);
      const read = () => library.call('update_vehicle_with_cached_state', car.identity.id);
      const check = () => library.call('check_and_refresh_token');
      asked();
      return { account, car, check, read };
    }

    async function signedIn(place: Place, cars = 1) {
      const world = await owner(place, cars);
      expect(await world.check()).toMatchObject({ result: true });
      asked();
      return world;
    }

    const known = async ({ identity }: SimulatedCar): Promise<unknown> =>
      at(await library.result('vehicles'), identity.id);

    describe.each(places)('$place', (place) => {
      test('signs in, lists, reads and wakes with the known requests', async () => {
        const { car, check, read } = await owner(place);
        const { id, name, vin } = car.identity;
        expect(await check()).toMatchObject({ result: true });
        expect(asked()).toEqual([...place.signIn, 'list']);
        expect(await known(car)).toMatchObject({ VIN: vin, name, engine_type: 'EV' });
        expect(await check()).toMatchObject({ result: false });
        expect(asked()).toEqual([]);

        expect(await read()).toMatchObject({ result: null });
        expect(asked()).toEqual(place.cached);
        expect(await known(car)).toMatchObject(wordsOf(car));

        car.change({ soc: 77, locked: false, odometer_km: 91_234 });
        const before = car.reported().at;
        expect(await library.call('force_refresh_vehicle_state', id)).toMatchObject({
          result: null,
        });
        expect(asked()).toEqual(place.force);
        expect(car.count('wake', 'wake')).toBe(1);
        expect(car.reported().at).toBeGreaterThan(before);
        if (!place.understandsForce) {
          expect(at(await known(car), 'is_locked')).toBeNull();
          await library.open(await reopened(place));
          await check();
          await read();
        } else if (place.region === 6) {
          // A woken car does not tell its odometer here.
          await read();
        }
        expect(await known(car)).toMatchObject({ ...wordsOf(car), ev_battery_percentage: 77 });
        expect(cloud.requests.unknown).toEqual([]);
      });

      async function reopened({ region, brand }: Place) {
        const token = await library.result('token');
        const { username, password, pin } = token as Record<
          'username' | 'password' | 'pin',
          string
        >;
        return { region, brand, username, password, pin, token, sleep_scale: 0 };
      }

      test('renews a session that has run out, and signs in anew when it cannot', async () => {
        const { account, car, check, read } = await owner(place);
        // Not yet run out for the cloud, too near its end for the library.
        account.tokenLifetime_s = 9;
        await check();
        asked();
        await check();
        expect(asked()).toEqual(place.renewal);
        account.revokeRefreshToken();
        account.tokenLifetime_s = 3600;
        await check();
        // In Brazil the device id outlives the sign-in.
        const again = place.region === 8 ? place.signIn.slice(0, -1) : place.signIn;
        expect(asked()).toEqual(['refresh', ...again]);
        expect(await read()).toMatchObject({ result: null });
        clock.ahead_ms += 3600 * 1000;
        expect(await read()).toMatchObject({ error: 'AuthenticationError' });
        clock.ahead_ms -= 3600 * 1000;
        expect(car.count('wake', 'wake')).toBe(0);
      });

      test('does not accept a revoked session, in any of its words', async () => {
        const { account, check, read } = await signedIn(place);
        account.revokeSession();
        const words = ['expired', '7501', '4010'] as const;
        const errors: unknown[] = [];
        for (const one of words) {
          account.sessionWords = one;
          errors.push((await read()).error);
        }
        expect(errors).toEqual([
          'AuthenticationError',
          'AuthenticationError',
          'InvalidAPIResponseError',
        ]);
        // The library looks only at the time that it was told.
        asked();
        expect(await check()).toMatchObject({ result: false });
        expect(asked()).toEqual([]);
      });

      test('knows no dead device id, until a new one is registered', async () => {
        const { account, read } = await signedIn(place);
        account.forgetDevice();
        if (place.repairsDevice) {
          expect(await read()).toMatchObject({ result: null });
          expect(asked()).toEqual(['cached', 'register', 'cached']);
          return;
        }
        expect(await read()).toMatchObject({ error: 'DeviceIDError' });
        await library.result('initialize_vehicles');
        expect(asked()).toEqual(['cached', 'list', 'register', 'list']);
        expect(await read()).toMatchObject({ result: null });
      });

      test('refuses a wrong password, and a day with too many requests', async () => {
        const { account, check, read } = await owner(place);
        const { password } = account;
        account.password = 'changed';
        expect(await check()).toMatchObject({ error: 'AuthenticationError' });
        expect(cloud.requests.of('sign_in')).toHaveLength(1);
        account.password = password;
        await check();
        const limited = cloud.fault({
          account: account.username,
          effect: { is: 'rate_limited' },
        });
        onTeardown(() => {
          limited.clear();
        });
        expect(await read()).toMatchObject({ error: 'RateLimitingError' });
        expect(cloud.requests.all.at(-1)?.status).toBe(509);
      });
    });

    test.each([
      ['4004', 'DuplicateRequestError'],
      ['4005', 'UnsupportedControlError'],
      ['4081', 'RequestTimeoutError'],
      ['5031', 'ServiceTemporaryUnavailable'],
      ['5921', 'NoDataFound'],
      ['9999', 'RequestTimeoutError'],
    ] as const)('a refusal %s is a %s', async (code, error) => {
      const { account, read } = await signedIn(placeNamed('Australia, Hyundai'));
      cloud.fault({
        account: account.username,
        operation: 'cached',
        times: 1,
        effect: { is: 'reply', reply: refusal(code) },
      });
      expect(await read()).toMatchObject({ error });
      expect(await read()).toMatchObject({ result: null });
    });

    test('a fault revokes a session as well, and a renewal', async () => {
      const place = placeNamed('Australia, Hyundai');
      const { account, check, read } = await owner(place);
      account.tokenLifetime_s = 9;
      await check();
      const { username } = account;
      const revoked = cloud.fault({
        account: username,
        effect: { is: 'session_revoked' },
        times: 2,
      });
      expect(await read()).toMatchObject({ error: 'AuthenticationError' });
      asked();
      expect(await check()).toMatchObject({ result: true });
      expect(asked()).toEqual(['refresh', ...place.signIn]);
      expect(revoked.struck).toBe(2);
    });

    test.each(places.filter(({ brand }) => brand === 2))(
      'a plug-in hybrid, a hybrid and one with petrol alone: $place',
      async (place) => {
        const { account } = await signedIn(place, 4);
        const engines = [];
        for (const car of account.cars) {
          await library.result('update_vehicle_with_cached_state', car.identity.id);
          const words = await known(car);
          engines.push(at(words, 'engine_type'));
          expect(words).toMatchObject({
            VIN: car.identity.vin,
            is_locked: true,
            ev_battery_percentage: car.report().ev.soc,
            fuel_level: car.report().fuel.level ?? 0,
          });
        }
        expect(engines).toEqual(['EV', 'PHEV', 'HEV', 'ICE']);
        const reads = cloud.requests.of('cached').map(({ vehicle }) => vehicle);
        expect(reads).toEqual(account.cars.map(({ identity }) => identity.vin));
      },
    );

    test('China renews by the cookie of the sign-in, which a restart loses', async () => {
      const place = placeNamed('China, Hyundai');
      const { account, check } = await owner(place);
      account.tokenLifetime_s = 9;
      await check();
      const token = await library.result('token');
      const { username, password, pin } = account;
      const { region, brand } = place;
      await library.open({ region, brand, username, password, pin, token });
      asked();
      await check();
      expect(asked()).toEqual(['refresh', ...place.signIn, 'list']);
    });

    test('Brazil names what the owner has to do first', async () => {
      const { account, check } = await owner(placeNamed('Brazil, Hyundai'));
      account.pendingStep = 5;
      const { error, text } = await check();
      expect(error).toBe('AuthenticationError');
      expect(text).toContain('password has expired');
      account.pendingStep = undefined;
      expect(await check()).toMatchObject({ result: true });
    });

    test('Brazil: a wake that nobody hears is told from one that brings a report', async () => {
      const { account, car } = await signedIn(placeNamed('Brazil, Hyundai'));
      const force = () => library.call('force_refresh_vehicle_state', car.identity.id);
      cloud.fault({
        account: account.username,
        operation: 'force',
        times: 1,
        effect: { is: 'reply', reply: success() },
      });
      const { error, text } = await force();
      expect(error).toBe('APIError');
      expect(text).toContain('fresh data');
      expect(await force()).toMatchObject({ result: null });
      expect(car.count('wake', 'wake')).toBe(1);
    });

    test.skipIf(oldestTestPython === undefined)(
      'the last release for the oldest Python signs in to Australia and reads',
      async () => {
        const old = new LibraryClient(cloud, oldestTestPython ?? expect.unreachable('no Python'));
        onTeardown(() => old.stop());
        owners += 1;
        const username = `owner${String(owners)}@example.com`;
        const credentials = { username, password: 'sesame', pin: '1234' };
        const account = cloud.accounts.australia({ ...credentials, brand: 'kia', cars: 1 });
        const car = carOf(account);
        asked();
        await old.open({ ...credentials, region: 5, brand: 1 });
        expect(await old.call('check_and_refresh_token')).toMatchObject({ result: true });
        // It renews the session that it has just been given.
        expect(asked()).toEqual([...oauth.signIn, 'refresh', 'list']);
        await old.result('update_vehicle_with_cached_state', car.identity.id);
        const words = at(await old.result('vehicles'), car.identity.id);
        expect(words).toMatchObject({
          is_locked: true,
          ev_battery_percentage: car.report().ev.soc,
        });
      },
    );

    describe('without the library', () => {
      const base = 'https://au-apigw.ccs.hyundai.com.au:8080/api/v1/';
      const stamp = Buffer.alloc(48, 1).toString('base64');

      /** An account with two cars, and how it is asked. */
      async function australian(protocol: 'legacy' | 'ccs2') {
        owners += 1;
        const username = `owner${String(owners)}@example.com`;
        const account = cloud.accounts.australia({
          username,
          password: 'sesame',
          pin: '1234',
          brand: 'hyundai',
          cars: 2,
          protocol,
        });
        const registered = await ask(cloud, `${base}spa/notifications/register`, {
          method: 'POST',
          body: { pushRegId: 'a', pushType: 'GCM', uuid: 'b' },
        });
        const headers = {
          authorization: `Bearer ${account.issueAccessToken()}`,
          'ccsp-device-id': textAt(registered.json, 'resMsg', 'deviceId'),
          stamp,
        };
        const get = (path: string, more: Record<string, string> = {}) =>
          ask(cloud, `${base}spa/vehicles${path}`, { headers: { ...headers, ...more } });
        return { account, car: carOf(account, 1), get };
      }

      test('times are those of Sydney, without and with CCS2 in UTC, and they grow', async () => {
        const { car, get } = await australian('legacy');
        const path = `/${car.identity.id}/status`;
        const time = async () => textAt((await get(`${path}/latest`)).json, 'resMsg', 'time');
        const sydney = () => compactTime(car.reported().at, 'Australia/Sydney');
        const first = await time();
        expect(first).toBe(sydney());
        expect(await time()).toBe(first);
        const woken = textAt((await get(path)).json, 'resMsg', 'time');
        expect(woken).toBe(sydney());
        await get(path);
        const last = await time();
        expect(Number(woken)).toBeGreaterThan(Number(first));
        expect(Number(last)).toBeGreaterThan(Number(woken));

        const newer = await australian('ccs2');
        const latest = await newer.get(`/${newer.car.identity.id}/ccs2/carstatus/latest`);
        const date = textAt(latest.json, 'resMsg', 'state', 'Vehicle', 'Date');
        expect(date).toBe(`${compactTime(newer.car.reported().at)}.000`);
      });

      test('a car is not known by the paths of the other protocol, nor to another account', async () => {
        const { car, get } = await australian('legacy');
        const other = await australian('ccs2');
        const latest = `/${car.identity.id}/ccs2/carstatus/latest`;
        expect((await get(latest)).json).toMatchObject({ retCode: 'F', resCode: '5921' });
        const theirs = await other.get('/someone-elses/status/latest');
        expect(theirs.json).toMatchObject({ retCode: 'F', resCode: '5921' });
        expect((await get(`/${car.identity.id}/no/such`)).json).toMatchObject({ retCode: 'F' });
        expect(cloud.requests.unknown.map(({ path }) => path)).toEqual([
          `/api/v1/spa/vehicles/${car.identity.id}/no/such`,
        ]);
        cloud.requests.clear();
      });

      test('nothing is answered without a stamp, a device id or a session', async () => {
        const { get } = await australian('legacy');
        expect((await get('')).json).toMatchObject({ retCode: 'S' });
        expect((await get('', { stamp: '' })).json).toMatchObject({ errCode: '4002' });
        expect((await get('', { 'ccsp-device-id': 'made-up' })).json).toMatchObject({
          resCode: '4002',
        });
        const stranger = await get('', { authorization: 'Bearer made-up' });
        expect(stranger.status).toBe(401);
      });

      test('a code is redeemed once, a refresh token as often as one likes', async () => {
        const { account } = await australian('legacy');
        const code = account.issueCode();
        const form = (text: string, headers: Record<string, string> = {}) =>
          ask(cloud, `${base}user/oauth2/token`, {
            method: 'POST',
            headers: { authorization: 'Basic app', stamp, ...headers },
            body: text,
          });
        const redeem = `grant_type=authorization_code&code=${code}`;
        expect((await form(redeem, { authorization: '' })).json).toMatchObject({ errCode: '4002' });
        const tokens = await form(redeem);
        expect(tokens.json).toMatchObject({ token_type: 'Bearer', expires_in: 86_400 });
        expect((await form(redeem)).json).toMatchObject({ errCode: '4002' });
        const renew = `grant_type=refresh_token&refresh_token=${textAt(tokens.json, 'refresh_token')}`;
        expect((await form(renew)).status).toBe(200);
        expect((await form(renew)).status).toBe(200);
        expect((await form(renew, { stamp: '' })).status).toBe(400);
        account.revokeRefreshToken();
        expect((await form(renew)).status).toBe(400);
      });

      test('a brand is only where it is sold', () => {
        const brand = 'genesis' as 'hyundai';
        const add = () =>
          cloud.accounts.india({ username: 'a', password: 'b', pin: '1', brand, cars: 1 });
        expect(add).toThrow('brand in india: there is no genesis');
      });
    });
  },
);

function carOf(account: CcspAccount, index = 0): SimulatedCar {
  return account.cars[index] ?? expect.unreachable('no such car');
}

/** What the library has to know after a read, in its own words. */
function wordsOf(car: SimulatedCar): Record<string, unknown> {
  const { at: reportedAt, state } = car.reported();
  const { ev } = car.report();
  const wholeSecond = (time: number) => `${new Date(time).toISOString().slice(0, 19)}+00:00`;
  return {
    _last_updated_at: wholeSecond(reportedAt),
    is_locked: state.locked,
    ev_battery_percentage: ev.soc,
    ev_battery_is_charging: ev.charging,
    ev_charge_limits_ac: state.limit_ac,
    ev_charge_limits_dc: state.limit_dc,
    _odometer_value: state.odometer_km,
    _location_latitude: state.position.latitude,
    _location_longitude: state.position.longitude,
    _location_last_set_time: wholeSecond(state.position.at),
    front_left_seat_status: 'Off',
  };
}
