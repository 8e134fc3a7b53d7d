import { existsSync, readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { describe, expect, test } from 'vitest';
import { outcomeSchema } from '../../src/vehicle/task.js';
import type { Outcome, Task } from '../../src/vehicle/task.js';
import { threadNoteSchema } from '../../src/vehicle/thread-note.js';
import type { ThreadNote, ThreadOrder } from '../../src/vehicle/thread-note.js';
import type { WorkerData } from '../../src/worker/worker-data.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';
import { waitUntil } from '../support/wait.js';

const entry = fileURLToPath(new URL('../../dist/worker/run-command.js', import.meta.url));
let pools = 0;

function aTask(more: Partial<Task> = {}): Task {
  return {
    account: 'home',
    attempt: 'attempt-1',
    operation: 'sign_in',
    remaining_ms: 15_000,
    session: null,
    ...more,
  };
}

/** An executable that runs a fixture whatever arguments an interpreter would get. */
async function asInterpreter(name: string): Promise<string> {
  const program = fileURLToPath(new URL(`../support/sidecars/${name}.mjs`, import.meta.url));
  const file = join(await tempDir(), 'python3');
  await writeFile(file, `#!/bin/sh\nexec '${process.execPath}' '${program}'\n`);
  await chmod(file, 0o700);
  return file;
}

async function startPool(fixture: string, idle_ms = 60_000) {
  const orders = `test-orders-${String(process.pid)}-${String((pools += 1))}`;
  const workerData: WorkerData = {
    backend: {
      backend: 'hyundai-kia-connect',
      python: await asInterpreter(fixture),
      region: 'europe',
      brand: 'hyundai',
      username: 'me@example.com',
      password: 'correct-horse',
      pin: null,
      language: 'en',
    },
    idle_ms,
    orders,
  };
  const options = { filename: entry, workerData, minThreads: 1, maxThreads: 1 };
  const pool = new Piscina({ ...options, concurrentTasksPerWorker: 1, atomics: 'disabled' });
  const notes: ThreadNote[] = [];
  pool.on('message', (message: unknown) => notes.push(threadNoteSchema.parse(message)));
  const channel = new BroadcastChannel(orders);
  const order = (what: ThreadOrder): void => {
    channel.postMessage(what);
  };
  onTeardown(async () => {
    channel.close();
    await pool.destroy();
  });
  const run = async (task: Task): Promise<Outcome> => outcomeSchema.parse(await pool.run(task));
  return { pool, notes, order, run };
}

function pidsOf(notes: readonly ThreadNote[], event: 'started' | 'ended'): number[] {
  return notes.flatMap((note) =>
    note.kind === 'process' && note.event === event ? [note.pid] : [],
  );
}

/** The state letter of a process, `Z` for a defunct one, or undefined when it is gone. */
function stateOf(pid: number): string | undefined {
  const file = `/proc/${String(pid)}/stat`;
  return existsSync(file) ? readFileSync(file, 'utf8').split(') ')[1]?.[0] : undefined;
}

describe.skipIf(!existsSync(entry))('the built worker in a pool', () => {
  test('starts its process with the thread, and answers by it', async () => {
    const { notes, run } = await startPool('answers');
    await waitUntil(
      () => notes.length > 0,
      10_000,
      () => 'the process to start',
    );
    expect(await run(aTask({ attempt: 'a1', command_id: 'c1' }))).toMatchObject({ ok: true });
    expect(pidsOf(notes, 'started')).toHaveLength(1);
    // Notes and answers come by ways of their own: neither waits for the other.
    const requests = (): ThreadNote[] => notes.filter(({ kind }) => kind === 'request');
    await waitUntil(
      () => requests().length >= 2,
      10_000,
      () => 'two requests to be told of',
    );
    expect(requests()).toEqual([
      { kind: 'request', attempt: 'a1' },
      { kind: 'request', attempt: 'a1' },
    ]);
    expect(notes).toContainEqual({
      kind: 'log',
      attempt: 'a1',
      command_id: 'c1',
      level: 'info',
      message: 'signing in with [redacted]',
    });
  });

  test('answers a deadline itself, and its thread lives on', async () => {
    const { pool, notes, run } = await startPool('silent');
    const [thread] = pool.threads;
    const outcome = await run(aTask({ remaining_ms: 2000 }));
    expect(outcome).toMatchObject({ ok: false, failure: { code: 'timeout' } });
    expect(pidsOf(notes, 'started').map(stateOf)).toEqual([undefined]);
    expect(pool.threads).toEqual([thread]);
  });

  test('ends the process of an idle thread, which leaves no defunct entry', async () => {
    const { notes, run } = await startPool('answers', 300);
    await run(aTask());
    await waitUntil(
      () => pidsOf(notes, 'ended').length === 1,
      10_000,
      () => 'the end of the process',
    );
    expect(pidsOf(notes, 'started').map(stateOf)).toEqual([undefined]);
    expect(await run(aTask())).toMatchObject({ ok: true });
  });

  test('ends its process when it is told to, before the pool is destroyed', async () => {
    const { pool, notes, order, run } = await startPool('answers');
    await run(aTask());
    order({ kind: 'release' });
    await waitUntil(
      () => pidsOf(notes, 'ended').length === 1,
      10_000,
      () => 'the end of the process',
    );
    await pool.destroy();
    expect(pidsOf(notes, 'started').map(stateOf)).toEqual([undefined]);
  });

  test('ends its process during a task when it is told to close', async () => {
    const { notes, order, run } = await startPool('silent');
    const outcome = run(aTask());
    await waitUntil(
      () => notes.some(({ kind }) => kind === 'request'),
      10_000,
      () => 'the task to be sent',
    );
    order({ kind: 'close' });
    expect(await outcome).toMatchObject({ ok: false, failure: { code: 'interrupted' } });
  });

  test('leaves no running process when its thread is ended by force', async () => {
    const { pool, notes, run } = await startPool('silent');
    const lost = run(aTask());
    await waitUntil(
      () => notes.some(({ kind }) => kind === 'request'),
      10_000,
      () => 'the task to be sent',
    );
    const ended = expect(lost).rejects.toThrow();
    await pool.destroy();
    await ended;
    const [pid = 0] = pidsOf(notes, 'started');
    const states = [undefined, 'Z'];
    await waitUntil(
      () => states.includes(stateOf(pid)),
      10_000,
      () => 'the end of the process',
    );
  });
});
