import { threadId } from 'node:worker_threads';
import { describe, expect, test, vi } from 'vitest';
import { sharedMonotonic } from '../../src/daemon/clock.js';
import type { BackendNotes, VehicleBackend } from '../../src/backends/contract.js';
import type { Outcome, Task } from '../../src/vehicle/task.js';
import type { ThreadNote } from '../../src/vehicle/thread-note.js';
import { CommandThread } from '../../src/worker/command-thread.js';
import { onTeardown } from '../support/teardown.js';

const listed: Outcome = { ok: true, result: { operation: 'sign_in', vehicles: [] }, requests: 0 };

function aTask(more: Partial<Task> = {}): Task {
  return {
    account: 'home',
    attempt: 'attempt-1',
    operation: 'sign_in',
    remaining_ms: 1000,
    session: null,
    ...more,
  };
}

class FakeBackend implements VehicleBackend {
  readonly notes: BackendNotes;
  readonly run = vi.fn<VehicleBackend['run']>(() => Promise.resolve(listed));
  readonly close = vi.fn(() => Promise.resolve());

  constructor(notes: BackendNotes) {
    this.notes = notes;
  }
}

function startThread(prepare: (backend: FakeBackend) => void = () => undefined) {
  const backends: FakeBackend[] = [];
  const notes: ThreadNote[] = [];
  const thread = CommandThread.start({
    createBackend: (told) => {
      const backend = new FakeBackend(told);
      backends.push(backend);
      prepare(backend);
      return backend;
    },
    post: (note) => notes.push(note),
    idle_ms: 10_000,
  });
  return { thread, backends, notes };
}

describe('a thread', () => {
  test('makes its backend before the first task, and keeps it', async () => {
    const { thread, backends } = startThread();
    expect(backends).toHaveLength(1);
    expect(await thread.run(aTask())).toEqual(listed);
    expect(await thread.run(aTask())).toEqual(listed);
    expect(backends).toHaveLength(1);
  });

  test('refuses what is no task, and names the field', async () => {
    const { thread, backends } = startThread();
    const outcome = await thread.run({ ...aTask(), remaining_ms: 'soon' });
    expect(outcome).toMatchObject({ ok: false, failure: { code: 'internal' } });
    expect(outcome).toHaveProperty('failure.message', expect.stringContaining('remaining_ms'));
    expect(backends[0]?.run).not.toHaveBeenCalled();
  });

  test('turns what a backend throws into data', async () => {
    const { thread } = startThread((backend) => {
      backend.run.mockRejectedValue(new TypeError('x is not a function'));
    });
    expect(await thread.run(aTask())).toEqual({
      ok: false,
      failure: { code: 'internal', message: 'x is not a function', retryable: false },
      requests: 0,
    });
  });

  test('answers why its backend cannot be made', async () => {
    const { thread } = startThread(() => {
      throw new Error('no such backend');
    });
    expect(await thread.run(aTask())).toHaveProperty('failure.message', 'no such backend');
  });

  test('tells notes with the task they belong to', async () => {
    const { thread, notes } = startThread((backend) => {
      backend.run.mockImplementation(() => {
        backend.notes.request();
        backend.notes.log({ level: 'info', message: 'hi' });
        return Promise.resolve(listed);
      });
      backend.notes.process('started', 42);
    });
    await thread.run(aTask({ attempt: 'a7', command_id: 'c7' }));
    expect(notes).toEqual([
      { kind: 'process', event: 'started', pid: 42, thread: threadId },
      { kind: 'request', attempt: 'a7' },
      { kind: 'log', attempt: 'a7', command_id: 'c7', level: 'info', message: 'hi' },
    ]);
  });

  test('tells a log line between tasks with no task', async () => {
    const { thread, notes, backends } = startThread();
    await thread.run(aTask());
    backends[0]?.notes.log({ level: 'warn', message: 'gone' });
    expect(notes).toEqual([{ kind: 'log', level: 'warn', message: 'gone' }]);
  });
});

describe('an idle thread', () => {
  test('closes its backend after the idle time, and makes another for the next task', async () => {
    vi.useFakeTimers();
    onTeardown(() => void vi.useRealTimers());
    const { thread, backends } = startThread();
    await thread.run(aTask());
    await vi.advanceTimersByTimeAsync(9_999);
    expect(backends[0]?.close).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(backends[0]?.close).toHaveBeenCalledOnce();
    await thread.run(aTask());
    expect(backends).toHaveLength(2);
  });

  test('closes its backend when told to release', async () => {
    const { thread, backends } = startThread();
    await thread.obey({ kind: 'release' });
    expect(backends[0]?.close).toHaveBeenCalledOnce();
  });

  test('starts a task only when the closed backend is gone', async () => {
    const order: string[] = [];
    const { thread } = startThread((backend) => {
      backend.run.mockImplementation(() => {
        order.push('run');
        return Promise.resolve(listed);
      });
      backend.close.mockImplementation(async () => {
        await Promise.resolve();
        order.push('closed');
      });
    });
    const released = thread.obey({ kind: 'release' });
    await Promise.all([released, thread.run(aTask())]);
    expect(order).toEqual(['closed', 'run']);
  });
});

describe('a task that waited for its thread', () => {
  const lock = {
    operation: 'command',
    vehicle: 'car-1',
    action: { name: 'lock', value: 'lock' },
    remaining_ms: 60_000,
    send_within_ms: 30_000,
  } as const;

  test('has so much less time', async () => {
    const { thread, backends } = startThread();
    await thread.run(aTask({ ...lock, handed_over_at: sharedMonotonic() - 10_000 }));
    const [task] = backends[0]?.run.mock.calls[0] ?? [];
    expect(task?.remaining_ms).toBeLessThanOrEqual(50_000);
    expect(task?.send_within_ms).toBeLessThanOrEqual(20_000);
    expect(task).not.toHaveProperty('handed_over_at');
  });

  test('is not sent when it was too long', async () => {
    const { thread, backends } = startThread();
    const late = aTask({ ...lock, handed_over_at: sharedMonotonic() - 30_000 });
    expect(await thread.run(late)).toMatchObject({
      ok: false,
      failure: { code: 'timeout', sent: false },
      requests: 0,
    });
    expect(backends[0]?.run).not.toHaveBeenCalled();
  });
});

describe('a thread at work', () => {
  function startBusyThread() {
    let finish: (outcome: Outcome) => void = () => undefined;
    const started = startThread((backend) => {
      backend.run.mockReturnValue(new Promise((resolve) => (finish = resolve)));
    });
    return {
      ...started,
      outcome: started.thread.run(aTask()),
      finish: () => {
        finish(listed);
      },
    };
  }

  test('is not disturbed by a release', async () => {
    const { thread, backends, outcome, finish } = startBusyThread();
    await thread.obey({ kind: 'release' });
    expect(backends[0]?.close).not.toHaveBeenCalled();
    finish();
    expect(await outcome).toEqual(listed);
  });

  test('closes its backend when told to close', async () => {
    const { thread, backends, finish, outcome } = startBusyThread();
    await thread.obey({ kind: 'close' });
    expect(backends[0]?.close).toHaveBeenCalledOnce();
    finish();
    await outcome;
  });
});
