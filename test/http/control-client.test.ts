import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { ControlClient, ControlFault, NoDaemonError } from '../../src/http/control-client.js';
import { controlPath } from '../../src/http/control-path.js';
import type { AuditQuery } from '../../src/vehicle/audit-entry.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';
import { MemoryBridge, readyAccount } from './memory-bridge.js';
import { serve } from './served.js';

function clientOf(path: string): ControlClient {
  return new ControlClient({ path, signIn_ms: 1000 });
}

/** A server that treats each connection like this. */
async function aServer(treat: (socket: Socket) => void): Promise<string> {
  const path = controlPath(await tempDir());
  const server = createServer(treat).listen(path);
  onTeardown(() => {
    server.close();
  });
  await once(server, 'listening');
  return path;
}

test('what a daemon answers comes back as it is', async () => {
  const { path } = await serve(new MemoryBridge());
  const client = clientOf(path);
  expect(await client.accounts()).toEqual([readyAccount]);
  expect(await client.login('home')).toEqual({ ok: true, value: readyAccount });
  expect(await client.account('nobody')).toEqual({
    ok: false,
    failure: { code: 'unknown_id', message: 'no account is called so', retryable: false },
  });
});

test('a page of the audit log is asked for as it is meant', async () => {
  const bridge = new MemoryBridge();
  bridge.audit = {
    commands: [
      {
        ...{ key: 'a', id: 'mine', account: null, vehicle: null, command: 'announce' },
        ...{ source: { via: 'http' }, status: 'succeeded', steps: [] },
        ...{ received_at: '2026-11-22T12:00:00.000Z', ended_at: '2026-11-22T12:00:00.001Z' },
      },
    ],
    cursor: null,
  };
  const { path } = await serve(bridge);
  const query: AuditQuery = {
    ...{ limit: 3, status: 'succeeded' as const, vehicle: 'a&b=c', id: 'mine' },
    ...{ cursor: '019a5b1c-0000-7000-8000-000000000000', since: 1_795_348_800_000 },
  };
  expect(await clientOf(path).commands(query)).toEqual(bridge.audit);
  const [asked = ''] = bridge.asked;
  expect(JSON.parse(asked.replace('commands ', ''))).toEqual(query);
});

test('a refusal of a command keeps its reason', async () => {
  const bridge = new MemoryBridge();
  bridge.rejects = { code: 'rate_limited', message: 'not now', retry_after_s: 60 };
  const { path } = await serve(bridge);
  expect(await clientOf(path).command('otp', {})).toEqual({
    ok: false,
    failure: { code: 'rate_limited', message: 'not now', retryable: true, retry_after_s: 60 },
  });
});

test('where no daemon runs', async () => {
  const stateDir = await tempDir();
  await expect(clientOf(controlPath(stateDir)).accounts()).rejects.toThrow(NoDaemonError);
  await writeFile(controlPath(stateDir), '');
  await expect(clientOf(controlPath(stateDir)).accounts()).rejects.toThrow(NoDaemonError);
  const long = controlPath(`${stateDir}/${'x'.repeat(110)}`);
  await expect(clientOf(long).accounts()).rejects.toThrow(/at most \d+/);
  await expect(clientOf(long).accounts()).rejects.toThrow(NoDaemonError);
});

test('a daemon that ends the conversation, or is no daemon of this kind, is a fault', async () => {
  const ends = await aServer((socket) => socket.on('data', () => socket.destroy()));
  await expect(clientOf(ends).accounts()).rejects.toThrow(ControlFault);
  const body = '{"accounts":"none"}';
  const head = `HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${String(body.length)}\r\n\r\n`;
  const other = await aServer((socket) => socket.on('data', () => socket.end(head + body)));
  await expect(clientOf(other).accounts()).rejects.toThrow('of another version');
});

test('what is under way ends with its signal', async () => {
  const path = await aServer(() => undefined);
  const stopping = new AbortController();
  const asked = new ControlClient({ path, signIn_ms: 1000, signal: stopping.signal }).accounts();
  stopping.abort();
  await expect(asked).rejects.toThrow(ControlFault);
});
