import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { testedLock } from '../../../src/backends/hyundai-kia-connect/lock-file.js';
import type { Outcome } from '../../../src/vehicle/task.js';
import { listProcesses } from '../../support/processes.js';
import { waitUntil } from '../../support/wait.js';
import { aTask, fixture, startBackend } from './builders.js';

function codeOf(outcome: Outcome): string {
  return outcome.ok ? 'ok' : outcome.failure.code;
}

/** Neither running nor defunct. */
function isGone(pid: number | undefined): boolean {
  return !existsSync(`/proc/${String(pid)}`);
}

function runs(pid: number): boolean {
  return listProcesses().some((one) => one.pid === pid && one.state !== 'Z');
}

/** With a process that waits for its task, so that a short deadline is that of the task alone. */
async function readyBackend(name: 'silent' | 'ignores-term' | 'forks') {
  const started = startBackend(fixture(name));
  await waitUntil(
    () => started.told.logs.length === 1,
    10_000,
    () => 'the process to be ready',
  );
  return started;
}

describe('a sidecar that answers', () => {
  test('gives the outcome that belongs to the task, with its session and requests', async () => {
    const { backend, told } = startBackend(fixture('answers'));
    expect(await backend.run(aTask())).toEqual({
      ok: true,
      result: { operation: 'sign_in', vehicles: [] },
      requests: 2,
      session: { token: 'new', pid: told.started[0] },
    });
    expect(told.requests).toBe(2);
  });

  test('is given no command whose time was over before it was ready', async () => {
    const { backend, told } = startBackend(fixture('answers'));
    const lock = aTask({
      operation: 'command',
      vehicle: 'car-1',
      action: { name: 'lock', value: 'lock' },
      send_within_ms: 0.001,
    });
    expect(await backend.run(lock)).toMatchObject({
      ok: false,
      failure: { code: 'timeout', sent: false },
      requests: 0,
    });
    expect(told.requests).toBe(0);
    expect(codeOf(await backend.run(aTask()))).toBe('ok');
  });

  test('is one process for many tasks', async () => {
    const { backend, told } = startBackend(fixture('answers'));
    for (let task = 0; task < 5; task += 1) expect(codeOf(await backend.run(aTask()))).toBe('ok');
    expect(told.started).toHaveLength(1);
  });

  test('is ended by close, and started anew by the next task', async () => {
    const { backend, told } = startBackend(fixture('answers'));
    await backend.run(aTask());
    await Promise.all([backend.close(), backend.close()]);
    expect(told.ended).toEqual(told.started);
    expect(told.killed).toEqual([]);
    expect(isGone(told.started[0])).toBe(true);
    expect(codeOf(await backend.run(aTask()))).toBe('ok');
    expect(told.started).toHaveLength(2);
  });

  test('does not bring a secret into the log', async () => {
    const { backend, told } = startBackend(fixture('answers'));
    await backend.run(aTask());
    expect(told.logs).toContainEqual({ level: 'info', message: 'signing in with [redacted]' });
    expect(JSON.stringify(told.logs)).not.toContain('correct-horse');
  });

  test('gets one task at a time', async () => {
    const { backend } = startBackend(fixture('answers'));
    const [first, second] = await Promise.all([backend.run(aTask()), backend.run(aTask())]);
    expect([first, second].map(codeOf)).toEqual(['ok', 'internal']);
  });

  test('warns of an interpreter that gets no new releases, to be said once', async () => {
    const hello = JSON.stringify({ python: '3.11.2', supported: false });
    const { backend, told } = startBackend(fixture('answers', hello));
    await backend.run(aTask());
    const warnings = told.once.filter(({ level }) => level === 'warn');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.message).toContain('Python 3.11.2');
    expect(warnings[0]?.message).toContain('3.12 or newer');
  });

  test('says once which library runs, and which one is tested where that is another', async () => {
    const tested = testedLock(13).library;
    const others = { [tested]: '', '4.99.0': `; this release is tested with ${tested}` };
    for (const [library, more] of Object.entries(others)) {
      const { backend, told } = startBackend(fixture('answers', JSON.stringify({ library })));
      await backend.run(aTask());
      const message = `hyundai_kia_connect_api ${library} on Python 3.13.0${more}`;
      expect(told.once).toEqual([{ level: 'info', message, once: true }]);
    }
  });
});

test('a session that changed in a call survives the process that could not answer', async () => {
  const { backend, told } = startBackend(fixture('rotates-and-dies'));
  const outcome = await backend.run(aTask());
  expect(outcome).toMatchObject({
    ok: false,
    failure: { code: 'interrupted' },
    requests: 1,
    session: { token: 'rotated-in-mid-call' },
  });
  expect(told.logs).toContainEqual({ level: 'warn', message: '[redacted] [redacted]' });
});

describe('a deadline that passes', () => {
  test('kills a silent process before the answer is given', async () => {
    const { backend, told } = await readyBackend('silent');
    const outcome = await backend.run(aTask({ operation: 'cached', remaining_ms: 700 }));
    expect(outcome).toMatchObject({
      ok: false,
      requests: 1,
      failure: { code: 'timeout', sent: true },
    });
    expect(outcome).not.toHaveProperty('failure.outcome');
    expect(isGone(told.started[0])).toBe(true);
    expect(told.ended).toEqual(told.started);
    expect(told.killed).toEqual(told.started);
  });

  test('leaves the outcome of a wake that was sent unknown', async () => {
    const { backend } = await readyBackend('silent');
    const outcome = await backend.run(aTask({ operation: 'force', remaining_ms: 700 }));
    expect(outcome).toMatchObject({ failure: { code: 'timeout', sent: true, outcome: 'unknown' } });
  });

  test('says that nothing was sent when no request was made', async () => {
    const { backend } = await readyBackend('ignores-term');
    const outcome = await backend.run(aTask({ operation: 'force', remaining_ms: 700 }));
    expect(outcome).toMatchObject({ failure: { code: 'timeout', sent: false } });
    expect(outcome).not.toHaveProperty('failure.outcome');
  });

  test('ends a process that has not even said hello', async () => {
    const { backend, told } = startBackend(fixture('mute'));
    const outcome = await backend.run(aTask({ remaining_ms: 300 }));
    expect(outcome).toMatchObject({ failure: { code: 'timeout', sent: false } });
    expect(isGone(told.started[0])).toBe(true);
  });

  test('takes what the process itself has started along', async () => {
    const { backend, told } = await readyBackend('forks');
    await backend.run(aTask({ remaining_ms: 700 }));
    const child = Number(told.logs[1]?.message);
    expect(child).toBeGreaterThan(1);
    await waitUntil(
      () => !runs(child),
      5000,
      () => 'the end of what the process started',
    );
  });

  test('leaves the next task to a fresh process', async () => {
    const { backend, told } = await readyBackend('silent');
    await backend.run(aTask({ remaining_ms: 400 }));
    await backend.run(aTask({ remaining_ms: 400 }));
    expect(told.started).toHaveLength(2);
  });
});

describe('a process that dies', () => {
  test('during a task leaves it interrupted, and the next task to a fresh process', async () => {
    const { backend, told } = startBackend(fixture('crashes'));
    const outcome = await backend.run(aTask({ operation: 'force' }));
    expect(outcome).toMatchObject({
      requests: 1,
      failure: { code: 'interrupted', sent: true, outcome: 'unknown' },
    });
    expect(codeOf(await backend.run(aTask()))).toBe('interrupted');
    expect(told.started).toHaveLength(2);
  });

  test('between tasks is logged, and the next task has a fresh one', async () => {
    const { backend, told } = startBackend(fixture('answers'));
    await backend.run(aTask());
    process.kill(told.started[0] ?? NaN, 'SIGKILL');
    await waitUntil(
      () => told.ended.length === 1,
      5000,
      () => 'the end of the process',
    );
    expect(codeOf(await backend.run(aTask()))).toBe('ok');
    expect(told.logs).toContainEqual({
      level: 'warn',
      message: 'the Python process ended (SIGKILL)',
    });
  });

  test('by close leaves the running task interrupted', async () => {
    const { backend, told } = startBackend(fixture('silent'));
    const outcome = backend.run(aTask());
    await waitUntil(
      () => told.requests === 1,
      5000,
      () => 'the task to be sent',
    );
    await backend.close();
    expect(codeOf(await outcome)).toBe('interrupted');
  });

  test('before its hello is said to need setup, and is not started again at once', async () => {
    const { backend, told } = startBackend(fixture('crashes', 'start'));
    const first = await backend.run(aTask());
    const second = await backend.run(aTask());
    for (const outcome of [first, second]) {
      expect(outcome).toMatchObject({ failure: { code: 'internal', sent: false } });
      expect(outcome).toHaveProperty('failure.retry_after_s', 1);
      expect(outcome).toHaveProperty(
        'failure.message',
        expect.stringContaining('bluelink2mqtt setup'),
      );
    }
    expect(told.started).toHaveLength(1);
    expect(told.logs).toContainEqual({
      level: 'warn',
      message: 'Traceback: no module named hyundai_kia_connect_api',
    });
  });
});

describe('a process of no use', () => {
  test('is one without the library', async () => {
    const hello = JSON.stringify({ library: null, error: 'No module named x' });
    const { backend, told } = startBackend(fixture('answers', hello));
    const outcome = await backend.run(aTask());
    expect(outcome).toMatchObject({ failure: { code: 'internal' } });
    expect(outcome).toHaveProperty(
      'failure.message',
      expect.stringMatching(/No module named x.*setup/),
    );
    expect(isGone(told.started[0])).toBe(true);
  });

  test('is one that speaks another protocol', async () => {
    const { backend } = startBackend(fixture('answers', JSON.stringify({ protocol: 2 })));
    const outcome = await backend.run(aTask());
    expect(outcome).toHaveProperty(
      'failure.message',
      expect.stringContaining('protocol 2, expected 1'),
    );
  });

  test('is an interpreter that is not there', async () => {
    const { backend, told } = startBackend({ file: '/nowhere/python3', args: [], env: {} });
    const outcome = await backend.run(aTask());
    expect(outcome).toHaveProperty(
      'failure.message',
      expect.stringMatching(/nowhere.*ENOENT.*setup/),
    );
    expect(told.started).toEqual([]);
  });
});

describe('a process that breaks the protocol', () => {
  test.each([
    ['an endless line', fixture('floods', 'line')],
    ['messages without end', fixture('floods', 'messages')],
    ['what is no message', fixture('garbage', 'Traceback (most recent call last)')],
    [
      'a second hello',
      fixture(
        'garbage',
        '{"type":"hello","protocol":1,"python":"3","library":"1","supported":true,"features":{}}',
      ),
    ],
  ])('by %s is killed, and the task is internal', async (_, command) => {
    const { backend, told } = startBackend(command);
    const outcome = await backend.run(aTask());
    expect(outcome).toMatchObject({ failure: { code: 'internal' } });
    expect(outcome).toHaveProperty('failure.message', expect.stringContaining('was killed'));
    expect(isGone(told.started[0])).toBe(true);
    expect(told.logs.length).toBeLessThanOrEqual(301);
  });

  test('by stderr without end only fills its share of the log', async () => {
    const { backend, told } = startBackend(fixture('floods', 'stderr'));
    expect(codeOf(await backend.run(aTask({ remaining_ms: 3000 })))).toBe('timeout');
    expect(told.logs.at(-1)?.message).toContain('the rest is dropped');
    expect(told.logs).toHaveLength(300);
  });

  test('by a malformed outcome is kept, and the task is internal', async () => {
    const { backend, told } = startBackend(
      fixture('garbage', '{"type":"outcome","id":<id>,"outcome":{"ok":"yes"}}'),
    );
    expect(codeOf(await backend.run(aTask()))).toBe('internal');
    expect(isGone(told.started[0])).toBe(false);
  });
});

describe('close', () => {
  test('ends a process that is deaf to the end of stdin and to SIGTERM', async () => {
    const { backend, told } = await readyBackend('ignores-term');
    const running = backend.run(aTask());
    await backend.close();
    expect(codeOf(await running)).toBe('interrupted');
    expect(told.started.every(isGone)).toBe(true);
  });
});
