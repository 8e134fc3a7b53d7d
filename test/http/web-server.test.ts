import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { exchangeBytes } from '../support/http-client.js';
import { freePort } from '../support/free-port.js';
import { onTeardown } from '../support/teardown.js';
import { within } from '../support/wait.js';
import { startWebServer } from '../../src/http/web-server.js';
import { MemoryBridge } from './memory-bridge.js';
import { aFullLog, serveWeb, token } from './served.js';

const soon_ms = 15_000;

async function silent(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  onTeardown(() => void socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

test('one address that opens all it can leaves room for the others, and for itself afterwards', async () => {
  const { port, ask } = await serveWeb({ token });
  const held = await Promise.all(Array.from({ length: 64 }, () => silent(port, '127.0.0.2')));
  const oneMore = await silent(port, '127.0.0.2');
  await within(once(oneMore, 'close'), soon_ms, () => 'the end of one too many');
  expect((await ask('GET /api/state', { token })).status).toBe(200);
  for (const socket of held) socket.destroy();
  await expect
    .poll(() => ask('GET /healthz', { from: '127.0.0.2' }).catch(() => 'cut off'), {
      timeout: soon_ms,
    })
    .toMatchObject({ status: 200 });
});

test('who says nothing, or half of it, is ended, and others are answered meanwhile', async () => {
  const { bridge, port, ask } = await serveWeb({ token });
  const nothing = await silent(port);
  const half = await silent(port);
  half.resume();
  half.write('GET /api/state HTTP/1.1\r\nhost: loc');
  nothing.resume();
  const ended = Promise.all([once(nothing, 'close'), once(half, 'close')]);
  expect((await ask('GET /api/state', { token })).status).toBe(200);
  await within(ended, 50_000, () => 'the end of those who say nothing');
  expect(bridge.asked).toEqual([]);
}, 60_000);

test.each([
  ['no HTTP', 'EHLO there\r\n\r\n'],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a TLS hello', Buffer.from('16030100a5010000a10303', 'hex')],
  ['endless headers', `GET / HTTP/1.1\r\nhost: localhost\r\na: ${'x'.repeat(40_000)}\r\n\r\n`],
  ['an endless path', `GET /${'x'.repeat(40_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`],
  ['a header that is none', 'GET / HTTP/1.1\r\nhost: localhost\r\na\0b: c\r\n\r\n'],
])('%s is answered with a refusal, and the next is answered', async (_, bytes) => {
  const { port, ask } = await serveWeb({ token });
  expect(await exchangeBytes(port, bytes)).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect((await ask('GET /healthz')).status).toBe(200);
});

test('a port that is taken is tried again until it is free', async () => {
  const port = await freePort();
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  const { log, lines } = aFullLog();
  const web = await startWebServer({
    ...{ api: new MemoryBridge(), log, version: '1.2.3', host: '127.0.0.1', port },
    ...{ allowed_hosts: [], trusted_proxies: [] },
    retry: { initial_ms: 50, factor: 1, max_ms: 50, jitter: 0 },
  });
  onTeardown(() => web.stop());
  await expect.poll(() => lines.join(''), { timeout: soon_ms }).toContain('EADDRINUSE');
  expect(web.port).toBeUndefined();
  other.close();
  await expect.poll(() => web.port, { timeout: soon_ms }).toBe(port);
});

test('the end while the port is still taken', async () => {
  const port = await freePort();
  const other = createServer().listen(port, '127.0.0.1');
  onTeardown(() => void other.close());
  await once(other, 'listening');
  const { log } = aFullLog();
  const web = await startWebServer({
    ...{ api: new MemoryBridge(), log, version: '1.2.3', host: '127.0.0.1', port },
    ...{ allowed_hosts: [], trusted_proxies: [] },
    retry: { initial_ms: 60_000, factor: 1, max_ms: 60_000, jitter: 0 },
  });
  await within(web.stop(), soon_ms, () => 'the end');
});
