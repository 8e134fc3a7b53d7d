import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rename, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { controlPath } from '../../src/http/control-path.js';
import { startControlSocket } from '../../src/http/control-socket.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';
import { within } from '../support/wait.js';
import { MemoryBridge } from './memory-bridge.js';
import { aFullLog, exchange, serve } from './served.js';

const soon_ms = 15_000;
const patience = { timeout: soon_ms };

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

/** A socket whose daemon was killed: the file stays. */
async function deadSocket(): Promise<string> {
  const stateDir = await tempDir();
  const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', script, controlPath(stateDir)]), 'exit');
  expect((await stat(controlPath(stateDir))).isSocket()).toBe(true);
  return stateDir;
}

test('only its own user can open it, whatever the umask; nothing else is left beside it', async () => {
  const before = process.umask(0);
  onTeardown(() => void process.umask(before));
  const { stateDir, path } = await serve(new MemoryBridge());
  expect(await modeOf(path)).toBe('600');
  expect(await readdir(stateDir)).toEqual(['control.sock']);
});

test('the socket of a dead daemon is replaced', async () => {
  const stateDir = await deadSocket();
  const { path, lines } = await serve(new MemoryBridge(), stateDir);
  expect((await exchange(path, 'GET /api/state')).status).toBe(200);
  expect(await modeOf(path)).toBe('600');
  expect(lines.join('')).not.toContain('no control socket');
});

test('the socket of a living daemon stays its own, also when the other one stops', async () => {
  const first = await serve(new MemoryBridge());
  const second = await serve(new MemoryBridge(), first.stateDir);
  expect(second.lines.join('')).toContain('another daemon answers there');
  await second.socket.stop();
  expect((await exchange(first.path, 'GET /api/state')).status).toBe(200);
});

test('a file that is no socket is left alone', async () => {
  const stateDir = await tempDir();
  await writeFile(controlPath(stateDir), 'mine');
  const { lines, path, socket } = await serve(new MemoryBridge(), stateDir);
  expect(lines.join('')).toContain('a file that is not a socket');
  await socket.stop();
  expect((await stat(path)).isFile()).toBe(true);
});

test.each([
  ['too long', (folder: string) => join(folder, 'x'.repeat(110)), 'choose a shorter state_dir'],
  ['in no folder', (folder: string) => join(folder, 'none', 'control.sock'), 'ENOENT'],
])('a path that is %s is told, and nothing else happens', async (_, pathIn, said) => {
  const folder = await tempDir();
  const { log, lines } = aFullLog();
  const path = pathIn(folder);
  const socket = await startControlSocket({ path, api: new MemoryBridge(), log, version: '1.2.3' });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(said);
  await socket.stop();
  expect(await readdir(folder)).toEqual([]);
});

test('the end: the file goes, an answer under way is given, nobody new is let in', async () => {
  const bridge = new MemoryBridge();
  const { stateDir, path, socket } = await serve(bridge);
  let release = (): void => undefined;
  bridge.answers = new Promise((resolve) => {
    release = resolve;
  });
  const asked = exchange(path, 'POST /api/accounts/home/login');
  await expect.poll(() => bridge.asked, patience).toEqual(['login home']);
  const stopped = socket.stop();
  await expect.poll(() => readdir(stateDir), patience).toEqual([]);
  await expect(exchange(path, 'GET /api/state')).rejects.toThrow('ENOENT');
  release();
  expect((await asked).status).toBe(200);
  await within(stopped, soon_ms, () => 'the end');
});

test('the end does not wait for a sign-in that hangs, nor for one who says nothing', async () => {
  const bridge = new MemoryBridge();
  bridge.answers = new Promise(() => undefined);
  const { path, socket } = await serve(bridge);
  const silent = connect(path);
  await once(silent, 'connect');
  const gone = once(silent, 'close');
  const asked = exchange(path, 'POST /api/accounts/home/login');
  asked.catch(() => undefined);
  await expect.poll(() => bridge.asked, patience).toEqual(['login home']);
  await within(socket.stop(), soon_ms, () => 'the end');
  await expect(asked).rejects.toThrow('socket hang up');
  await within(gone, soon_ms, () => 'the silent connection to end');
});

test('the end leaves a socket alone that another daemon has put in its place', async () => {
  const first = await serve(new MemoryBridge());
  const next = await serve(new MemoryBridge());
  await rename(next.path, first.path);
  await first.socket.stop();
  expect((await exchange(first.path, 'GET /api/state')).status).toBe(200);
});
