import { expect, test } from 'vitest';
import { onTeardown } from '../support/teardown.js';
import { type Cloud, startCloud } from './cloud.js';
import type { DailyQuota } from './daily-quota.js';
import type { EuropeAccount } from './europe/account.js';
import { type Answer, type Ask, ask } from './through-proxy.js';
import { textAt } from './wire.js';

const owner = { username: 'driver@example.com', password: 'sesame', pin: '1234', cars: 1 };

/** An account, and a request of it as a client sends it. */
interface Limited {
  readonly account: { readonly username: string; readonly quota: DailyQuota };
  readonly send: () => Promise<Answer>;
}

interface Maker {
  readonly name: string;
  readonly add: (cloud: Cloud) => Limited;
  /** How it says that the day's requests are used up. */
  readonly words: { readonly status: number; readonly text: string };
}

const platformWords = {
  status: 509,
  text: '"resCode":"5091","resMsg":"Exceeds number of requests - Exceeds Number of Requests."',
} as const;

async function aCloud(): Promise<Cloud> {
  const cloud = await startCloud();
  onTeardown(() => cloud.stop());
  return cloud;
}

const posting = (cloud: Cloud, url: string, options: Omit<Ask, 'method'>) => () =>
  ask(cloud, url, { method: 'POST', ...options });

const platform = (
  name: string,
  add: (cloud: Cloud) => Limited['account'],
  server: string,
): Maker => ({
  name,
  add: (cloud) => ({
    account: add(cloud),
    send: posting(cloud, `https://${server}/api/v1/user/signin`, {
      body: { email: owner.username, password: owner.password },
    }),
  }),
  words: platformWords,
});

/** With the token of a client that has signed in, as far as the server looks at it before it knows the account. */
const european = (name: string, server: string, words: Maker['words']): Maker => ({
  name,
  add: (cloud) => {
    const account = cloud.accounts.europe({ ...owner, brand: 'kia' });
    const headers = { authorization: `Bearer ${signedIn(account)}` };
    return { account, send: () => ask(cloud, `https://${server}`, { headers }) };
  },
  words,
});

function signedIn({ sessions }: EuropeAccount): string {
  const family = sessions.redeem(sessions.openCode());
  return family?.accessToken ?? expect.unreachable('the code is good');
}

const makers: readonly Maker[] = [
  {
    name: 'Kia in the USA',
    add: (cloud) => ({
      account: cloud.accounts.usaKia(owner),
      send: posting(cloud, 'https://api.owners.kia.com/apigw/v1/prof/authUser', {
        headers: { deviceid: 'DEVICE' },
        body: { userCredential: { userId: owner.username, password: owner.password } },
      }),
    }),
    words: { status: 429, text: '"errorMessage":"Too many requests"' },
  },
  {
    name: 'Hyundai in the USA',
    add: (cloud) => ({
      account: cloud.accounts.usaHyundai(owner),
      send: posting(cloud, 'https://api.telematics.hyundaiusa.com/v2/ac/oauth/token', {
        body: { username: owner.username, password: owner.password },
      }),
    }),
    words: { status: 200, text: '"errorSubCode":"HT_534"' },
  },
  {
    name: 'Canada',
    add: (cloud) => ({
      account: cloud.accounts.canada({ ...owner, brand: 'hyundai' }),
      send: posting(cloud, 'https://mybluelink.ca/tods/api/v2/login', {
        body: { loginId: owner.username, password: owner.password },
      }),
    }),
    words: { status: 429, text: 'You have exceeded the daily limit' },
  },
  platform(
    'Australia',
    (cloud) => cloud.accounts.australia({ ...owner, brand: 'kia' }),
    'au-apigw.ccs.kia.com.au:8082',
  ),
  platform(
    'Brazil',
    (cloud) => cloud.accounts.brazil({ ...owner, brand: 'hyundai' }),
    'br-ccapi.hyundai.com.br',
  ),
  platform(
    'China',
    (cloud) => cloud.accounts.china({ ...owner, brand: 'kia' }),
    'prd.cn-ccapi.kia.com',
  ),
  platform(
    'India',
    (cloud) => cloud.accounts.india({ ...owner, brand: 'kia' }),
    'prd.in-ccapi.kia.connected-car.io:8080',
  ),
  european(
    'the older vehicle servers of Europe',
    'prd.eu-ccapi.kia.com:8080/api/v1/spa/vehicles',
    platformWords,
  ),
  european('the newer vehicle servers of Europe', 'gspa-ccs-eu.kia.com/gspa/v1/', {
    status: 429,
    text: '"resCode":"429-001"',
  }),
  european(
    'the token servers of Europe',
    'cci-api-eu.kia.com/domain/api/v1/vehicle/available-vehicles',
    { status: 429, text: '"code":4290' },
  ),
];

test.each(makers)('$name: what is asked beyond the quota is refused', async ({ add, words }) => {
  const cloud = await aCloud();
  const { account, send } = add(cloud);
  const before = await send();
  account.quota.per_day = 2;
  expect((await send()).text).not.toContain(words.text);
  const refused = await send();
  expect(refused.status).toBe(words.status);
  expect(refused.text).toContain(words.text);
  const isRefused = cloud.requests.all.map(({ over_quota }) => over_quota);
  expect(isRefused).toEqual([false, false, true]);
  expect(cloud.requests.overQuota.map((one) => one.account)).toEqual([account.username]);
  account.quota.newDay();
  expect((await send()).status).toBe(before.status);
});

/** Signs in; with a car, and the headers with which it is asked. */
async function aHyundai(cloud: Cloud) {
  const account = cloud.accounts.usaHyundai(owner);
  const url = 'https://api.telematics.hyundaiusa.com/';
  const { username, password } = owner;
  const session = await posting(cloud, `${url}v2/ac/oauth/token`, {
    body: { username, password },
  })();
  const car = account.cars[0] ?? expect.unreachable('no car');
  const headers = {
    username,
    accesstoken: textAt(session.json, 'access_token'),
    registrationid: car.identity.id,
    vin: car.identity.vin,
  };
  const status = (more: Record<string, string> = {}) =>
    ask(cloud, `${url}ac/v2/rcs/rvs/vehicleStatus`, { headers: { ...headers, ...more } });
  return { account, car, status, force: () => status({ refresh: 'true' }) };
}

test('a wake that is refused does not reach the car', async () => {
  const cloud = await aCloud();
  const { account, car, force } = await aHyundai(cloud);
  // What was asked before there was a quota counts too.
  account.quota.per_day = account.quota.used + 1;
  await force();
  expect(car.count('wake', 'wake')).toBe(1);
  expect((await force()).text).toContain('HT_534');
  expect(car.count('wake', 'wake')).toBe(1);
  expect(cloud.requests.overQuota.map(({ operation }) => operation)).toEqual(['force']);
});

test('the status of the refusal can be set where it is not settled', async () => {
  const { account, status } = await aHyundai(await aCloud());
  account.quota.per_day = 0;
  account.quota.status = 502;
  const refused = await status();
  expect(refused).toMatchObject({ status: 502, json: { errorCode: 502, errorSubCode: 'HT_534' } });
});

test('a quota is of one account: the others of the maker go on', async () => {
  const cloud = await aCloud();
  const limited = await aHyundai(cloud);
  const other = cloud.accounts.usaHyundai({ ...owner, username: 'other@example.com' });
  limited.account.quota.per_day = 0;
  const url = 'https://api.telematics.hyundaiusa.com/v2/ac/oauth/token';
  const { username, password } = other;
  const signIn = posting(cloud, url, { body: { username, password } });
  expect((await limited.status()).text).toContain('HT_534');
  expect(textAt((await signIn()).json, 'access_token')).not.toBe('');
});

test('what is refused for the quota can be late, too', async () => {
  const cloud = await aCloud();
  const { account, status } = await aHyundai(cloud);
  account.quota.per_day = 0;
  const latency = cloud.fault({ operation: 'cached', effect: { is: 'latency', ms: 1 } });
  expect((await status()).text).toContain('HT_534');
  expect(latency.struck).toBe(1);
});
