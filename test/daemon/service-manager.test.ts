import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import type { Health } from '../../src/daemon/health.js';
import { createServiceManager } from '../../src/daemon/service-manager.js';
import { GrowingList } from '../support/growing-list.js';
import { familyOf } from '../support/processes.js';
import { findProgram, isAvailable } from '../support/programs.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';
import { waitUntil } from '../support/wait.js';

const hasPrograms = isAvailable(
  findProgram('systemd-notify') !== undefined && findProgram('python3') !== undefined,
  'systemd-notify or python3',
);

describe.skipIf(!hasPrograms)('what systemd is told', () => {
  it('is that the service is ready, how it stands and that it lives', async () => {
    const { received, manager } = await aService();
    manager.ready();
    await received.waitFor(isMessage({ READY: '1' }), 10_000, () => 'READY');
    await received.waitFor(isMessage({ WATCHDOG: '1', STATUS: 'all well' }), 10_000, () => 'life');
    await severalOf(received);
    expect(received.items.slice(2).every((one) => one === 'WATCHDOG=1')).toBe(true);
    manager.stopping();
    await received.waitFor(isMessage({ STOPPING: '1' }), 10_000, () => 'STOPPING');
  });

  it('is no sign of life while something is wrong, but what; the log has it once', async () => {
    const { received, manager, lines, turn } = await aService();
    manager.ready();
    await received.waitFor(isMessage({ WATCHDOG: '1' }), 10_000, () => 'a sign of life');
    turn({ ok: false, reasons: ['a thread hangs since 31 s', 'another\nline'] });
    const fault = 'out of order: a thread hangs since 31 s; another line';
    const told = (one: string) => one === `STATUS=${fault}`;
    await received.waitFor(told, 10_000, () => 'the fault');
    const before = received.items.findIndex(told);
    turn({ ok: false, reasons: ['a thread hangs since 32 s', 'another\nline'] });
    await received.waitFor(
      (one) => one.includes('32 s'),
      10_000,
      () => 'the later fault',
    );
    expect(received.items.slice(before).join('\n')).not.toContain('WATCHDOG');
    expect(lines).toStrictEqual([
      expect.stringMatching(
        /^error the bridge is out of order.* a thread hangs since 31 s; another/,
      ),
    ]);
    turn({ ok: true });
    const isWell = isMessage({ WATCHDOG: '1', STATUS: 'all well' });
    await received.waitFor(isWell, 10_000, () => 'life again', before);
    expect(lines[1]).toBe('info the bridge is in order again');
    manager.stopping();
  });

  it('is not told twice at a time, and leaves no defunct process', async () => {
    const { received, manager } = await aService();
    manager.ready();
    await severalOf(received);
    manager.stopping();
    await received.waitFor(isMessage({ STOPPING: '1' }), 10_000, () => 'STOPPING');
    await waitUntil(
      () => notifiers().length === 0,
      10_000,
      () => `these to end: ${JSON.stringify(notifiers())}`,
    );
  });

  it('gets no sign of life where systemd does not watch, or watches another process', async () => {
    for (const environment of [{}, { WATCHDOG_USEC: '300000', WATCHDOG_PID: '1' }]) {
      const { received, manager } = await aService(environment);
      manager.ready();
      await received.waitFor(isMessage({ STATUS: 'all well' }), 10_000, () => 'the status');
      manager.stopping();
      await received.waitFor(isMessage({ STOPPING: '1' }), 10_000, () => 'STOPPING');
      expect(received.items.join('\n')).not.toContain('WATCHDOG');
    }
  });

  it('is a warning, once, if it cannot be told', async () => {
    const { manager, lines } = await aService({ ...watched, NOTIFY_SOCKET: '/nowhere/at/all' });
    manager.ready();
    await waitUntil(
      () => lines.length > 0,
      10_000,
      () => 'a warning',
    );
    manager.stopping();
    expect(lines[0]).toBe('warn systemd could not be told how the bridge stands');
  });
});

it('asks and tells nothing without systemd', () => {
  const unasked = (): never => {
    throw new Error('nobody wants to know');
  };
  const log = { error: unasked, info: unasked, warn: unasked };
  const manager = createServiceManager({
    ...{ environment: { WATCHDOG_USEC: '300000' }, log },
    ...{ health: unasked, status: unasked },
  });
  manager.ready();
  manager.stopping();
});

const watched = { WATCHDOG_USEC: '300000', WATCHDOG_PID: String(process.pid) };

async function severalOf(received: GrowingList<string>): Promise<void> {
  await waitUntil(
    () => received.items.length >= 5,
    10_000,
    () => `five messages; there are ${JSON.stringify(received.items)}`,
  );
}

function notifiers() {
  return familyOf(process.pid).filter(
    ({ parent, pid }) =>
      parent === process.pid &&
      readFileSync(`/proc/${String(pid)}/comm`, 'utf8').startsWith('systemd-notify'),
  );
}

/** Whether a message has each of these fields. */
function isMessage(fields: Readonly<Record<string, string>>): (message: string) => boolean {
  return (message) => {
    const lines = message.split('|');
    return Object.entries(fields).every(([name, value]) => lines.includes(`${name}=${value}`));
  };
}

async function aService(environment: Readonly<Record<string, string>> = watched) {
  const socket = join(await tempDir(), 'notify');
  const received = new GrowingList<string>();
  await listen(socket, received);
  const lines: string[] = [];
  const say =
    (level: string) =>
    (...words: unknown[]): void => {
      lines.push(`${level} ${String(words.at(-1))}`);
    };
  let health: Health = { ok: true };
  const manager = createServiceManager({
    environment: { PATH: process.env['PATH'], NOTIFY_SOCKET: socket, ...environment },
    log: { error: say('error'), info: say('info'), warn: say('warn') },
    health: () => health,
    status: () => 'all well',
  });
  const turn = (next: Health): void => {
    health = next;
  };
  return { received, manager, lines, turn };
}

/** A socket like systemd's: Node has none. Each message is a line, its own lines joined by `|`. */
async function listen(path: string, received: GrowingList<string>): Promise<void> {
  const program = [
    'import socket, sys',
    's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)',
    's.bind(sys.argv[1])',
    'print("listening", flush=True)',
    'while True:',
    '    message = s.recv(65536).decode()',
    '    if message != "BARRIER=1": print(message.strip().replace("\\n", "|"), flush=True)',
  ].join('\n');
  const child = spawn('python3', ['-c', program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTeardown(() => void child.kill('SIGKILL'));
  const lines = createInterface(child.stdout);
  await new Promise<void>((resolve) => {
    lines.once('line', () => {
      resolve();
      lines.on('line', (line) => {
        received.add(line);
      });
    });
  });
}
