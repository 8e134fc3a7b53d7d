import { connect } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { EventQueue } from '../../src/http/event-queue.js';
import type { LiveEvent } from '../../src/http/live-events.js';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import { readEvents } from '../support/http-client.js';
import { onTeardown } from '../support/teardown.js';
import { waitUntil, within } from '../support/wait.js';
import type { MemoryBridge } from './memory-bridge.js';
import { serveWeb, token } from './served.js';

const soon_ms = 15_000;
const at = '2026-11-22T10:15:00.123Z';

function step(seq: number, more: Partial<LifeCycleEvent> = {}): LiveEvent {
  const event = { schema: 1, id: 'one', seq, vehicle: null, command: 'announce', at } as const;
  return { kind: 'result', data: { ...event, status: 'running', ...more } };
}

const bridgeEvent = (version: number): LiveEvent => ({ kind: 'bridge', data: { version } });

async function nobodyLooksOn(bridge: MemoryBridge): Promise<void> {
  await waitUntil(
    () => bridge.listeners === 0,
    soon_ms,
    () => `no listener; there are ${String(bridge.listeners)}`,
  );
}

test('what happens is told in its order, to everybody who looks on', async () => {
  const { bridge, port } = await serveWeb();
  const readers = [await readEvents({ port }), await readEvents({ port })];
  bridge.live.tell({ kind: 'availability', data: { vehicle: 'ioniq5', available: true } });
  for (let seq = 1; seq <= 50; seq += 1) bridge.live.tell(step(seq));
  for (const reader of readers) {
    await reader.waitFor(({ data }) => data['seq'] === 50, soon_ms);
    expect(reader.events.map(({ event, data }) => [event, data['seq']])).toEqual([
      ['availability', undefined],
      ...Array.from({ length: 50 }, (_, index) => ['result', index + 1]),
    ]);
    expect(reader.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
    });
    expect(reader.heartbeats.items).toHaveLength(1);
  }
});

test('text with line ends arrives whole', async () => {
  const { bridge, port } = await serveWeb();
  const reader = await readEvents({ port });
  const message = 'one\ntwo\r\n\r\ndata: x\u2028three';
  bridge.live.tell(step(1, { message }));
  expect((await reader.waitFor(() => true, soon_ms)).data['message']).toBe(message);
});

test('who goes away leaves nothing behind', async () => {
  const { bridge, port } = await serveWeb();
  const readers = await Promise.all([1, 2, 3].map(() => readEvents({ port })));
  expect(bridge.listeners).toBe(3);
  for (const reader of readers) reader.close();
  await nobodyLooksOn(bridge);
});

test('a HEAD opens no stream', async () => {
  const { bridge, ask } = await serveWeb();
  expect(await ask('HEAD /api/events')).toMatchObject({
    status: 200,
    headers: { 'content-type': 'text/event-stream' },
  });
  expect(bridge.listeners).toBe(0);
});

test('there are 32 readers at most, and a place that gets free can be taken', async () => {
  const { bridge, port, ask } = await serveWeb();
  const readers = await Promise.all(Array.from({ length: 32 }, () => readEvents({ port })));
  expect(await ask('GET /api/events')).toMatchObject({ status: 429, body: { code: 'queue_full' } });
  readers[0]?.close();
  await waitUntil(
    () => bridge.listeners === 31,
    soon_ms,
    () => 'a place',
  );
  await readEvents({ port });
});

test('the end of the server ends every stream', async () => {
  const { bridge, port, web } = await serveWeb();
  const readers = await Promise.all([1, 2].map(() => readEvents({ port })));
  await within(web.stop(), soon_ms, () => 'the end of the server');
  for (const { ended } of readers) await within(ended, soon_ms, () => 'the end of a stream');
  expect(bridge.listeners).toBe(0);
});

test('a stream ends with the cookie that opened it, another does not', async () => {
  const { bridge, port, ask } = await serveWeb({ token, session_ms: 1500 });
  const { headers } = await ask('POST /api/session', { body: JSON.stringify({ token }) });
  const cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  const signedIn = await readEvents({ port }, { headers: { cookie } });
  const program = await readEvents({ port }, { token });
  expect(bridge.listeners).toBe(2);
  await within(signedIn.ended, soon_ms, () => 'the end of the session');
  expect(bridge.listeners).toBe(1);
  bridge.live.tell(step(1));
  await program.waitFor(() => true, soon_ms);
});

test('who takes nothing is ended, and nobody else notices', async () => {
  const { bridge, port, ask } = await serveWeb({ patience_ms: 1000 });
  const stuck = connect({ port, host: '127.0.0.1' });
  onTeardown(() => void stuck.destroy());
  stuck.on('error', () => undefined);
  stuck.pause();
  await once(stuck, 'connect');
  stuck.write(`GET /api/events HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  await waitUntil(
    () => bridge.listeners === 1,
    soon_ms,
    () => 'the stream to begin',
  );
  const message = 'x'.repeat(100_000);
  for (let seq = 1; seq <= 900; seq += 1) bridge.live.tell(step(seq, { message }));
  const other = await readEvents({ port });
  bridge.live.tell(step(901));
  expect((await other.waitFor(() => true, soon_ms)).data['seq']).toBe(901);
  expect((await ask('GET /api/state')).status).toBe(200);
  await waitUntil(
    () => bridge.listeners === 0,
    soon_ms,
    () => 'those to be ended who took nothing for a second',
  );
});

test('of a document the newest is kept for who is behind, of commands every step', async () => {
  const queue = new EventQueue();
  for (let version = 0; version < 5000; version += 1) queue.put(bridgeEvent(version));
  queue.put(step(1));
  queue.put(bridgeEvent(5000));
  queue.put(step(2));
  const told = [await queue.next(1), await queue.next(1), await queue.next(1)];
  expect(told).toEqual([step(1), bridgeEvent(5000), step(2)]);
  expect(await queue.next(1)).toBeUndefined();
});

test('who is too far behind is let go, and nothing is kept for it', async () => {
  const queue = new EventQueue();
  for (let seq = 0; seq <= 1000; seq += 1) queue.put(step(seq));
  expect(queue.isClosed).toBe(true);
  queue.put(step(2000));
  expect(await queue.next(60_000)).toBeUndefined();
});
