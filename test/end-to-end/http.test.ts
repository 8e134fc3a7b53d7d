import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { lifeCycleEventSchema, type LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import { httpSection, token, webOf, type WebOfDaemon } from '../support/http-bridge.js';
import type { Answer } from '../support/http-client.js';
import { startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { Described, type OpenApiDocument } from '../http/openapi-document.js';
import { SimulatedBridge, type SimulatedBridgeOptions } from './simulated-bridge.js';

const soon_ms = 20_000;
const patience = { timeout: soon_ms };
let broker: Mosquitto;

beforeAll(async () => {
  broker = await startMosquitto();
});

async function aBridge(options: Partial<SimulatedBridgeOptions> = {}) {
  const config = { ...httpSection(), ...options.config };
  const bridge = await SimulatedBridge.start({ broker, ...options, config });
  await bridge.ready();
  const web = await webOf(bridge.daemon);
  const { text } = await web.ask('GET /api/openapi.json');
  return { bridge, web, described: new Described(JSON.parse(text) as OpenApiDocument) };
}

function eventsOf({ body }: Answer): LifeCycleEvent[] {
  return lifeCycleEventSchema.array().parse(body['events']);
}

/** The command as `GET /api/commands/<id>` has it, once it has ended. */
async function ended(web: WebOfDaemon, id: string): Promise<Answer> {
  const line = `GET /api/commands/${id}`;
  await expect
    .poll(async () => (await web.ask(line)).body['status'], patience)
    .toMatch(/^(succeeded|failed|expired|cancelled)$/);
  return web.ask(line);
}

describe('a command', () => {
  test('from 202 to its ending: the same events by stream, by id and on MQTT', async () => {
    const { bridge, web, described } = await aBridge();
    const stream = await web.events();
    const body = { value: 'cached', id: 'by-http' };
    const taken = await web.command('car0', 'refresh', body);
    expect(taken.status).toBe(202);
    expect(taken.body).toEqual({
      id: 'by-http',
      status: 'accepted',
      href: '/api/commands/by-http',
    });
    described.expectDocumented('commandVehicle', taken);

    await stream.waitFor(({ data }) => data['status'] === 'succeeded', soon_ms);
    const told = stream.events.filter(({ data }) => data['id'] === 'by-http');
    expect(told.map(({ event }) => event)).toEqual(['result', 'result', 'result']);
    const events = eventsOf(await ended(web, 'by-http'));
    expect(told.map(({ data }) => data)).toEqual(events);
    expect(events.map(({ status }) => status)).toEqual(['accepted', 'running', 'succeeded']);
    await bridge.recorder.waitForEnding('by-http');
    expect(bridge.recorder.events('by-http')).toEqual(events);

    const audit = await web.ask('GET /api/commands?id=by-http');
    described.expectDocumented('getAuditLog', audit);
    expect(audit.body['commands']).toMatchObject([
      { id: 'by-http', vehicle: 'car0', source: { via: 'http' }, status: 'succeeded' },
    ]);

    const again = await web.command('car0', 'refresh', body);
    expect(again).toMatchObject({ status: 200, body: { status: 'succeeded', replayed: true } });
    described.expectDocumented('commandVehicle', again);
    await bridge.recorder.publish(bridge.commandTopic('car0'), JSON.stringify(body));
    await bridge.recorder.waitFor(({ payload }) => payload.includes('"seq":5'), soon_ms);
    expect(await web.command('car0', 'refresh', { ...body, value: 'force' })).toMatchObject({
      status: 409,
      body: { code: 'id_reused' },
    });
    expect(bridge.calls('cached').length).toBeLessThanOrEqual(2);
  });

  test('reaches the car by every name it has', async () => {
    const { bridge, web } = await aBridge();
    const { alias, vin, vendorId } = bridge.car(0);
    for (const [index, name] of [alias, vin, vin.toLowerCase(), vendorId].entries()) {
      const id = `name-${String(index)}`;
      expect((await web.command(name, 'lock', { value: 'lock', id })).status, name).toBe(202);
      expect((await ended(web, id)).body).toMatchObject({
        status: 'succeeded',
        events: [{ vehicle: alias }, {}, {}, {}],
      });
      expect((await web.ask(`GET /api/vehicles/${name}`)).body['vehicle']).toBe(alias);
    }
  });

  test('is refused for its body, in words, and nothing is done', async () => {
    const { bridge, web } = await aBridge();
    const line = 'POST /api/vehicles/car0/commands/lock';
    const deep = `{"value":${'['.repeat(50)}${']'.repeat(50)}}`;
    const bad: readonly (readonly [string | Buffer, boolean, RegExp])[] = [
      ['{"value":5}', false, /value: expected lock or unlock, got 5/],
      ['{"value":"lock","force":1}', false, /force: expected no such field/],
      [deep, false, /nesting of at most 8/],
      [`{"value":"${'x'.repeat(9000)}"}`, false, /8192/],
      [`{"value":"${'x'.repeat(9000)}"}`, true, /8192/],
      [Buffer.from([0x22, 0xff, 0xfe, 0x22]), false, /does not parse/],
      ['{"__proto__":{"value":"lock"}}', false, /__proto__/],
      ['""', false, /lock or unlock/],
      ['true', false, /other JSON/],
      ['', false, /lock or unlock/],
    ];
    for (const [body, chunked, said] of bad) {
      const answer = await web.ask(line, { body, chunked });
      const shown = String(body).slice(0, 40);
      expect(answer, shown).toMatchObject({ status: 400, body: { code: 'invalid_payload' } });
      expect(answer.body['message'], shown).toMatch(said);
    }
    expect((await web.ask(line, { body: 'value=lock', type: 'text/plain' })).status).toBe(400);
    // As JSON's own reader has it: the last of two counts.
    const twice = '{"value":"unlock","value":"lock","id":"twice"}';
    expect((await web.ask(line, { body: twice, chunked: true })).status).toBe(202);
    expect((await ended(web, 'twice')).body['events']).toMatchObject([
      { value: 'lock' },
      {},
      {},
      {},
    ]);
    expect(bridge.actions('started', 'car0')).toHaveLength(1);
  });

  test('what was answered with 202 outlives kill -9, and ends once', async () => {
    const { bridge, web } = await aBridge({ simulator: { latency: '3s' } });
    expect((await web.command('car0', 'refresh', { value: 'cached', id: 'kept' })).status).toBe(
      202,
    );
    await bridge.killAndStartAgain();
    const next = await webOf(bridge.daemon);
    const { body } = await ended(next, 'kept');
    expect(body).toMatchObject({ status: 'succeeded' });
    const endings = (body['events'] as LifeCycleEvent[]).filter(
      ({ status }) => status === 'succeeded',
    );
    expect(endings).toHaveLength(1);
    expect(await next.command('car0', 'refresh', { value: 'cached', id: 'kept' })).toMatchObject({
      status: 200,
      body: { replayed: true },
    });
  });
});

describe('each refusal has the status of the page', () => {
  test('of commands', async () => {
    const allow = ['refresh', 'lock', 'trips', 'announce', 'cancel', 'horn'];
    const { web, described } = await aBridge({
      cars: 4,
      config: { commands: { allow, rate: '2/10m' } },
      simulator: { latency: '400ms', force_latency: '400ms' },
    });
    const expectAnswer = async (
      call: string,
      answer: Promise<Answer>,
      status: number,
      code: string,
    ) => {
      const given = await answer;
      expect({ status: given.status, code: given.body['code'] }, given.text).toEqual({
        status,
        code,
      });
      described.expectDocumented(call, given);
      return given;
    };
    const car = (name: string, body: unknown) => web.command('car0', name, body);
    const own = (name: string, body: unknown) => web.command('bridge', name, body);
    await expectAnswer('commandVehicle', car('lock', 'unlock'), 403, 'not_allowed');
    const withoutPlug = web.command('car3', 'charge', 'start');
    await expectAnswer('commandVehicle', car('fly', 'up'), 404, 'unknown_command');
    await expectAnswer('commandVehicle', withoutPlug, 404, 'unsupported');
    await expectAnswer(
      'commandVehicle',
      web.command('car9', 'lock', 'lock'),
      404,
      'unknown_vehicle',
    );
    await expectAnswer(
      'commandVehicle',
      web.command('bridge2', 'lock', 'lock'),
      404,
      'unknown_vehicle',
    );
    const asBridge = web.ask('POST /api/vehicles/bridge/commands/announce');
    await expectAnswer('commandVehicle', asBridge, 404, 'unknown_vehicle');
    await expectAnswer('commandBridge', own('fly', 'up'), 404, 'unknown_command');
    await expectAnswer('commandBridge', own('log_level', 'debug'), 403, 'not_allowed');
    await expectAnswer('commandBridge', own('cancel', 'nobody'), 404, 'unknown_id');

    const months = { from: '2026-01', to: '2026-10' };
    expect((await car('trips', { ...months, id: 'long' })).status).toBe(202);
    await expectAnswer('commandVehicle', car('trips', months), 409, 'busy');
    const cancelled = await web.ask('DELETE /api/commands/long');
    expect(cancelled.status).toBe(202);
    described.expectDocumented('cancelCommand', cancelled);
    expect((await ended(web, 'long')).body['status']).toBe('cancelled');
    await expectAnswer('cancelCommand', web.ask('DELETE /api/commands/nobody'), 404, 'unknown_id');

    expect((await car('lock', { value: 'lock', id: 'first' })).status).toBe(202);
    await expect
      .poll(async () => (await web.ask('GET /api/commands/first')).body['status'], patience)
      .not.toBe('accepted');
    const late = await web.ask('DELETE /api/commands/first');
    expect([409, 404]).toContain(late.status);
    await ended(web, 'first');
    expect((await car('lock', { value: 'lock', id: 'second' })).status).toBe(202);
    const limited = await expectAnswer('commandVehicle', car('lock', 'lock'), 429, 'rate_limited');
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    await ended(web, 'second');
  });

  test('of an account that the maker refuses, and its sign-in', async () => {
    const { bridge, web, described } = await aBridge();
    await bridge.weather({ sign_in: { fail: { code: 'consent_required', message: 'no' } } });
    const login = await web.ask('POST /api/accounts/home/login');
    described.expectDocumented('signInAccount', login);
    expect(login).toMatchObject({
      status: 200,
      body: { state: 'refused', reason: { code: 'consent_required' } },
    });
    const refused = await web.command('car0', 'refresh', 'cached');
    described.expectDocumented('commandVehicle', refused);
    expect(refused).toMatchObject({ status: 503, body: { code: 'consent_required' } });
    const ready = await web.ask('GET /readyz');
    described.expectDocumented('getReadiness', ready);
    expect(ready).toMatchObject({ status: 503, body: { reasons: ['account home: refused'] } });
    expect((await web.ask('GET /healthz')).status).toBe(200);
    await bridge.weather({});
    expect((await web.ask('POST /api/accounts/home/login')).body['state']).toBe('ready');
    await expect.poll(async () => (await web.ask('GET /readyz')).status, patience).toBe(200);
  });

  test('every document is as the OpenAPI document says, and the audit log has pages', async () => {
    const { web, described } = await aBridge();
    for (const id of ['a', 'b', 'c']) {
      await web.command('bridge', 'announce', { id });
      await ended(web, id);
    }
    const documents = {
      getBridgeState: '/api/state',
      getVehicles: '/api/vehicles',
      getVehicle: '/api/vehicles/car0',
      getAccounts: '/api/accounts',
      getAccount: '/api/accounts/home',
      getCommand: '/api/commands/a',
      getHealth: '/healthz',
      getReadiness: '/readyz',
      getMetrics: '/metrics',
      getSession: '/api/session',
    };
    for (const [call, path] of Object.entries(documents)) {
      const answer = await web.ask(`GET ${path}`);
      expect(answer.status, path).toBe(200);
      described.expectDocumented(call, answer);
    }
    const ids: unknown[] = [];
    let cursor = '';
    do {
      const answer = await web.ask(`GET /api/commands?limit=1&vehicle=bridge${cursor}`);
      described.expectDocumented('getAuditLog', answer);
      const { commands, cursor: next } = answer.body as {
        commands: { id: string }[];
        cursor: string | null;
      };
      ids.push(...commands.map(({ id }) => id));
      cursor = next === null ? '' : `&cursor=${next}`;
    } while (cursor !== '');
    expect(ids).toEqual(['c', 'b', 'a']);
  });
});

describe('whoever has no token', () => {
  test('changes nothing, reads nothing, and finds the token nowhere', async () => {
    const { bridge, web } = await aBridge({ logLevel: 'trace' });
    const lines = ['commands/lock', 'commands/refresh', 'commands/climate'].map(
      (rest) => `POST /api/vehicles/car0/${rest}`,
    );
    const own = ['announce', 'clear_queue', 'refresh_all', 'log_level'].map(
      (name) => `POST /api/bridge/commands/${name}`,
    );
    const rest = [
      'POST /api/accounts/home/login',
      'POST /api/accounts/home/list',
      'DELETE /api/commands/a',
    ];
    const reads = [
      'state',
      'vehicles',
      'accounts',
      'commands',
      'events',
      'openapi.json',
      'session',
    ].map((name) => `GET /api/${name}`);
    const foreign = { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' };
    const before = bridge.recorder.messages.length;
    for (const line of [...lines, ...own, ...rest, ...reads, 'GET /metrics', 'GET /readyz']) {
      expect((await web.ask(line, { token: undefined })).status, line).toBe(401);
      expect((await web.ask(line, { token: 'guess-of-somebody' })).status, line).toBe(401);
      expect((await web.ask(line, { headers: { host: 'evil.example' } })).status, line).toBe(403);
      expect((await web.ask(line, { headers: foreign })).status, line).toBe(403);
    }
    expect((await web.ask('GET /api/commands')).body['commands']).toEqual([]);
    const said = bridge.recorder.messages.slice(before);
    expect(said.filter(({ topic }) => topic.endsWith('/result'))).toEqual([]);
    const process = `/proc/${String(bridge.daemon.pid)}`;
    const shown = await Promise.all(
      ['cmdline', 'comm', 'environ'].map((name) => readFile(`${process}/${name}`, 'utf8')),
    );
    const answers = await Promise.all(
      ['/metrics', '/api/state', '/api/session'].map((path) => web.ask(`GET ${path}`)),
    );
    expect(JSON.stringify([shown, answers])).not.toContain(token);
  });
});

describe('health', () => {
  test('a broker that is away makes it not ready, and not ill', async () => {
    const own = await startMosquitto();
    const { bridge, web } = await aBridge({ broker: own });
    expect((await web.ask('GET /readyz')).status).toBe(200);
    await own.stop();
    await expect.poll(async () => (await web.ask('GET /readyz')).status, patience).toBe(503);
    expect((await web.ask('GET /readyz')).body).toEqual({
      schema: 1,
      ok: false,
      reasons: ['the broker is not connected'],
    });
    expect((await web.ask('GET /healthz')).body).toEqual({ schema: 1, ok: true, reasons: [] });
    // What is asked over HTTP needs no broker.
    expect((await web.command('car0', 'refresh', { value: 'cached', id: 'alone' })).status).toBe(
      202,
    );
    expect((await ended(web, 'alone')).body['status']).toBe('succeeded');
    await own.start();
    await expect.poll(async () => (await web.ask('GET /readyz')).status, patience).toBe(200);
    await bridge.recorder.waitForEnding('alone', soon_ms);
  });

  test('a daemon that stood still says so, and is well again afterwards', async () => {
    const { bridge, web } = await aBridge();
    bridge.daemon.kill('SIGSTOP');
    const asked = web.ask('GET /healthz');
    await new Promise((resolve) => setTimeout(resolve, 6000));
    bridge.daemon.kill('SIGCONT');
    expect(await asked).toMatchObject({ status: 503, body: { ok: false } });
    expect((await asked).text).toMatch(/the event loop stood still for \d+ s/);
    await expect.poll(async () => (await web.ask('GET /healthz')).status, patience).toBe(200);
  });

  test('the end of the daemon ends its streams, and it ends cleanly', async () => {
    const { bridge, web } = await aBridge();
    const stream = await web.events();
    expect(await bridge.daemon.stop()).toEqual({ code: 0, signal: null });
    await stream.ended;
  });
});
