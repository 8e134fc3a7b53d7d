import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { onTeardown } from '../support/teardown.js';
import { waitUntil, within } from '../support/wait.js';
import { type Cloud, startCloud } from './cloud.js';
import { garbageKinds } from './faults.js';
import { type Ask, type Answer, ask } from './through-proxy.js';
import { at, textAt } from './wire.js';

const owner = { username: 'driver@example.com', password: 'sesame' };
const kiaUrl = 'https://api.owners.kia.com/apigw/v1/';
const hyundaiUrl = 'https://api.telematics.hyundaiusa.com/';

interface Clock {
  time: number;
}

async function aCloud(): Promise<{ cloud: Cloud; clock: Clock }> {
  const clock = { time: Date.UTC(2026, 10, 22, 10) };
  const cloud = await startCloud({ clock: () => clock.time });
  onTeardown(() => cloud.stop());
  return { cloud, clock };
}

async function aKia(cars = 1) {
  const { cloud, clock } = await aCloud();
  const account = cloud.accounts.usaKia({ ...owner, cars });
  const call = (path: string, options: Ask = {}) => ask(cloud, kiaUrl + path, options);
  const signIn = (headers: Record<string, string> = {}, password = owner.password) =>
    call('prof/authUser', {
      method: 'POST',
      headers: { deviceid: 'DEVICE', ...headers },
      body: { userCredential: { userId: owner.username, password }, tncFlag: 1 },
    });
  const session = async (index = 0) => {
    const sid = String((await signIn()).headers['sid']);
    const list = await call('ownr/gvl', { headers: { sid } });
    const vinkey = textAt(list.json, 'payload', 'vehicleSummary', index, 'vehicleKey');
    return { sid, vinkey };
  };
  const cached = (headers: { sid: string; vinkey: string }) =>
    call('cmm/gvi', { method: 'POST', headers, body: { vinKey: [headers.vinkey] } });
  const force = (headers: { sid: string; vinkey: string }, more: Ask = {}) =>
    call('rems/rvs', { method: 'POST', headers, body: { requestType: 0 }, ...more });
  return { cloud, clock, account, call, signIn, session, cached, force };
}

async function aHyundai(cars = 1) {
  const { cloud, clock } = await aCloud();
  const account = cloud.accounts.usaHyundai({ ...owner, pin: '1234', cars });
  const call = (path: string, options: Ask = {}) => ask(cloud, hyundaiUrl + path, options);
  const token = (more: object = {}) =>
    call('v2/ac/oauth/token', { method: 'POST', body: { ...owner, ...more } });
  const session = async (index = 0) => {
    const identity = account.cars[index]?.identity ?? expect.unreachable('no such car');
    return {
      username: owner.username,
      accesstoken: textAt((await token()).json, 'access_token'),
      bluelinkservicepin: '1234',
      registrationid: identity.id,
      vin: identity.vin,
    };
  };
  const status = (headers: Record<string, string>, more: Ask = {}) =>
    call('ac/v2/rcs/rvs/vehicleStatus', { headers, ...more });
  return { cloud, clock, account, call, token, session, status };
}

const errorCode = (answer: Answer) => at(answer.json, 'status', 'errorCode');
const kiaStatus = (answer: Answer) =>
  at(
    answer.json,
    'payload',
    'vehicleInfoList',
    0,
    'lastVehicleInfo',
    'vehicleStatusRpt',
    'vehicleStatus',
  );
const syncTime = (answer: Answer) => Number(at(kiaStatus(answer), 'syncDate', 'utc'));

test('the environment points a client at the cloud and its authority', async () => {
  const { cloud } = await aCloud();
  expect(cloud.environment).toMatchObject({
    HTTPS_PROXY: cloud.proxyUrl,
    https_proxy: cloud.proxyUrl,
    NO_PROXY: '',
    no_proxy: '',
    TZ: 'UTC',
  });
  const authority = readFileSync(cloud.environment['REQUESTS_CA_BUNDLE'] ?? '', 'utf8');
  expect(authority).toContain('BEGIN CERTIFICATE');
  expect(cloud.environment['CURL_CA_BUNDLE']).toBe(cloud.environment['REQUESTS_CA_BUNDLE']);
});

test('an unknown host or path answers 404 and is recorded', async () => {
  const { cloud, call } = await aKia();
  expect((await ask(cloud, 'https://nominatim.openstreetmap.org/reverse')).status).toBe(404);
  await call('no/such/service');
  expect(cloud.requests.unknown.map(({ host }) => host)).toEqual([
    'nominatim.openstreetmap.org',
    'api.owners.kia.com',
  ]);
});

test('Kia: a cached read shows the last report, a forced one wakes the car', async () => {
  const { clock, account, session, cached, force } = await aKia();
  const headers = await session();
  const before = await cached(headers);
  clock.time += 60_000;
  account.cars[0]?.change({ soc: 77.7 });
  expect((await cached(headers)).text).toBe(before.text);
  const forced = await force(headers);
  const status = at(forced.json, 'payload', 'vehicleStatusRpt', 'vehicleStatus');
  expect(at(status, 'evStatus', 'batteryStatus')).toBe(77);
  const after = await cached(headers);
  expect(at(kiaStatus(after), 'evStatus', 'batteryStatus')).toBe(77);
  expect(syncTime(after)).toBeGreaterThan(syncTime(before));
  await force(headers);
  await force(headers);
  expect(syncTime(await cached(headers))).toBeGreaterThanOrEqual(syncTime(after) + 2);
  expect(account.cars[0]?.count('wake', 'wake')).toBe(3);
});

test('Kia: the cars of an account are told apart by the key of the session', async () => {
  const { cloud, session, cached, force } = await aKia(2);
  const second = await session(1);
  expect(at(kiaStatus(await cached(second)), 'evStatus')).toBeDefined();
  await force(second);
  const wakes = cloud.requests.of('force').map(({ vehicle }) => vehicle);
  expect(wakes).toEqual([expect.stringMatching(/^KNA/)]);
  expect(errorCode(await cached({ ...second, vinkey: 'other' }))).toBe(1005);
});

test('Kia: a new sign-in ends the session before; age and revocation end one too', async () => {
  const { clock, account, session, cached } = await aKia();
  const first = await session();
  const second = await session();
  expect(errorCode(await cached(first))).toBe(1003);
  expect(errorCode(await cached(second))).toBe(0);
  clock.time += 24 * 3600 * 1000;
  expect(errorCode(await cached(second))).toBe(1003);
  const third = await session();
  account.revokeSession();
  expect(errorCode(await cached(third))).toBe(1003);
});

test('Kia: wrong credentials are refused', async () => {
  const { cloud, account, signIn } = await aKia();
  expect(errorCode(await signIn({}, 'wrong'))).toBe(1001);
  account.password = 'changed';
  expect(errorCode(await signIn())).toBe(1001);
  expect(cloud.requests.of('sign_in')).toHaveLength(2);
});

test('Kia: an unknown device needs a code, and is remembered until it is forgotten', async () => {
  const { cloud, account, call, signIn } = await aKia();
  account.otpRequired = true;
  const asked = await signIn();
  expect(asked.headers['sid']).toBeUndefined();
  const otp = {
    otpkey: textAt(asked.json, 'payload', 'otpKey'),
    xid: String(asked.headers['xid']),
  };
  const post = (path: string, body: object) =>
    call(path, { method: 'POST', headers: { ...otp, deviceid: 'DEVICE' }, body });
  await post('cmm/sendOTP', {});
  expect(errorCode(await post('cmm/verifyOTP', { otp: 'wrong' }))).toBe(1104);
  const verified = await post('cmm/verifyOTP', { otp: account.lastCode });
  const rmtoken = String(verified.headers['rmtoken']);
  const finished = await signIn({ sid: String(verified.headers['sid']), rmtoken });
  expect(finished.headers['sid']).toBeDefined();
  expect((await signIn({ rmtoken })).headers['sid']).toBeDefined();
  expect((await signIn({ rmtoken, deviceid: 'OTHER' })).headers['sid']).toBeUndefined();
  account.revokeRefreshToken();
  const again = await signIn({ rmtoken });
  expect(at(again.json, 'payload', 'rmTokenExpired')).toBe(true);
  expect(cloud.requests.of('otp')).toHaveLength(3);
});

test('Kia: a command is pending until the car has obeyed', async () => {
  const { account, call, session } = await aKia();
  const headers = await session();
  account.commands.delay_ms = 50;
  const answer = await call('rems/door/unlock', { headers });
  const poll = () =>
    call('cmm/gts', { method: 'POST', headers, body: { xid: answer.headers['xid'] } });
  expect(at((await poll()).json, 'payload', 'remoteStatus')).toBe(1);
  const car = account.cars[0] ?? expect.unreachable('no car');
  await waitUntil(
    () => car.count('lock', 'unlock') === 1,
    5_000,
    () => 'the car to unlock',
  );
  expect(at((await poll()).json, 'payload', 'remoteStatus')).toBe(0);
  expect(car.report().lock.state).toBe('unlocked');
});

test('Hyundai: the header refresh decides between the copy and the car', async () => {
  const { cloud, account, session, status } = await aHyundai();
  const headers = await session();
  const before = await status({ ...headers, refresh: 'false' });
  account.cars[0]?.change({ locked: false });
  expect((await status({ ...headers, refresh: 'false' })).text).toBe(before.text);
  const after = await status({ ...headers, refresh: 'true' });
  expect(at(after.json, 'vehicleStatus', 'doorLock')).toBe(false);
  const times = [before, after].map(({ json }) =>
    Date.parse(textAt(json, 'vehicleStatus', 'dateTime')),
  );
  expect(times[1]).toBeGreaterThan(times[0] ?? Infinity);
  const vin = account.cars[0]?.identity.vin;
  expect(cloud.requests.of('force', vin)).toHaveLength(1);
  expect(cloud.requests.of('cached', vin)).toHaveLength(2);
});

test('Hyundai: an idle car leaves out what belongs to charging, one without a plug all of it', async () => {
  const { account, session, status } = await aHyundai(4);
  const charging = at((await status(await session(0))).json, 'vehicleStatus', 'evStatus');
  const idle = at((await status(await session(1))).json, 'vehicleStatus', 'evStatus');
  expect(at(charging, 'remainTime2', 'atc', 'value')).toBeGreaterThan(0);
  expect(at(idle, 'remainTime2', 'atc')).toBeUndefined();
  expect(at(idle, 'drvDistance', 0, 'rangeByFuel', 'gasModeRange', 'unit')).toBe(3);
  const ice = await status(await session(3));
  expect(at(ice.json, 'vehicleStatus', 'evStatus')).toBeUndefined();
  expect(at(ice.json, 'vehicleStatus', 'fuelLevel')).toBe(account.cars[3]?.report().fuel.level);
});

test('Hyundai: tokens run out, refresh tokens rotate, and both can be revoked', async () => {
  const { cloud, clock, account, token, session, status } = await aHyundai();
  account.tokenLifetime_s = 60;
  const first = (await token()).json;
  const headers = await session();
  expect((await status({ ...headers, accesstoken: textAt(first, 'access_token') })).status).toBe(
    200,
  );
  clock.time += 60_000;
  expect(at((await status(headers)).json, 'errorCode')).toBe(401);
  const refresh = (refresh_token: string) => token({ grant_type: 'refresh_token', refresh_token });
  const second = (await token()).json;
  const third = (await refresh(textAt(second, 'refresh_token'))).json;
  expect(textAt(third, 'access_token')).not.toBe('');
  expect((await refresh(textAt(second, 'refresh_token'))).status).toBe(401);
  account.revokeRefreshToken();
  expect((await refresh(textAt(third, 'refresh_token'))).status).toBe(401);
  expect((await status({ ...headers, accesstoken: textAt(third, 'access_token') })).status).toBe(
    200,
  );
  account.revokeSession();
  expect((await status({ ...headers, accesstoken: textAt(third, 'access_token') })).status).toBe(
    401,
  );
  expect(cloud.requests.of('refresh')).toHaveLength(3);
});

test("Hyundai: wrong credentials and a wrong PIN are refused in the maker's words", async () => {
  const { call, token, session } = await aHyundai();
  const refused = await token({ password: 'wrong' });
  expect(refused.status).toBe(401);
  expect(textAt(refused.json, 'errorMessage')).not.toBe('');
  const headers = { ...(await session()), bluelinkservicepin: '0000' };
  const answer = await call('ac/v2/rcs/rdo/on', { method: 'POST', headers, body: {} });
  expect(answer.status).toBe(400);
  expect(answer.json).toMatchObject({ errorSubCode: 'C400_1', functionName: 'validatePIN' });
});

test('Hyundai: the daily limit stops wakes and commands but not cached reads', async () => {
  const { account, call, session, status } = await aHyundai();
  account.budget = { total: 3, each: 2 };
  const headers = await session();
  const force = () => status({ ...headers, refresh: 'true' });
  const lock = () => call('ac/v2/rcs/rdo/off', { method: 'POST', headers, body: {} });
  await force();
  await force();
  const third = await force();
  expect(third.status).toBe(200);
  expect(third.json).toMatchObject({ errorCode: 502, errorSubCode: 'HT_534' });
  expect((await lock()).text).toBe('');
  account.budgetStatus = 502;
  expect((await lock()).status).toBe(502);
  expect(at((await status(headers)).json, 'vehicleStatus', 'dateTime')).toBeDefined();
  account.resetBudget();
  expect(at((await force()).json, 'vehicleStatus')).toBeDefined();
  expect(account.cars[0]?.count('wake', 'wake')).toBe(3);
});

test('Hyundai: commands answer an empty body and a transaction that can be asked for', async () => {
  const { account, call, session } = await aHyundai();
  const headers = await session();
  const send = async (path: string, body: object = {}) => {
    const sent = await call(`ac/v2/${path}`, { method: 'POST', headers, body });
    expect([sent.status, sent.text]).toEqual([200, '']);
    const tid = String(sent.headers['tmstid']);
    const polled = await call('ac/v2/rmt/getRunningStatus', {
      headers: { ...headers, tid, service_type: 'REMOTE_POLL' },
    });
    return at(polled.json, 'status');
  };
  const climate = { airTemp: { value: '72', unit: 1 }, defrost: true, igniOnDuration: 5 };
  expect(await send('evc/fatc/start', climate)).toBe('SUCCESS');
  expect(account.cars[0]?.report().climate).toMatchObject({
    mode: 'auto',
    target: 72,
    defrost: true,
  });
  account.cars[0]?.change({ plug: 'none', charging: false });
  expect(await send('evc/charge/start')).toBe('ERROR');
  account.commands.delay_ms = 'never';
  expect(await send('rcs/rdo/on')).toBe('PENDING');
});

test('a fault strikes only what it names, and as often as it says', async () => {
  const { cloud, account, session, status } = await aHyundai(2);
  const [first, second] = [await session(0), await session(1)];
  const fault = cloud.fault({
    operation: 'force',
    vehicle: account.cars[1]?.identity.vin ?? '',
    times: 2,
    effect: { is: 'gateway', status: 502 },
  });
  const force = (headers: Record<string, string>) => status({ ...headers, refresh: 'true' });
  const statuses = [];
  for (const headers of [first, second, second, second]) {
    statuses.push((await force(headers)).status);
  }
  expect(statuses).toEqual([200, 502, 502, 200]);
  expect((await status(second)).status).toBe(200);
  expect(fault.struck).toBe(2);
});

test('a fault can name a host and a path, and be cleared', async () => {
  const { cloud, session, cached } = await aKia();
  const headers = await session();
  const elsewhere = cloud.fault({ host: /hyundai/, effect: { is: 'session_revoked' } });
  const fault = cloud.fault({ path: /gvi$/, effect: { is: 'session_revoked' } });
  expect(errorCode(await cached(headers))).toBe(1003);
  fault.clear();
  expect(errorCode(await cached(headers))).toBe(0);
  expect(elsewhere.struck).toBe(0);
  cloud.fault({ account: owner.username, effect: { is: 'rate_limited', status: 429 } });
  expect((await cached(headers)).status).toBe(429);
  cloud.clearFaults();
  expect(errorCode(await cached(headers))).toBe(0);
});

test('a slow car still wakes when its client has gone away', async () => {
  const { cloud, account, session, force } = await aKia();
  const headers = await session();
  cloud.fault({ operation: 'force', effect: { is: 'latency', ms: 150 } });
  const asked = force(headers, { signal: AbortSignal.timeout(50) });
  await expect(asked).rejects.toThrow();
  expect(account.cars[0]?.count('wake', 'wake')).toBe(0);
  const woken = () => account.cars[0]?.count('wake', 'wake') === 1;
  await waitUntil(woken, 5_000, () => 'the car to wake');
});

test('an answer can be lost although the request was done', async () => {
  const { cloud, account, call, session } = await aHyundai();
  const headers = await session();
  cloud.fault({ operation: 'command', processed: true, effect: { is: 'close' } });
  await expect(call('ac/v2/rcs/rdo/on', { method: 'POST', headers, body: {} })).rejects.toThrow();
  expect(account.cars[0]?.report().lock.state).toBe('unlocked');
});

test.each(['close', 'reset'] as const)('a %s breaks the connection', async (is) => {
  const { cloud, session, cached } = await aKia();
  const headers = await session();
  cloud.fault({ operation: 'cached', times: 1, effect: { is } });
  await expect(cached(headers)).rejects.toThrow(/hang up|ECONNRESET|aborted/);
  expect(errorCode(await cached(headers))).toBe(0);
  expect(cloud.requests.of('cached').map(({ status }) => status)).toEqual([null, 200]);
});

test.each(garbageKinds)('garbage: %s', async (kind) => {
  const { cloud, session, status } = await aHyundai();
  const headers = await session();
  const truth = await status(headers);
  cloud.fault({ operation: 'cached', effect: { is: 'garbage', kind } });
  const answer = await status(headers);
  expect(answer.status).toBe(200);
  expect(answer.text).not.toBe(truth.text);
  if (kind === 'wrong_types') {
    expect(at(answer.json, 'vehicleStatus', 'dateTime')).toBe(1);
    return;
  }
  const expected = {
    html: undefined,
    empty: undefined,
    truncated: undefined,
    null: null,
    list: [],
    no_envelope: { hello: 'world' },
  };
  expect(answer.json).toEqual(expected[kind]);
});

test('what is held has no effect before it is released', async () => {
  const { cloud, account, session, force } = await aKia();
  const car = account.cars[0] ?? expect.unreachable('no car');
  const headers = await session();
  const held = cloud.hold({ operation: 'force' });
  const answer = force(headers);
  await cloud.requests.arrived('force');
  expect(car.count('wake', 'wake')).toBe(0);
  held.release();
  expect(errorCode(await answer)).toBe(0);
  expect(car.count('wake', 'wake')).toBe(1);
});

test.each(['stalled_body', 'dripping_body'] as const)('a %s never comes to its end', async (is) => {
  const { cloud, session, cached } = await aKia();
  const headers = await session();
  cloud.fault({ operation: 'cached', times: 1, effect: { is } });
  const unfinished = cached(headers);
  unfinished.catch(() => undefined);
  await cloud.requests.arrived('cached');
  await expect(within(unfinished, 300, () => 'the rest')).rejects.toThrow('waited 300 ms');
  expect(errorCode(await cached(headers))).toBe(0);
});

test('a cloud that is down refuses connections, and comes back with its sessions', async () => {
  const { cloud, session, cached } = await aKia();
  const headers = await session();
  await cloud.down();
  await expect(cached(headers)).rejects.toThrow('ECONNREFUSED');
  await cloud.up();
  expect(errorCode(await cached(headers))).toBe(0);
});

test('the log tells what was asked and which requests overlapped', async () => {
  const { cloud, session, cached, force } = await aKia();
  const headers = await session();
  await cached(headers);
  expect(cloud.requests.all.map(({ operation }) => operation)).toEqual([
    'sign_in',
    'list',
    'cached',
  ]);
  expect(cloud.requests.all[2]).toMatchObject({
    method: 'POST',
    path: '/apigw/v1/cmm/gvi',
    account: owner.username,
    status: 200,
    body: { vinKey: [headers.vinkey] },
  });
  expect(cloud.requests.all[2]?.headers['sid']).toBe(headers.sid);
  expect(cloud.requests.overlaps()).toEqual([]);
  cloud.requests.clear();
  cloud.fault({ operation: 'force', effect: { is: 'latency', ms: 100 } });
  const forced = force(headers);
  await cloud.requests.arrived('force');
  await cached(headers);
  await forced;
  const pairs = cloud.requests.overlaps().map((pair) => pair.map(({ operation }) => operation));
  expect(pairs).toEqual([['force', 'cached']]);
});
