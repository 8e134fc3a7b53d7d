import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { ThreadWatch } from '../../src/dispatch/thread-watch.js';
import { familyOf } from '../support/processes.js';
import { waitUntil } from '../support/wait.js';

function aWatch() {
  let now = 0;
  const watch = new ThreadWatch({ monotonic: () => now });
  return {
    watch,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

/** A thread in a call that nothing in this process can end; it ends by itself when the program in it does. */
async function aHangingThread(): Promise<Worker> {
  const source = `require('node:child_process').execFileSync('sleep', ['2.125']);`;
  const thread = new Worker(source, { eval: true });
  await waitUntil(
    () => familyOf(process.pid).some(({ command }) => command.includes('2.125')),
    10_000,
    () => 'the program in the thread',
  );
  return thread;
}

describe('the threads of a pool', () => {
  test('turn while what is handed to them comes back', () => {
    const { watch } = aWatch();
    watch.gaveUp();
    watch.gaveUp();
    watch.returned();
    watch.gaveUp();
    watch.gaveUp();
    expect(watch.fault).toBeUndefined();
    watch.gaveUp();
    expect(watch.fault).toBe('the last 3 calls did not come back from the worker threads');
    watch.returned();
    expect(watch.fault).toBeUndefined();
  });

  test('do not turn while one stays that was told to leave', async () => {
    const { watch, pass } = aWatch();
    const thread = await aHangingThread();
    watch.has([thread]);
    const exit = once(thread, 'exit');
    void thread.terminate();
    watch.has([]);
    pass(29_000);
    expect(watch.fault).toBeUndefined();
    pass(16_000);
    expect(watch.fault).toBe('a worker thread cannot be ended: told to 45 s ago');
    await exit;
    expect(watch.fault).toBeUndefined();
  });

  test('may stay as long as the pool has them', async () => {
    const { watch, pass } = aWatch();
    const thread = new Worker('setInterval(() => undefined, 1000)', { eval: true });
    watch.has([thread]);
    pass(3_600_000);
    expect(watch.fault).toBeUndefined();
    await thread.terminate();
  });
});
