import { describe, expect, test } from 'vitest';
import { limitedAs, matcher, namesOf } from '../../src/http/sender.js';
import type { Sent } from '../support/http-client.js';
import { serveWeb, token } from './served.js';

const command = 'POST /api/bridge/commands/announce';
const signedIn = { body: JSON.stringify({ token }) };

function cookieOf(headers: Readonly<Record<string, unknown>>): string {
  const [cookie = ''] = headers['set-cookie'] as string[];
  return cookie.split(';')[0] ?? '';
}

describe('without a token configured', () => {
  test('everything can be read and nothing changed', async () => {
    const { bridge, ask } = await serveWeb();
    for (const path of ['/api/state', '/api/vehicles', '/api/accounts', '/metrics', '/readyz']) {
      expect((await ask(`GET ${path}`)).status, path).toBe(200);
    }
    expect((await ask('GET /api/session')).body).toMatchObject({ access: 'read', token: false });
    const changing = [
      ...[command, 'POST /api/vehicles/ioniq5/commands/lock', 'DELETE /api/commands/one'],
      ...['POST /api/accounts/home/login', 'POST /api/accounts/home/list'],
      ...['POST /api/session', 'DELETE /api/session', 'PUT /api/state', 'PATCH /api/vehicles'],
    ];
    for (const line of changing) {
      for (const sent of [{}, { token }, signedIn]) {
        expect(await ask(line, sent), line).toMatchObject({
          status: 403,
          body: { code: 'not_allowed', message: expect.stringContaining('read-only') as string },
        });
      }
    }
    expect(bridge.asked).toEqual([]);
  });
});

describe('a token', () => {
  test('opens everything, and is said by nobody', async () => {
    const { bridge, ask, answered } = await serveWeb({ token });
    const answers = [
      await ask(command, { token }),
      await ask('GET /api/session', { token }),
      await ask('POST /api/session', signedIn),
      await ask(`GET /api/state?token=${token}`),
      await ask(`GET /api/commands?token=${token}`, { token: 'wrong' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([202, 200, 200, 401, 401]);
    expect(JSON.stringify(answers)).not.toContain(token);
    expect(bridge.asked).toHaveLength(1);
    expect(answered).toContain('/api/bridge/commands/:name 202');
  });

  test.each([
    ['a part of it', token.slice(0, -1)],
    ['more than it', `${token}0`],
    ['another case', token.toUpperCase()],
  ])('%s is none', async (_, wrong) => {
    const { bridge, ask } = await serveWeb({ token });
    expect(await ask(command, { token: wrong })).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="bluelink2mqtt"' },
    });
    expect(
      (await ask('POST /api/session', { body: JSON.stringify({ token: wrong }) })).status,
    ).toBe(401);
    expect(bridge.asked).toEqual([]);
  });

  test.each([
    ['a word', JSON.stringify(token)],
    ['a list', JSON.stringify([token])],
    ['half an object', `{"token":"${token}"`],
    ['another field', JSON.stringify({ tokens: token })],
    ['text', token],
    ['nothing', ''],
  ])('as %s is refused, and neither answered nor logged', async (_, body) => {
    const { ask, lines } = await serveWeb({ token });
    const answer = await ask('POST /api/session', { body });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_payload' } });
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.text + lines.join('')).not.toContain(token);
  });

  test('who guesses has to wait; who is signed in, or asks from elsewhere, does not', async () => {
    const { ask } = await serveWeb({ token });
    const cookie = cookieOf((await ask('POST /api/session', signedIn)).headers);
    for (let at = 0; at < 10; at += 1) {
      expect((await ask('GET /api/state', { token: `guess-${String(at)}` })).status).toBe(401);
    }
    const blocked = await ask('GET /api/state', { token });
    expect(blocked).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(Number(blocked.headers['retry-after'])).toBeGreaterThan(0);
    expect((await ask('POST /api/session', signedIn)).status).toBe(429);
    expect((await ask('GET /api/state', { headers: { cookie } })).status).toBe(200);
    expect((await ask('GET /api/state', { token, from: '127.0.0.2' })).status).toBe(200);
  });

  test('a program with an old token locks nobody out', async () => {
    const { ask } = await serveWeb({ token });
    for (let at = 0; at < 40; at += 1) {
      expect((await ask('GET /metrics', { token: 'the-token-of-last-year' })).status).toBe(401);
    }
    expect((await ask('GET /metrics', { token })).status).toBe(200);
  });

  test("somebody else's page uses up nothing of what its reader may ask", async () => {
    const { ask } = await serveWeb({ token });
    const foreign = { headers: { origin: 'http://evil.example' } };
    const health = { headers: { ...foreign.headers, host: 'evil.example' } };
    for (let at = 0; at < 40; at += 1) {
      await Promise.all(Array.from({ length: 16 }, () => ask('GET /api/state', foreign)));
      await Promise.all(Array.from({ length: 16 }, () => ask('GET /healthz', health)));
    }
    expect((await ask('GET /api/state', { token })).status).toBe(200);
  });
});

describe('a cookie', () => {
  test('is for no script, no other site, and the whole of this host', async () => {
    const { ask } = await serveWeb({ token });
    const { headers } = await ask('POST /api/session', signedIn);
    const [set = ''] = headers['set-cookie'] ?? [];
    expect(set).toMatch(
      /^bluelink2mqtt=\d{13}\.[\w%]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const cookie = cookieOf(headers);
    const session = await ask('GET /api/session', { headers: { cookie } });
    expect(session.body).toEqual({ schema: 1, access: 'full', token: true, version: '1.2.3' });
    expect((await ask(command, { headers: { cookie } })).status).toBe(202);
  });

  test('is nothing once its time is over, its signature wrong or the token another', async () => {
    let now = Date.now();
    const { ask } = await serveWeb({ token, now: () => now, session_ms: 60_000 });
    const cookie = cookieOf((await ask('POST /api/session', signedIn)).headers);
    const asks = async (changed: string): Promise<number> =>
      (await ask('GET /api/state', { headers: { cookie: changed } })).status;
    expect(await asks(cookie)).toBe(200);
    expect(await asks(cookie.replace(/=(\d)/, '=9'))).toBe(401);
    expect(await asks(cookie.replace(/\..{4}/, '.AAAA'))).toBe(401);
    expect(await asks(cookie.replace(/\..*/, ''))).toBe(401);
    const other = await serveWeb({ token: `${token}-of-next-year`, now: () => now });
    expect((await other.ask('GET /api/state', { headers: { cookie } })).status).toBe(401);
    now += 60_001;
    expect(await asks(cookie)).toBe(401);
  });

  test('is forgotten by the browser that signs out', async () => {
    const { ask } = await serveWeb({ token });
    const { status, headers } = await ask('DELETE /api/session');
    expect({ status, set: headers['set-cookie'] }).toEqual({
      status: 204,
      set: ['bluelink2mqtt=; Max-Age=0; Path=/'],
    });
  });

  test("does not help another site's page, nor one of another port", async () => {
    const { bridge, ask } = await serveWeb({ token });
    const cookie = cookieOf((await ask('POST /api/session', signedIn)).headers);
    const senders = [
      'http://evil.example',
      'http://127.0.0.1:1',
      'https://127.0.0.1',
      'null',
      'file://',
      '',
    ];
    for (const origin of senders) {
      const sent: Sent = { headers: { cookie, origin } };
      expect((await ask(command, sent)).status, origin).toBe(403);
      expect((await ask('DELETE /api/session', sent)).status, origin).toBe(403);
    }
    expect(bridge.asked).toEqual([]);
  });
});

describe('the name under which it is asked', () => {
  const allowed_hosts = ['Car.LAN', 'FD00:0:0::5', 'with-port.lan:8099'];
  test.each([
    'localhost',
    'LOCALHOST:8099',
    '127.0.0.1',
    '[::1]:8099',
    'car.lan',
    'car.lan:80',
    '[fd00::5]',
    'with-port.lan',
  ])('%s is one of ours', async (host) => {
    const { ask } = await serveWeb({ allowed_hosts });
    expect((await ask('GET /api/state', { headers: { host } })).status).toBe(200);
  });

  test.each([
    'evil.example',
    'localhost.',
    'user@localhost',
    'localhost:x',
    'localhost:80:80',
    'evil.example#localhost',
    'car.lan.evil.example',
    '127.0.0.1.nip.io',
    '0x7f.1',
    '127.1',
    '[::]',
    '::1',
    '[::ffff:127.0.0.1]',
    'fd00::5',
  ])('%j is none', async (host) => {
    const { ask } = await serveWeb({ allowed_hosts });
    const { status } = await ask('GET /api/state', { headers: { host } });
    expect([400, 403]).toContain(status);
    expect([400, 403]).toContain((await ask('GET /', { headers: { host } })).status);
  });

  test('where it listens is a name, unless that is everywhere', () => {
    expect(namesOf('192.168.1.5', [])).toContain('192.168.1.5');
    expect(namesOf('0.0.0.0', [])).not.toContain('0.0.0.0');
    expect(namesOf('::', [])).not.toContain('[::]');
  });

  test('a page that comes from there is our own', async () => {
    const { bridge, ask } = await serveWeb({ token, allowed_hosts });
    const headers = { host: 'car.lan', origin: 'https://car.lan', 'sec-fetch-site': 'same-origin' };
    expect((await ask(command, { token, headers })).status).toBe(202);
    expect(bridge.asked).toHaveLength(1);
  });
});

describe('a trusted proxy', () => {
  test('needs no token, whatever name it has outside', async () => {
    const { bridge, ask } = await serveWeb({ token, trusted_proxies: ['127.0.0.2/31'] });
    const outside = { host: 'home.example', origin: 'https://home.example' };
    expect((await ask(command, { from: '127.0.0.2', headers: outside })).status).toBe(202);
    expect((await ask('GET /api/session', { from: '127.0.0.3' })).body).toMatchObject({
      access: 'full',
    });
    expect(bridge.asked).toHaveLength(1);
  });

  test('does not bring in another site, as far as the browser tells', async () => {
    const { bridge, ask } = await serveWeb({ token, trusted_proxies: ['127.0.0.2'] });
    const headers = { 'sec-fetch-site': 'cross-site' };
    expect((await ask(command, { from: '127.0.0.2', headers })).status).toBe(403);
    expect(bridge.asked).toEqual([]);
  });

  test('is known by its address, never by what a header says', async () => {
    const { bridge, ask } = await serveWeb({ token, trusted_proxies: ['127.0.0.2'] });
    for (const name of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'client-ip', 'via']) {
      expect((await ask(command, { headers: { [name]: '127.0.0.2' } })).status, name).toBe(401);
    }
    expect(bridge.asked).toEqual([]);
  });

  test('can be meant in every form of an address', () => {
    const isOne = matcher(['172.30.32.0/23', '10.0.0.7', 'fd00:1::/32', '2001:DB8:0::5']);
    const ones = ['172.30.33.255', '10.0.0.7', 'fd00:1:2::3', '2001:db8::5', '::ffff:10.0.0.7'];
    expect(ones.filter((address) => !isOne(address))).toEqual([]);
    const others = ['172.30.34.0', '10.0.0.8', 'fd00:2::1', '::1', 'fe80::1%eth0', '', 'x', '::'];
    expect(others.filter(isOne)).toEqual([]);
    expect(matcher(['::ffff:10.0.0.7'])('10.0.0.7')).toBe(true);
    expect(matcher([])('127.0.0.1')).toBe(false);
  });
});

test('a home is one sender, with however many addresses of IPv6', () => {
  expect(limitedAs('192.168.1.5')).toBe('192.168.1.5');
  const home = ['2001:db8:1:2::5', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2:ffff::'];
  expect(new Set(home.map(limitedAs))).toEqual(new Set(['2001:db8:1:2']));
  expect(limitedAs('2001:db8:1:3::5')).toBe('2001:db8:1:3');
  expect(limitedAs('::1')).toBe('0:0:0:0');
  expect(limitedAs('1::4:5:6:7:8')).toBe('1:0:0:4');
  expect(limitedAs('fe80::1%eth0')).toBe('fe80:0:0:0');
});
