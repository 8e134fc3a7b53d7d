import { beforeAll, describe, expect, test } from 'vitest';
import { retryDelay, type RetryPolicy } from '../../src/daemon/retry.js';
import { type Cloud, startCloud } from '../cloud/cloud.js';
import type { Effect } from '../cloud/faults.js';
import type { LoggedRequest } from '../cloud/request-log.js';
import { json } from '../cloud/wire.js';
import { libraryAccount } from '../support/library-bridge.js';
import { hasOldLibrary, hasTestPython } from '../support/python.js';
import { onTeardown } from '../support/teardown.js';
import { AccountsInFakeTime } from './accounts-in-fake-time.js';
import { europe, europeCci } from './region-europe.js';
import { type RegionWorld, withLifetime } from './region-world.js';

const hour_ms = 3_600_000;
const pollEvery_ms = 300_000;
const day_s = 24 * 3600;

/**
 * What a server in trouble gives in place of a token, one after the other; then it breaks connections. That too much was
 * asked is none of it: the whole account obeys such a limit.
 */
const outage: readonly Effect[] = [
  { is: 'gateway', status: 503 },
  { is: 'reset' },
  { is: 'garbage', kind: 'html' },
  { is: 'reply', reply: json({ message: 'internal server error' }, 500) },
  { is: 'close' },
  { is: 'garbage', kind: 'empty' },
  { is: 'garbage', kind: 'null' },
  { is: 'gateway', status: 504 },
];

interface Home extends Pick<RegionWorld, 'name' | 'region' | 'brand' | 'shortLife_s' | 'add'> {
  /** How the path ends that gives no token. */
  readonly away: string;
}

/** In Europe first come new tokens of the sign-in service, which use up the old ones, then one for the vehicles. */
const [refresh, exchange] = ['/token-refresh', '/token-exchange'];
const homes: readonly Home[] = [
  { ...europe('kia'), away: refresh },
  { ...europe('hyundai'), away: exchange },
  { ...europeCci('kia'), away: refresh },
  { ...europeCci('hyundai'), away: exchange },
  {
    name: 'usa-hyundai',
    region: 'usa',
    brand: 'hyundai',
    add: (cloud, credentials) => withLifetime(cloud.accounts.usaHyundai(credentials)),
    away: '/oauth/token',
  },
  {
    name: 'australia-kia',
    region: 'australia',
    brand: 'kia',
    add: (cloud, credentials) =>
      withLifetime(cloud.accounts.australia({ ...credentials, brand: 'kia' })),
    away: '/oauth2/token',
  },
];

const titled = homes.map((home) => [`${home.name} without ${home.away}`, home] as const);

type Report = ReturnType<AccountsInFakeTime['report']>;

/** What became of an account. */
interface Past extends Home {
  readonly username: string;
  readonly setLifetime: (lifetime_s: number) => void;
  /** The ids of the reads that were asked for during the hour. */
  readonly polls: string[];
}

/** All requests and all reports of a time. */
interface Time {
  readonly asked: readonly LoggedRequest[];
  readonly reports: ReadonlyMap<string, Report>;
}

/**
 * The hour is the main loop's, which decides when something is tried: its timers and clock are the test's. What is
 * tried is all real, and takes its own time: threads, Python, the library, and the server that is away.
 */
describe.skipIf(!hasTestPython || hasOldLibrary)('an hour without the server of the tokens', () => {
  const pasts = new Map<string, Past>();
  let cloud: Cloud;
  let accounts: AccountsInFakeTime;
  let away: Time;
  let after: Time;

  const pastOf = ({ name }: Home): Past => pasts.get(name) ?? expect.unreachable(name);
  const askedBy = ({ asked }: Time, home: Home): readonly LoggedRequest[] =>
    asked.filter(({ account }) => account === pastOf(home).username);

  // All accounts live through the same hour.
  beforeAll(async () => {
    cloud = await startCloud();
    onTeardown(() => cloud.stop());
    accounts = await AccountsInFakeTime.start(cloud, homes.map(enter), {
      // A server that does not answer at all takes so long of the wall clock.
      workers: { deadline: { sign_in: '25s' } },
    });
    for (const { state } of reports().values()) expect(state).toBe('ready');
    cloud.requests.clear();

    const release = takeAway();
    for (let passed = 0; passed < hour_ms; passed += pollEvery_ms) {
      // At once: each of the first ones waits for a server that does not answer.
      const polled = [...pasts.values()];
      const ids = await Promise.all(polled.map(({ name }) => accounts.read(name)));
      for (const [place, { polls }] of polled.entries()) polls.push(...ids.slice(place, place + 1));
      await accounts.pass(pollEvery_ms);
    }
    away = { asked: [...cloud.requests.all], reports: reports() };

    release();
    cloud.clearFaults();
    cloud.requests.clear();
    await accounts.pass(longestPause_ms());
    after = { asked: [...cloud.requests.all], reports: reports() };
  }, 300_000);

  function enter(home: Home, place: number) {
    const username = `${home.name}@example.com`;
    const credentials = { username, password: `open-sesame-${String(place)}`, pin: 't4.z' };
    const { owner, setLifetime } = home.add(cloud, { ...credentials, cars: 1, seed: 700 + place });
    if (setLifetime === undefined) return expect.unreachable('its sessions have no end');
    // Over as soon as it is there.
    setLifetime(home.shortLife_s ?? 9);
    pasts.set(home.name, { ...home, username, setLifetime, polls: [] });
    return libraryAccount(owner, home);
  }

  /** The function lets go what has got no answer at all. */
  function takeAway(): () => void {
    const held = [...pasts.values()].map(({ username, setLifetime, away: path }) => {
      setLifetime(day_s);
      const where = { account: username, path: new RegExp(`${path}$`) };
      const once = cloud.hold({ ...where, times: 1 });
      for (const effect of outage) cloud.fault({ ...where, times: 1, effect });
      cloud.fault({ ...where, effect: { is: 'reset' } });
      return once;
    });
    return () => {
      for (const one of held) one.release();
    };
  }

  function reports(): ReadonlyMap<string, Report> {
    return new Map(homes.map(({ name }) => [name, accounts.report(name)]));
  }

  /** The policy's, and fifteen times as long at most: a sign-in costs more than a connection. */
  function pauses(): RetryPolicy {
    return { ...accounts.retry, max_ms: 15 * accounts.retry.max_ms };
  }

  function longestPause_ms(): number {
    return pauses().max_ms * (1 + accounts.retry.jitter);
  }

  /** In an hour, if chance makes each pause as short as it may be. */
  function mostTries(): number {
    let tries = 1;
    for (let at_ms = 0; at_ms < hour_ms; tries += 1) {
      at_ms += retryDelay(pauses(), tries, () => 0) ?? expect.unreachable('it gives up');
    }
    return tries;
  }

  test('nobody signs in: not in that hour, and not when the server is well again', () => {
    for (const { asked } of [away, after]) {
      expect(asked.filter(({ host }) => host.startsWith('idpconnect'))).toEqual([]);
      const kinds = new Set(asked.map(({ operation }) => operation));
      for (const kind of ['sign_in', 'sign_in_step', 'register', 'otp', 'unknown'] as const) {
        expect(kinds).not.toContain(kind);
      }
    }
  });

  describe.each(titled)('%s', (_, home) => {
    test('it is unreachable and says why', () => {
      expect(away.reports.get(home.name)).toMatchObject({
        state: 'unreachable',
        reason: {
          code: 'unavailable',
          message: expect.stringContaining('the session could not be renewed') as string,
        },
      });
    });

    test('it is tried again and again, with pauses', () => {
      const asked = askedBy(away, home);
      expect(new Set(asked.map(({ operation }) => operation))).toEqual(new Set(['refresh']));
      const tries = asked.filter(({ path }) => path.endsWith(home.away)).length;
      expect(tries).toBeGreaterThan(outage.length);
      expect(tries).toBeLessThanOrEqual(mostTries());
      expect(asked.length).toBeLessThanOrEqual(2 * tries);
    });

    test('who asks for a read hears why there is none, or nothing before it is too late', () => {
      const [first, ...later] = pastOf(home).polls.map((id) => accounts.ending(id));
      expect(first).toMatchObject({ status: 'failed', code: 'unavailable' });
      // Those that are left are read when the account is ready.
      expect(later.map((ending) => ending?.status)).toEqual(
        expect.arrayContaining(['expired']) as string[],
      );
      for (const ending of later) expect(['expired', 'succeeded']).toContain(ending?.status);
    });

    test('it is ready by itself when the server is well, and reads', async () => {
      expect(after.reports.get(home.name)).toMatchObject({ state: 'ready', reason: null });
      expect(askedBy(after, home)[0]?.operation).toBe('refresh');
      const id = await accounts.read(home.name);
      expect(accounts.ending(id)).toMatchObject({ status: 'succeeded' });
    });
  });
});
