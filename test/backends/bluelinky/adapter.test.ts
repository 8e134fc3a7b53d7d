import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Bluelinky } from '../../../src/backends/bluelinky/adapter.js';
import type { BluelinkySettings } from '../../../src/backends/bluelinky/settings.js';
import type { BackendLog } from '../../../src/backends/contract.js';
import type { ClimateStart, RemoteAction } from '../../../src/vehicle/remote-action.js';
import { outcomeSchema, type Outcome, type Session, type Task } from '../../../src/vehicle/task.js';
import { type Cloud, startCloud } from '../../cloud/cloud.js';
import { type CloudOperation, html, json } from '../../cloud/wire.js';
import { onTeardown } from '../../support/teardown.js';
import { hasBluelinky, requireBluelinky } from './library.js';
import { leadThroughProxy } from './tunnel-agent.js';

let owners = 0;

const climate: ClimateStart = {
  name: 'climate_start',
  temperature: null,
  unit: 'F',
  duration_min: 8,
  defrost: true,
  heating: 'off',
  steering_wheel: null,
  seats: { front_left: null, front_right: null, rear_left: null, rear_right: null },
};

describe.skipIf(!hasBluelinky)('bluelinky and Hyundai in the USA', { timeout: 60_000 }, () => {
  let cloud: Cloud;

  beforeAll(async () => {
    cloud = await startCloud();
    onTeardown(() => cloud.stop());
    leadThroughProxy(cloud);
  }, 60_000);

  afterEach(() => {
    cloud.clearFaults();
  });

  function anAccount(cars = 1) {
    owners += 1;
    const credentials = {
      username: `reader${String(owners)}@example.com`,
      password: `open-sesame-${String(owners)}`,
      pin: `b${String(owners)}.z`,
    };
    return {
      ...credentials,
      account: cloud.accounts.usaHyundai({ ...credentials, cars, seed: 40 }),
    };
  }

  function aBackend(owner: ReturnType<typeof anAccount>, part: Partial<BluelinkySettings> = {}) {
    const { username, password, pin } = owner;
    const { entry, version } = requireBluelinky();
    const logs: BackendLog[] = [];
    let noted = 0;
    const backend = new Bluelinky(
      { backend: 'bluelinky', entry, version, username, password, pin, ...part },
      {
        request: () => (noted += 1),
        log: (line) => logs.push(line),
        process: () => expect.unreachable('there is no process'),
      },
    );
    onTeardown(() => backend.close());
    const run = async (task: Partial<Task> & Pick<Task, 'operation'>): Promise<Outcome> => {
      const outcome = await backend.run({
        account: 'home',
        attempt: 'attempt',
        remaining_ms: 30_000,
        session: null,
        ...task,
      });
      return outcomeSchema.parse(outcome);
    };
    return { backend, run, noted: () => noted };
  }

  async function signedIn(owner: ReturnType<typeof anAccount>) {
    const outcome = await aBackend(owner).run({ operation: 'sign_in' });
    return outcome.session ?? expect.unreachable(JSON.stringify(outcome));
  }

  function asked(owner: { readonly username: string }): (CloudOperation | 'unknown')[] {
    return cloud.requests.all
      .filter(({ account }) => account === owner.username)
      .map(({ operation }) => operation);
  }

  const carOf = ({ account }: ReturnType<typeof anAccount>) =>
    account.cars[0] ?? expect.unreachable('no car');

  /** As the vendor writes times. */
  const wholeSecond = (time: string | null) => time?.replace(/\.\d+Z$/, '.000Z') ?? null;

  const failureOf = (outcome: Outcome) =>
    outcome.ok ? expect.unreachable('it did not fail') : outcome.failure;

  test('signs in and lists the cars', async () => {
    const owner = anAccount(2);
    const { run, noted } = aBackend(owner);
    const outcome = await run({ operation: 'sign_in' });
    const vehicles = owner.account.cars.map(({ identity }) => ({
      id: identity.id,
      vin: identity.vin,
      name: identity.name,
      model: identity.model.toUpperCase(),
      year: identity.year,
      brand: 'hyundai',
      drivetrain: identity.drivetrain === 'hev' ? 'ice' : identity.drivetrain,
    }));
    expect(outcome).toMatchObject({
      ok: true,
      result: { operation: 'sign_in', vehicles },
      session_expires_at: null,
      requests: 2,
      library: 'bluelinky 9.1.0',
    });
    expect(noted()).toBe(2);
    expect(asked(owner)).toEqual(['sign_in', 'list']);
  });

  test('reads the state in metric units, and keeps a list for the next read', async () => {
    const owner = anAccount();
    const session = await signedIn(owner);
    const car = carOf(owner);
    const { run } = aBackend(owner);
    const read = { operation: 'cached', vehicle: car.identity.id, session } as const;
    const outcome = await run(read);
    const truth = car.report();
    expect(outcome).toMatchObject({
      ok: true,
      result: {
        operation: 'cached',
        report: {
          vin: car.identity.vin,
          drivetrain: car.identity.drivetrain,
          reported_at: wholeSecond(truth.reported_at),
          lock: truth.lock,
          doors: truth.doors,
          windows: { ...truth.windows, sunroof: null },
          location: { ...truth.location, at: wholeSecond(truth.location.at) },
          aux_battery: { level: truth.aux_battery.level },
        },
      },
      requests: 3,
    });
    expect(outcome).not.toHaveProperty('session');
    if (!outcome.ok || outcome.result.operation !== 'cached') return;
    const { report } = outcome.result;
    // The vendor speaks of whole miles and psi.
    expect(report.odometer_km).toBeCloseTo(truth.odometer_km ?? 0, -1);
    expect(Math.abs((report.odometer_km ?? 0) - (truth.odometer_km ?? 0))).toBeLessThan(1);
    expect(Math.abs((report.range_km ?? 0) - (truth.range_km ?? 0))).toBeLessThan(1.7);
    expect(report.tyres.front_left_kpa).toBeGreaterThan(150);
    expect(await run(read)).toMatchObject({ ok: true, requests: 2 });
    expect(asked(owner)).toEqual([
      ...['sign_in', 'list'],
      ...['list', 'cached', 'list'],
      ...['cached', 'list'],
    ]);
  });

  test('wakes the car and says that it reported', async () => {
    const owner = anAccount();
    const session = await signedIn(owner);
    const car = carOf(owner);
    const { run } = aBackend(owner);
    const outcome = await run({ operation: 'force', vehicle: car.identity.id, session });
    expect(outcome).toMatchObject({
      ok: true,
      result: {
        operation: 'force',
        advanced: true,
        report: { reported_at: wholeSecond(car.report().reported_at) },
      },
    });
    expect(asked(owner)).toEqual(['sign_in', 'list', 'list', 'force', 'list']);
  });

  test('keeps what a wake has brought when the odometer fails after it', async () => {
    const owner = anAccount();
    const session = await signedIn(owner);
    const { run } = aBackend(owner);
    const vehicle = carOf(owner).identity.id;
    await run({ operation: 'list', session });
    cloud.fault({ operation: 'list', effect: { is: 'gateway', status: 503 } });
    expect(await run({ operation: 'force', vehicle, session })).toMatchObject({
      ok: true,
      result: { advanced: true, report: { odometer_km: null } },
    });
  });

  test('a wake that brings nothing new fails, with the old values', async () => {
    const owner = anAccount();
    const session = await signedIn(owner);
    const { run } = aBackend(owner);
    const vehicle = carOf(owner).identity.id;
    const old = {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ vehicleStatus: { dateTime: '2024-09-01T12:00:00Z', doorLock: true } }),
    };
    cloud.fault({ operation: ['force', 'cached'], effect: { is: 'reply', reply: old } });
    const outcome = await run({ operation: 'force', vehicle, session, read_back_s: [0.01, 60] });
    expect(outcome).toMatchObject({
      ok: false,
      failure: { code: 'vehicle_timeout' },
      cached: { operation: 'cached', report: { reported_at: '2024-09-01T12:00:00.000Z' } },
    });
    expect(asked(owner).slice(3)).toEqual(['force', 'list', 'cached', 'list']);
  });

  test('goes on with a kept session in another thread, without a sign-in', async () => {
    const owner = anAccount();
    const session: Session = JSON.parse(JSON.stringify(await signedIn(owner))) as Session;
    const outcome = await aBackend(owner).run({ operation: 'list', session });
    expect(outcome).toMatchObject({ ok: true, result: { operation: 'list' }, requests: 1 });
    expect(asked(owner)).toEqual(['sign_in', 'list', 'list']);
  });

  test('a session that has run out is renewed by a sign-in task only', async () => {
    const owner = anAccount();
    owner.account.tokenLifetime_s = 30;
    const session = await signedIn(owner);
    const { run } = aBackend(owner);
    const read = { operation: 'cached', vehicle: carOf(owner).identity.id } as const;
    const outcome = await run({ ...read, session });
    expect(failureOf(outcome)).toMatchObject({ code: 'auth_failed', sent: false });
    expect(outcome.requests).toBe(0);
    owner.account.tokenLifetime_s = 1799;
    const renewed = await run({ operation: 'sign_in', session });
    expect(renewed).toMatchObject({ ok: true, requests: 2 });
    expect(renewed.session).not.toEqual(session);
    expect(await run({ ...read, session: renewed.session ?? null })).toMatchObject({ ok: true });
    expect(asked(owner)).toEqual(['sign_in', 'list', 'refresh', 'list', 'cached', 'list']);
  });

  test('a dead refresh token leads to one sign-in, a cloud in trouble to none', async () => {
    const owner = anAccount();
    const session = await signedIn(owner);
    const { run } = aBackend(owner);
    const fault = cloud.fault({ operation: 'refresh', effect: { is: 'gateway', status: 503 } });
    const trouble = await run({ operation: 'sign_in', session });
    expect(failureOf(trouble)).toMatchObject({ code: 'unavailable' });
    expect(trouble).not.toHaveProperty('session');
    fault.clear();
    owner.account.revokeRefreshToken();
    expect(await run({ operation: 'sign_in', session })).toMatchObject({ ok: true, requests: 3 });
    // The refused one names no account that the cloud knows.
    expect(asked(owner)).toEqual(['sign_in', 'list', 'refresh', 'sign_in', 'list']);
  });

  test('a rotated session comes back although the list fails', async () => {
    const owner = anAccount();
    const session = await signedIn(owner);
    cloud.fault({ operation: 'list', effect: { is: 'garbage', kind: 'html' } });
    const outcome = await aBackend(owner).run({ operation: 'sign_in', session });
    expect(failureOf(outcome).code).toBe('unavailable');
    cloud.clearFaults();
    const next = await aBackend(owner).run({
      operation: 'sign_in',
      session: outcome.session ?? expect.unreachable('no session'),
    });
    expect(next).toMatchObject({ ok: true, requests: 2 });
    expect(asked(owner)).not.toContain('unknown');
  });

  test('a dead session is told as one, also by a wake that may be tried again', async () => {
    const owner = anAccount();
    const session = await signedIn(owner);
    owner.account.revokeSession();
    const { run } = aBackend(owner);
    const vehicle = carOf(owner).identity.id;
    for (const operation of ['cached', 'force', 'list'] as const) {
      const outcome = await run({ operation, session, ...(operation !== 'list' && { vehicle }) });
      expect(failureOf(outcome)).toMatchObject({ code: 'auth_failed', sent: false });
    }
    expect(asked(owner).filter((one) => one === 'sign_in')).toHaveLength(1);
  });

  test('a wrong password is refused after one request, and no secret is told', async () => {
    const owner = anAccount();
    const { run } = aBackend(owner, { password: 'not-the-password' });
    const outcome = await run({ operation: 'sign_in' });
    expect(failureOf(outcome)).toMatchObject({ code: 'auth_failed' });
    expect(JSON.stringify(outcome)).not.toMatch(/not-the-password|open-sesame|example\.com/);
    expect(outcome).not.toHaveProperty('session');
    expect(asked(owner)).toEqual(['sign_in']);
  });

  test('sends the configured PIN, and none where none is configured', async () => {
    const owner = anAccount();
    const session = await signedIn(owner);
    const read = { operation: 'cached', vehicle: carOf(owner).identity.id, session } as const;
    await aBackend(owner).run(read);
    await aBackend(owner, { pin: null }).run(read);
    const pins = cloud.requests
      .of('cached')
      .filter(({ account }) => account === owner.username)
      .map(({ headers }) => headers['bluelinkservicepin']);
    expect(pins).toEqual([owner.pin, '']);
  });

  const unlock = { name: 'lock', value: 'unlock' } as const;

  async function aCommander(part: Partial<BluelinkySettings> = {}, cars = 2) {
    const owner = anAccount(cars);
    const session = await signedIn(owner);
    const backend = aBackend(owner, part);
    const car = (index: number) => owner.account.cars[index] ?? expect.unreachable('no car');
    const send = (index: number, action: RemoteAction, more: Partial<Task> = {}) =>
      backend.run({
        operation: 'command',
        vehicle: car(index).identity.id,
        action,
        session,
        ...more,
      });
    return { owner, session, car, send, run: backend.run };
  }

  test('what the library can do, cars do once; only that is offered', async () => {
    const { session, car, send, run } = await aCommander();
    const listed = await run({ operation: 'list', session });
    if (!listed.ok || listed.result.operation !== 'list') expect.unreachable('no list');
    const offered = listed.result.vehicles.map(({ commands }) => Object.keys(commands ?? {}));
    expect(offered).toEqual([['lock'], ['lock', 'climate']]);
    expect(await send(0, unlock)).toMatchObject({
      ok: true,
      result: { operation: 'command', action_id: null, follow_up: null },
    });
    expect(car(0).count('lock', 'unlock')).toBe(1);
    await send(1, { ...climate, temperature: 68, heating: 'all' });
    expect(car(1).live().climate).toMatchObject({
      ...{ on: true, target_c: 20, duration_min: 8, defrost: true },
      ...{ rear_window_heat: true, steering_wheel_heat: true },
    });
    await send(1, { name: 'climate_stop' });
    expect(car(1).count('climate', 'stop')).toBe(1);
    for (const action of [climate, { name: 'charge', value: 'start' }] as const) {
      const why = failureOf(await send(0, action));
      expect(why).toMatchObject({ code: 'unsupported', sent: false });
    }
    expect(car(0).count('climate', 'start')).toBe(0);
  });

  test.each([
    { effect: { is: 'close' }, code: 'unavailable', outcome: 'unknown' },
    { effect: { is: 'gateway', status: 503 }, code: 'unavailable', outcome: 'unknown' },
    { effect: { is: 'garbage', kind: 'html' }, code: 'unavailable', outcome: 'unknown' },
  ] as const)('a command is not repeated: %j', async ({ effect, code, outcome }) => {
    const { owner, car, send } = await aCommander({}, 1);
    cloud.fault({ operation: 'command', processed: true, effect });
    const sent = await send(0, unlock);
    expect(failureOf(sent)).toMatchObject({ code, outcome, sent: true });
    expect(car(0).count('lock', 'unlock')).toBe(1);
    expect(asked(owner).filter((one) => one === 'command')).toHaveLength(1);
  });

  test('a command without an answer has an open outcome, one that was not sent has none', async () => {
    const { owner, send } = await aCommander({}, 1);
    const listFault = cloud.fault({ operation: 'list', effect: { is: 'gateway', status: 503 } });
    const unsent = failureOf(await send(0, unlock));
    expect(unsent).toMatchObject({ code: 'unavailable', sent: false });
    expect(unsent).not.toHaveProperty('outcome');
    listFault.clear();
    const late = failureOf(await send(0, unlock, { send_within_ms: 0.001 }));
    expect(late).toMatchObject({ code: 'timeout', sent: false });
    expect(late).not.toHaveProperty('outcome');
    expect(asked(owner)).not.toContain('command');
    cloud.fault({ operation: 'command', effect: { is: 'latency', ms: 60_000 } });
    const lost = failureOf(await send(0, unlock, { remaining_ms: 1_500 }));
    expect(lost).toMatchObject({ code: 'timeout', sent: true, outcome: 'unknown' });
  });

  test.each([200, 502])('a limit that is told with %i is a refusal', async (status) => {
    const { car, send } = await aCommander({}, 1);
    cloud.fault({ operation: 'command', effect: { is: 'rate_limited', status } });
    const refused = failureOf(await send(0, unlock));
    expect(refused).toMatchObject({ code: 'rate_limited', sent: true });
    expect(refused).not.toHaveProperty('retry_after_s');
    expect(refused).not.toHaveProperty('outcome');
    expect(car(0).count('lock', 'unlock')).toBe(0);
  });

  test('a refused PIN is sent with one command only, and none without a PIN', async () => {
    const { owner, send, session } = await aCommander({ pin: 'wrong' }, 1);
    const refused = await send(0, unlock);
    expect(failureOf(refused)).toMatchObject({ code: 'pin_rejected', sent: true });
    expect(failureOf(refused)).not.toHaveProperty('outcome');
    const again = aBackend(owner, { pin: 'wrong' });
    const vehicle = carOf(owner).identity.id;
    const task = { operation: 'command', vehicle, action: unlock } as const;
    const after = { session: refused.session ?? expect.unreachable('no mark') };
    const unsent = await again.run({ ...task, ...after });
    expect(failureOf(unsent)).toMatchObject({ code: 'pin_rejected', sent: false });
    expect(asked(owner).filter((one) => one === 'command')).toHaveLength(1);
    const without = await aBackend(owner, { pin: null }).run({ ...task, session });
    expect(failureOf(without)).toMatchObject({ code: 'pin_rejected', sent: false });
    const mended = await aBackend(owner).run({ ...task, ...after });
    expect(mended.ok).toBe(true);
  });

  test.each([
    ['html', 'unavailable'],
    ['empty', 'unavailable'],
    ['truncated', 'unavailable'],
    ['null', 'unavailable'],
    ['list', 'unavailable'],
    ['no_envelope', 'unavailable'],
  ] as const)('an answer that is %s is %s', async (kind, code) => {
    const owner = anAccount();
    const session = await signedIn(owner);
    const vehicle = carOf(owner).identity.id;
    for (const [operation, wanted] of [
      ['list', { operation: 'list' }],
      ['cached', { operation: 'cached', vehicle }],
    ] as const) {
      const fault = cloud.fault({ operation, effect: { is: 'garbage', kind } });
      const outcome = await aBackend(owner).run({ ...wanted, session });
      expect(failureOf(outcome), operation).toMatchObject({ code });
      fault.clear();
    }
  });

  test('values of wrong types are not known', async () => {
    const owner = anAccount();
    const session = await signedIn(owner);
    const { run } = aBackend(owner);
    cloud.fault({ operation: 'cached', effect: { is: 'garbage', kind: 'wrong_types' } });
    const vehicle = carOf(owner).identity.id;
    expect(await run({ operation: 'cached', vehicle, session })).toMatchObject({
      ok: true,
      result: { report: { reported_at: null, lock: { state: null }, ev: { soc: null } } },
    });
  });

  test.each([200, 502] as const)('the daily limit with HTTP %i is told as one', async (status) => {
    const owner = anAccount();
    const session = await signedIn(owner);
    owner.account.budget = { total: 0, each: 0 };
    owner.account.budgetStatus = status;
    const { run } = aBackend(owner);
    const vehicle = carOf(owner).identity.id;
    const outcome = await run({ operation: 'force', vehicle, session });
    expect(failureOf(outcome)).toMatchObject({ code: 'rate_limited' });
    // Without a time it is the limit of the day.
    expect(failureOf(outcome)).not.toHaveProperty('retry_after_s');
    // The library would ask three times.
    expect(asked(owner).filter((one) => one === 'force')).toHaveLength(1);
  });

  describe.each([
    ['a short limit', json({}, 429), 900],
    ['a short limit with its time', json({}, 429, { 'retry-after': '90' }), 90],
    ['a page with a short limit', html(429, 'Too many requests'), 900],
    ['the day, by its status', html(509, 'Bandwidth limit exceeded'), undefined],
    [
      'the day, with its time',
      json({ errorSubCode: 'HT_534' }, 502, { 'retry-after': '3600' }),
      3600,
    ],
  ])('%s', (_, reply, wait_s) => {
    test.each(['sign_in', 'cached', 'force', 'command'] as const)(
      'says at a %s how long to wait',
      async (operation) => {
        const owner = anAccount();
        const session = await signedIn(owner);
        cloud.fault({ account: owner.username, effect: { is: 'reply', reply } });
        const ofCar = {
          vehicle: carOf(owner).identity.id,
          action: { name: 'lock', value: 'unlock' },
        } as const;
        const task = operation === 'sign_in' ? { session: null } : { session, ...ofCar };
        const why = failureOf(await aBackend(owner).run({ operation, ...task }));
        expect(why).toMatchObject({ code: 'rate_limited', sent: expect.any(Boolean) as boolean });
        expect(why.retry_after_s).toBe(wait_s);
      },
    );
  });

  test.each([
    ['close', { is: 'close' }],
    ['reset', { is: 'reset' }],
    ['503', { is: 'gateway', status: 503 }],
    ['504', { is: 'gateway', status: 504 }],
  ] as const)('a request that ends by %s is not repeated', async (_, effect) => {
    const owner = anAccount();
    const session = await signedIn(owner);
    const { run } = aBackend(owner);
    const vehicle = carOf(owner).identity.id;
    await run({ operation: 'list', session });
    cloud.fault({ operation: 'cached', effect });
    const outcome = await run({ operation: 'cached', vehicle, session });
    expect(failureOf(outcome)).toMatchObject({ code: 'unavailable' });
    // Longer than the library waits before it repeats.
    await delay(4000);
    expect(asked(owner).filter((one) => one === 'cached')).toHaveLength(1);
    expect(outcome.requests).toBe(1);
  });

  test('a cloud that is away is unavailable', async () => {
    const owner = anAccount();
    const session = await signedIn(owner);
    const { run } = aBackend(owner);
    // A port that nobody listens on any more.
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    leadThroughProxy({ caFile: cloud.caFile, proxyUrl: `http://127.0.0.1:${String(port)}` });
    const vehicle = carOf(owner).identity.id;
    for (const task of [
      { operation: 'cached', vehicle, session },
      { operation: 'sign_in', session },
      { operation: 'sign_in' },
    ] as const) {
      const outcome = await run(task);
      expect(failureOf(outcome)).toMatchObject({ code: 'unavailable', sent: false });
      expect(outcome).not.toHaveProperty('session');
    }
  });

  test('a call without an answer ends at the deadline and leaves nothing to the next task', async () => {
    const owner = anAccount();
    const session = await signedIn(owner);
    const { run, noted } = aBackend(owner);
    const vehicle = carOf(owner).identity.id;
    await run({ operation: 'list', session });
    const held = cloud.hold({ operation: 'force', account: owner.username });
    const outcome = await run({ operation: 'force', vehicle, session, remaining_ms: 1000 });
    expect(failureOf(outcome)).toMatchObject({ code: 'timeout', outcome: 'unknown', sent: true });
    expect(outcome.requests).toBe(1);
    const before = noted();
    const next = await run({ operation: 'cached', vehicle, session });
    held.release();
    expect(next).toMatchObject({ ok: true, requests: 3 });
    await delay(4000);
    expect(noted() - before).toBe(3);
    expect(asked(owner).filter((one) => one === 'force')).toHaveLength(1);
  });

  test.each(['stalled_body', 'dripping_body'] as const)('a %s ends at the deadline', async (is) => {
    const owner = anAccount();
    const session = await signedIn(owner);
    const { run } = aBackend(owner);
    const vehicle = carOf(owner).identity.id;
    cloud.fault({ operation: 'cached', effect: { is } });
    const outcome = await run({ operation: 'cached', vehicle, session, remaining_ms: 1500 });
    expect(outcome.ok).toBe(false);
    expect(['timeout', 'unavailable']).toContain(failureOf(outcome).code);
  });

  test('closing ends what runs', async () => {
    const owner = anAccount();
    const session = await signedIn(owner);
    const { run, backend } = aBackend(owner);
    const vehicle = carOf(owner).identity.id;
    const held = cloud.hold({ operation: 'cached', account: owner.username });
    const running = run({ operation: 'cached', vehicle, session });
    await vi.waitFor(() => {
      expect(asked(owner)).toContain('cached');
    });
    await backend.close();
    expect(failureOf(await running)).toMatchObject({ code: 'interrupted' });
    held.release();
  });

  test('knows no one-time codes, and no car that is not on the list', async () => {
    const owner = anAccount();
    const session = await signedIn(owner);
    const { run } = aBackend(owner);
    for (const operation of ['request_code', 'submit_code'] as const) {
      const outcome = await run({ operation, session });
      expect(failureOf(outcome)).toMatchObject({ code: 'unsupported' });
    }
    const outcome = await run({ operation: 'cached', vehicle: 'another', session });
    expect(failureOf(outcome)).toMatchObject({ code: 'unknown_vehicle' });
    expect(asked(owner)).toEqual(['sign_in', 'list', 'list']);
  });
});
