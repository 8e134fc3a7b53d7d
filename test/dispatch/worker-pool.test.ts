import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { v7 as uuidv7 } from 'uuid';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/daemon/clock.js';
import { startWorkerPool } from '../../src/dispatch/worker-pool.js';
import type { Task } from '../../src/vehicle/task.js';
import type { ThreadNote } from '../../src/vehicle/thread-note.js';
import { listProcesses } from '../support/processes.js';
import { onTeardown } from '../support/teardown.js';
import { waitUntil } from '../support/wait.js';

const grace_ms = 30_000;

function startStuckPool() {
  const notes: ThreadNote[] = [];
  const terminated: Task[] = [];
  const pool = startWorkerPool({
    clock: systemClock,
    entry: fileURLToPath(new URL('../support/threads/stuck.mjs', import.meta.url)),
    backend: {},
    isReserved: () => true,
    maxThreads: 1,
    idle_ms: 60_000,
    grace_ms,
    onNote: (note) => notes.push(note),
    onTerminated: (task) => terminated.push(task),
  });
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= pool.stop());
  onTeardown(stop);
  return { pool, notes, terminated, stop };
}

function aTask(more: Partial<Task> = {}): Task {
  return {
    account: 'home',
    attempt: 'attempt-1',
    operation: 'force',
    vehicle: 'car-1',
    // Past its deadline by more than the grace already: the last resort comes at once.
    remaining_ms: 200 - grace_ms,
    session: null,
    ...more,
  };
}

function startedBy(notes: readonly ThreadNote[]): number[] {
  return notes.flatMap((note) =>
    note.kind === 'process' && note.event === 'started' ? [note.pid] : [],
  );
}

function isRunning(pid: number): boolean {
  return listProcesses().some((one) => one.pid === pid && one.state !== 'Z');
}

describe('a thread that does not keep its deadline', () => {
  test('is terminated, told of, and answered for as unknown', async () => {
    const { pool, terminated } = startStuckPool();
    const task = aTask();
    const outcome = await pool.run(task);
    expect(outcome).toMatchObject({
      ok: false,
      failure: { code: 'timeout', retryable: true, outcome: 'unknown' },
    });
    expect(terminated).toEqual([task]);
  });

  test('leaves no process that runs or counts, and the stop waits for none', async () => {
    const { pool, notes, stop } = startStuckPool();
    await waitUntil(
      () => startedBy(notes).length === 1,
      10_000,
      () => 'the first process',
    );
    const [first = 0] = startedBy(notes);
    expect(isRunning(first)).toBe(true);
    await pool.run(aTask());
    await waitUntil(
      () => !isRunning(first),
      10_000,
      () => 'the process of the terminated thread to end',
    );
    await waitUntil(
      () => startedBy(notes).length === 2 && pool.figures().processes === 1,
      10_000,
      () => `one process, that of the new thread; there are ${String(pool.figures().processes)}`,
    );
    // Far sooner than the grace, or this test is over before.
    await stop();
    expect(pool.figures().processes).toBe(0);
    expect(startedBy(notes).filter(isRunning)).toEqual([]);
  });
});

/** A pool of threads that keep their deadlines; a task of the car `held` ends when the gate is opened. */
function startWillingPool(options: { idle_ms?: number; reserved?: () => boolean } = {}) {
  const notes: ThreadNote[] = [];
  const gate = uuidv7();
  const pool = startWorkerPool({
    clock: systemClock,
    entry: fileURLToPath(new URL('../support/threads/willing.mjs', import.meta.url)),
    backend: { gate },
    isReserved: options.reserved ?? (() => false),
    maxThreads: 3,
    idle_ms: options.idle_ms ?? 60_000,
    grace_ms,
    onNote: (note) => notes.push(note),
    onTerminated: () => undefined,
  });
  onTeardown(() => pool.stop());
  const channel = new BroadcastChannel(gate);
  channel.unref();
  return {
    pool,
    processes: () => startedBy(notes),
    /** Answers when a task that was held is done. */
    open: async (held: Promise<unknown>): Promise<void> => {
      let isDone = false;
      void held.finally(() => (isDone = true));
      // Whoever has not begun to wait hears nothing.
      await waitUntil(
        () => {
          channel.postMessage('open');
          return isDone;
        },
        10_000,
        () => 'the task that was held',
      );
    },
    settled: (threads: number): Promise<void> =>
      waitUntil(
        () => pool.figures().threads === threads && pool.figures().processes === threads,
        10_000,
        () => `${String(threads)} threads: ${JSON.stringify(pool.figures())}`,
      ),
  };
}

const willing = aTask({ operation: 'cached', remaining_ms: 60_000 });
const held: Task = { ...willing, vehicle: 'held' };
const answered = { ok: false, failure: { code: 'unavailable' } };

describe('an account without a thread of its own', () => {
  test('has none until there is a task, and none again after the idle time', async () => {
    const { pool, processes, settled } = startWillingPool({ idle_ms: 200 });
    pool.release();
    expect(pool.endIdle(1)).toBe(0);
    expect(pool.figures()).toEqual({ threads: 0, busy: 0, processes: 0 });
    for (const tasks of [1, 2]) {
      await expect(pool.run(willing)).resolves.toMatchObject(answered);
      expect(processes()).toHaveLength(tasks);
      await settled(0);
      expect(pool.threads()).toEqual({ all: 0, idle: 0 });
    }
    expect(processes().filter(isRunning)).toEqual([]);
    expect(pool.fault).toBeUndefined();
    await pool.stop();
  });

  test('gives a thread without a task away, and goes on with the one that has', async () => {
    const { pool, processes, open, settled } = startWillingPool();
    const long = pool.run(held);
    await pool.run(willing);
    await pool.run(willing);
    await settled(2);
    expect(pool.threads()).toEqual({ all: 2, idle: 1 });
    expect(pool.endIdle(2)).toBe(1);
    expect(pool.threads()).toEqual({ all: 1, idle: 0 });
    await settled(1);
    expect(processes().filter(isRunning)).toHaveLength(1);
    await open(long);
    await expect(long).resolves.toMatchObject(answered);
    expect(pool.figures()).toMatchObject({ threads: 1, busy: 0 });
    expect(pool.fault).toBeUndefined();
  });

  test('runs a task that comes while its thread is being ended', async () => {
    const { pool, settled } = startWillingPool();
    await pool.run(willing);
    await settled(1);
    expect(pool.endIdle(1)).toBe(1);
    await expect(pool.run(willing)).resolves.toMatchObject(answered);
    await settled(1);
    expect(pool.fault).toBeUndefined();
  });

  test('has given away the one that it had as soon as that has no task', async () => {
    let reserved = true;
    const { pool, open, settled } = startWillingPool({ reserved: () => reserved });
    await settled(1);
    const long = pool.run(held);
    reserved = false;
    expect(pool.endIdle(1)).toBe(0);
    await open(long);
    expect(pool.endIdle(1)).toBe(1);
    await settled(0);
    await expect(pool.run(willing)).resolves.toMatchObject(answered);
    await settled(1);
  });

  test('takes no task once it was stopped', async () => {
    const { pool } = startWillingPool();
    await pool.stop();
    await expect(pool.run(willing)).resolves.toMatchObject({
      failure: { code: 'interrupted', sent: false },
    });
    expect(pool.figures().threads).toBe(0);
  });
});
