import { fileURLToPath } from 'node:url';
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
