import { expect, test } from 'vitest';
import { failureCodes } from '../../src/vehicle/outcome.js';
import { codeWords, page } from '../docs/pages.js';
import { aCar, MemoryBridge, readyAccount } from './memory-bridge.js';
import { exchange, serve } from './served.js';

test('the documents of the bridge and of its cars', async () => {
  const bridge = new MemoryBridge();
  bridge.documents.push(aCar);
  const { path } = await serve(bridge);
  expect(await exchange(path, 'GET /api/state')).toMatchObject({
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: { schema: 1, version: '1.2.3' },
  });
  expect((await exchange(path, 'GET /api/vehicles')).body).toEqual({
    schema: 1,
    vehicles: [aCar],
  });
  const byVin = await exchange(path, 'GET /api/vehicles/kmhxx00xxxx000001');
  expect(byVin).toMatchObject({ status: 200, body: { schema: 1, ...aCar } });
  expect(await exchange(path, 'GET /api/vehicles/another')).toMatchObject({
    status: 404,
    body: { code: 'unknown_vehicle' },
  });
});

test('accounts, one of them, its sign-in and its list', async () => {
  const waiting = { ...readyAccount, name: 'work', state: 'signing_in', vehicles: [] } as const;
  const bridge = new MemoryBridge([readyAccount, waiting], { work: { code: '123456' } });
  const { path } = await serve(bridge);
  expect((await exchange(path, 'GET /api/accounts')).body).toEqual({
    schema: 1,
    accounts: [readyAccount, waiting],
  });
  expect((await exchange(path, 'GET /api/accounts/work')).body).toMatchObject(waiting);
  expect(await exchange(path, 'POST /api/accounts/work/login')).toMatchObject({
    status: 200,
    body: { schema: 1, name: 'work', state: 'otp_required', challenge: { sms: '***1234' } },
  });
  expect((await exchange(path, 'POST /api/accounts/home/list')).body).toMatchObject(readyAccount);
  for (const line of [
    'GET /api/accounts/a',
    'POST /api/accounts/a/login',
    'POST /api/accounts/a/list',
  ]) {
    expect(await exchange(path, line)).toMatchObject({ status: 404, body: { code: 'unknown_id' } });
  }
  expect(bridge.asked).toEqual(['login work', 'list home', 'login a', 'list a']);
});

test('a command is accepted, can be followed, and the same id is answered with its last event', async () => {
  const { path } = await serve(new MemoryBridge());
  const body = '{"id":"my:1"}';
  const taken = await exchange(path, 'POST /api/bridge/commands/announce', { body });
  expect(taken.status).toBe(202);
  expect(taken.body).toEqual({ id: 'my:1', status: 'accepted', href: '/api/commands/my%3A1' });
  await expect
    .poll(() => exchange(path, 'GET /api/commands/my%3A1'), { timeout: 15_000 })
    .toMatchObject({
      status: 200,
      body: {
        schema: 1,
        id: 'my:1',
        status: 'succeeded',
        events: [{ status: 'accepted' }, { status: 'succeeded' }],
      },
    });
  expect(await exchange(path, 'POST /api/bridge/commands/announce', { body })).toMatchObject({
    status: 200,
    body: { id: 'my:1', status: 'succeeded', replayed: true },
  });
  expect(await exchange(path, 'GET /api/commands/another')).toMatchObject({
    status: 404,
    body: { code: 'unknown_id' },
  });
});

const named: Readonly<Record<number, readonly string[]>> = {
  400: ['invalid_payload'],
  403: ['not_allowed'],
  404: ['unknown_command', 'unknown_vehicle', 'unknown_id', 'unsupported'],
  409: ['busy', 'id_reused', 'battery_guard', 'too_late'],
  429: ['rate_limited', 'queue_full'],
};

test.each(failureCodes)('the status of %s is the one of the table', async (code) => {
  const bridge = new MemoryBridge();
  bridge.rejects = { code, message: 'no', retryable: false };
  const { path } = await serve(bridge);
  const found = Object.entries(named).find(([, codes]) => codes.includes(code));
  expect(await exchange(path, 'POST /api/bridge/commands/announce')).toMatchObject({
    status: Number(found?.[0] ?? 503),
    body: { schema: 1, status: 'rejected', seq: 0, code, message: 'no' },
  });
});

test('the page has the same table', () => {
  const rows = page('docs/http.md').table('status');
  const told = rows.map(([status, codes = '']) => [status, codeWords(codes)]);
  expect(told).toEqual([...Object.entries(named), ['503', []]]);
});

test('when to try again is said in the header too', async () => {
  const bridge = new MemoryBridge();
  bridge.rejects = { code: 'rate_limited', message: 'no', retry_after_s: 12.2 };
  const { path } = await serve(bridge);
  expect(await exchange(path, 'POST /api/bridge/commands/announce')).toMatchObject({
    status: 429,
    headers: { 'retry-after': '13' },
    body: { retry_after_s: 12.2 },
  });
});

test('a command that came too late is no success', async () => {
  const bridge = new MemoryBridge();
  bridge.rejects = { status: 'expired', message: 'too old' };
  const { path } = await serve(bridge);
  expect(await exchange(path, 'POST /api/bridge/commands/announce')).toMatchObject({
    status: 503,
    body: { status: 'expired' },
  });
});

test.each([
  ['an object', '{"value": "debug"}', '{"value": "debug"}'],
  ['a word', '"debug"', 'debug'],
  ['a number', '80', '80'],
  ['nothing', '', '{}'],
])('%s is the payload of a command', async (_, body, payload) => {
  const bridge = new MemoryBridge();
  const { path } = await serve(bridge);
  const { status } = await exchange(path, 'POST /api/bridge/commands/log_level', { body });
  expect({ status, asked: bridge.asked }).toEqual({ status: 202, asked: [`log_level ${payload}`] });
});

const code = '918273';
const large = JSON.stringify({ account: 'home', code, padding: 'x'.repeat(8192) });

test('a body in pieces is one body', async () => {
  const bridge = new MemoryBridge();
  const { path } = await serve(bridge);
  const sent = { body: '"debug"', chunked: true };
  const { status } = await exchange(path, 'POST /api/bridge/commands/log_level', sent);
  expect({ status, asked: bridge.asked }).toEqual({ status: 202, asked: ['log_level debug'] });
});

test.each([
  ['text', { body: `{"code":"${code}"}`, type: 'text/plain' }, 'content-type'],
  ['a form', { body: `code=${code}`, type: 'application/x-www-form-urlencoded' }, 'content-type'],
  ['half an object', { body: `{"code":"${code}"` }, 'does not parse'],
  ['a bare word', { body: `x${code}` }, 'does not parse'],
  ['other bytes', { body: Buffer.from([0x22, 0xff, 0x22]) }, 'does not parse'],
  ['an array', { body: `["${code}"]` }, 'other JSON'],
  ['null', { body: 'null' }, 'other JSON'],
  ['too much', { body: large }, '8192 bytes'],
  ['too much in pieces', { body: large, chunked: true }, '8192 bytes'],
])('%s is refused without a word of it', async (_, sent, said) => {
  const bridge = new MemoryBridge();
  const { path, lines } = await serve(bridge);
  const { status, body } = await exchange(path, 'POST /api/bridge/commands/otp', sent);
  expect({ status, code: body['code'] }).toEqual({ status: 400, code: 'invalid_payload' });
  expect(body['message']).toContain(said);
  expect(bridge.asked).toEqual([]);
  expect(JSON.stringify(body) + lines.join('')).not.toContain(code);
});

test('a one-time code is neither answered nor logged', async () => {
  const bridge = new MemoryBridge([readyAccount], { home: { code } });
  const { path, lines } = await serve(bridge);
  const send = (body: unknown) =>
    exchange(path, 'POST /api/bridge/commands/otp', { body: JSON.stringify(body) });
  const answers = [
    await send({ account: 'home', method: 'email' }),
    await send({ account: 'home', code, id: 'the-code' }),
    await exchange(path, 'GET /api/commands/the-code'),
  ];
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 200]);
  expect(bridge.asked.at(-1)).toContain(code);
  expect(lines.length).toBe(3);
  expect(JSON.stringify(answers) + lines.join('')).not.toContain(code);
});

test.each([
  'GET /',
  'GET /api',
  'DELETE /api/accounts/home',
  'POST /api/state',
  'POST /api/session',
  'POST /api/vehicles/ioniq5/lock',
  'GET /api/%zz',
])('%s is no route', async (line) => {
  const { path } = await serve(new MemoryBridge());
  expect(await exchange(path, line)).toMatchObject({
    status: 404,
    body: { code: 'unknown_command', message: 'there is no such route' },
  });
});

test('the audit log is asked for what the query names, and answered as it is', async () => {
  const bridge = new MemoryBridge();
  const cursor = '019a5b1c-0000-7000-8000-000000000000';
  bridge.audit = { commands: [], cursor };
  const { path } = await serve(bridge);
  expect(await exchange(path, 'GET /api/commands')).toMatchObject({
    status: 200,
    body: { schema: 1, commands: [], cursor },
  });
  const words = `limit=7&cursor=${cursor}&status=failed&vehicle=ioniq5&id=my:1`;
  await exchange(path, `GET /api/commands?${words}&since=2026-11-22T13:00:00%2B01:00`);
  const asked = bridge.asked.map((line) => JSON.parse(line.replace('commands ', '')) as unknown);
  expect(asked).toEqual([
    { limit: 50 },
    {
      ...{ limit: 7, cursor, status: 'failed', vehicle: 'ioniq5', id: 'my:1' },
      since: Date.parse('2026-11-22T12:00:00Z'),
    },
  ]);
});

test.each([
  ['limit=0', 'limit: expected a number from 1 to 500, got "0"'],
  ['limit=501', 'limit: expected a number from 1 to 500, got "501"'],
  ['limit=5x', 'limit: expected a number from 1 to 500, got "5x"'],
  ['limit=', 'limit: expected a number from 1 to 500, got ""'],
  ['cursor=5', 'cursor: expected the cursor of the page before, got "5"'],
  ['status=done', 'status: expected '],
  ['vehicle=', 'vehicle: expected '],
  ['id=a%20b', 'id: expected the id of a command, got "a b"'],
  ['since=2h', 'since: expected ISO 8601 with an offset, got "2h"'],
  ['state=failed', 'state: expected no such field, got "failed"'],
])('the query %s of the audit log is refused', async (words, message) => {
  const bridge = new MemoryBridge();
  const { path } = await serve(bridge);
  const answer = await exchange(path, `GET /api/commands?${words}`);
  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_payload' } });
  expect(answer.body['message']).toContain(message);
  expect(bridge.asked).toEqual([]);
});

test('an error of the bridge is logged and not told', async () => {
  const bridge = new MemoryBridge();
  bridge.fails = new Error('a private matter');
  const { path, lines } = await serve(bridge);
  const { status, body } = await exchange(path, 'POST /api/accounts/home/login');
  expect({ status, code: body['code'] }).toEqual({ status: 503, code: 'internal' });
  expect(JSON.stringify(body)).not.toContain('private');
  expect(lines.join('')).toContain('a private matter');
});
