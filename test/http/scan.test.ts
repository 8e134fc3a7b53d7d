import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exchangeBytes } from '../support/http-client.js';
import { aCar, MemoryBridge } from './memory-bridge.js';
import { serveWeb, token, type ServedWeb } from './served.js';

/** What must reach nobody: a VIN, a figure, the version. */
const inside = /KMHXX00XXXX000001|^up 1$|1\.2\.3|"(vehicles|accounts|commands)":/m;
const methods =
  'GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT PROPFIND QUERY get UNLOCK'.split(' ');
const open = ['/', '/healthz'];
const routes = `
  /readyz /metrics /api /api/state /api/vehicles /api/vehicles/ioniq5 /api/accounts /api/accounts/home
  /api/accounts/home/login /api/accounts/home/list /api/vehicles/ioniq5/commands/unlock
  /api/bridge/commands/announce /api/commands /api/commands/one /api/events /api/openapi.json
`;
const tricks = String.raw`
  //api/state /api//state /api/./state /healthz/../api/state /healthz/%2e%2e/api/state /%2e%2e/api/state
  /api/%2e./vehicles /API/STATE /api/state/ /api/state?/healthz /api/state#/healthz /healthz;/api/state
  /healthz%2f..%2fapi/state /healthz%00/../api/state /\api\state /api%2fstate /%61pi/state /api/session/../state
  /..;/api/state /healthz/api/state /.%2fapi/state http://127.0.0.1/api/state http://evil.example/api/state
  https://localhost/api/vehicles http://a:b@localhost/api/state * ?/api/state api/state /api/state%20
  /api/vehicles?token=${token} /index.html/../metrics
`;
const words = (text: string): string[] => text.trim().split(/\s+/);
const paths = [...words(routes), ...words(tricks)];

async function aServer(options = {}): Promise<ServedWeb> {
  const bridge = new MemoryBridge();
  bridge.documents.push(aCar);
  return serveWeb({ token, ...options }, bridge);
}

/** A body that would be a command, wherever it may end. */
const body = '{"id":"scanned"}';

function bytesOf(line: string, headers: readonly string[], version = '1.1'): string {
  const sent = [...headers, 'content-type: application/json', 'connection: close'];
  const length = `content-length: ${String(body.length)}`;
  return `${line} HTTP/${version}\r\n${[...sent, length].join('\r\n')}\r\n\r\n${body}`;
}

async function inTurn<T>(all: readonly T[], each: (one: T) => Promise<void>): Promise<void> {
  const rest = [...all];
  const work = async (): Promise<void> => {
    for (let one = rest.pop(); one !== undefined; one = rest.pop()) await each(one);
  };
  await Promise.all(Array.from({ length: 8 }, work));
}

function expectNothingTold(said: string, line: string): void {
  expect(said, line).not.toMatch(inside);
  expect(said, line).not.toMatch(/^access-control-/im);
  expect(said, line).not.toMatch(/^HTTP\/1\.1 [235]\d\d (?!Service)/i);
}

const own = (port: number): string => `host: 127.0.0.1:${String(port)}`;
const right = `authorization: Bearer ${token}`;
type Headers = (port: number) => readonly string[];

/** None of them may do anything; those with the token are somebody else's page in the owner's browser. */
const senders: readonly (readonly [string, Headers])[] = [
  ['without a token', (port) => [own(port)]],
  ['with words of a proxy', (port) => [own(port), 'x-forwarded-for: 127.0.0.1', 'x-real-ip: ::1']],
  ['as from a proxy', (port) => [own(port), 'forwarded: for=127.0.0.1;host=localhost']],
  ['with another URL', (port) => [own(port), 'x-original-url: /healthz', 'x-rewrite-url: /']],
  ['with another method', (port) => [own(port), 'x-http-method-override: POST', '_method: POST']],
  ['with a password', (port) => [own(port), `authorization: Basic ${btoa(`a:${token}`)}`]],
  ['with half a token', (port) => [own(port), 'authorization: Bearer']],
  [
    'with a cookie of its own making',
    (port) => [own(port), 'cookie: bluelink2mqtt=9999999999999.x'],
  ],
  ['with a forged host', () => ['host: evil.example', right]],
  [
    'with a host that is nearly ours',
    (port) => [`host: 127.0.0.1:${String(port)}.evil.example`, right],
  ],
  ['without a host', () => [right]],
  ['with an empty host', () => ['host:', right]],
  ['with two hosts', (port) => [own(port), 'host: evil.example', right]],
  ['from another origin', (port) => [own(port), 'origin: http://evil.example', right]],
  ['from another port of this host', (port) => [own(port), 'origin: http://127.0.0.1:1', right]],
  ['from a file or a sandbox', (port) => [own(port), 'origin: null', right]],
  ['from another site', (port) => [own(port), 'sec-fetch-site: cross-site', right]],
  ['from a site beside it', (port) => [own(port), 'sec-fetch-site: same-site', right]],
  [
    'by a link that is followed',
    (port) => [own(port), 'sec-fetch-site: cross-site', 'sec-fetch-mode: navigate', right],
  ],
];

test.each(senders)('a scan %s reads nothing and changes nothing', async (_, headersOf) => {
  const { bridge, port } = await aServer();
  const headers = headersOf(port);
  const lines = paths.flatMap((path) => methods.map((method) => `${method} ${path}`));
  await inTurn(lines, async (line) => {
    expectNothingTold(await exchangeBytes(port, bytesOf(line, headers)), line);
  });
  await inTurn([...open], async (path) => {
    for (const method of methods.filter((one) => one !== 'GET' && one !== 'HEAD')) {
      const line = `${method} ${path}`;
      expectNothingTold(await exchangeBytes(port, bytesOf(line, headers)), line);
    }
  });
  expect(bridge.asked).toEqual([]);
  expect(bridge.listeners).toBe(0);
});

test('without a token the page and the health are told, and nobody is asked about health', async () => {
  const { port, ask } = await aServer();
  expect(await ask('GET /')).toMatchObject({
    status: 200,
    headers: { 'cache-control': 'no-cache' },
  });
  expect((await ask('GET /healthz')).body).toEqual({ schema: 1, ok: true, reasons: [] });
  const outside = { host: 'a-container:8099', origin: 'http://evil.example' };
  const { status, headers } = await ask('GET /healthz', { headers: outside });
  expect(status).toBe(200);
  expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  const link = ['sec-fetch-site: cross-site', 'sec-fetch-mode: navigate'];
  const followed = await exchangeBytes(port, bytesOf('GET /', [own(port), ...link]));
  expect(followed).toMatch(/^HTTP\/1\.1 200 /);
});

test('the same request with the token, from nobody else, is one', async () => {
  const { bridge, port } = await aServer();
  const line = 'POST /api/bridge/commands/announce';
  expect(await exchangeBytes(port, bytesOf(line, [own(port), right]))).toMatch(/^HTTP\/1\.1 202 /);
  expect(bridge.asked).toEqual([`announce ${body}`]);
  const read = await exchangeBytes(port, bytesOf('GET /api/vehicles', [own(port), right]));
  expect(read).toMatch(inside);
});

test('a request in a request is none', async () => {
  const { bridge, port } = await aServer();
  const inner = bytesOf('POST /api/bridge/commands/announce', [own(port), right]);
  const outer = (headers: string): string =>
    `GET /healthz HTTP/1.1\r\n${own(port)}\r\n${headers}\r\n\r\n`;
  const length = String(inner.length);
  const all = [
    `${outer(`content-length: ${length}\r\ntransfer-encoding: chunked`)}0\r\n\r\n${inner}`,
    `${outer(`transfer-encoding: chunked\r\ncontent-length: 4`)}0\r\n\r\n${inner}`,
    `${outer(`transfer-encoding: xchunked`)}${inner}`,
    `${outer(`transfer-encoding: chunked, identity`)}0\r\n\r\n${inner}`,
    `${outer(`content-length: 0\r\ncontent-length: ${length}`)}${inner}`,
    `${outer(`content-length: +0`)}${inner}`,
    `${outer(`transfer-encoding : chunked`)}0\r\n\r\n${inner}`,
    `${outer(`content-length: 0`)}${inner}`,
    `${outer(`content-length: ${length}`)}${inner}`,
  ];
  await inTurn(all, async (bytes) => {
    const said = await exchangeBytes(port, bytes);
    expect(said.match(/HTTP\/1\.1 20/g)?.length ?? 0, bytes).toBeLessThan(2);
  });
  expect(bridge.asked).toEqual([]);
});

test('whatever is asked without a token is refused', async () => {
  const { bridge, port } = await aServer();
  const piece = fc.constantFrom(
    'api',
    'state',
    'metrics',
    '..',
    '.',
    '%2e',
    '%2f',
    '',
    ';',
    '%00',
    'vehicles',
    'healthz',
    '\\',
    '%5c',
    'session',
    'events',
    '?',
    '#',
    '*',
    '%',
    '@',
  );
  const path = fc.array(piece, { maxLength: 7 }).map((pieces) => `/${pieces.join('/')}`);
  const prefix = fc.constantFrom('', 'http://localhost', '/', '.');
  const header = fc.constantFrom(
    ...[
      'x-forwarded-host: localhost',
      'x-original-url: /',
      'upgrade: websocket',
      'expect: 100-continue',
    ],
    ...[
      'cookie: bluelink2mqtt=',
      'authorization: Bearer ',
      'origin: ',
      'te: trailers',
      'range: bytes=0-',
    ],
  );
  const request = fc.tuple(fc.constantFrom(...methods), prefix, path, fc.array(header));
  await fc.assert(
    fc.asyncProperty(request, async ([method, start, rest, headers]) => {
      const line = `${method} ${start}${rest}`;
      const said = await exchangeBytes(port, bytesOf(line, [own(port), ...headers]));
      expect(said, line).not.toMatch(inside);
    }),
    { numRuns: 300 },
  );
  expect(bridge.asked).toEqual([]);
});
