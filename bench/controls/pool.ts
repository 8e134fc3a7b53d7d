import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { onTeardown } from '../../test/support/teardown.js';
import { timed } from '../statistics.js';

/** A round trip to a thread and back with nothing to carry and nothing to do, in a pool such as the bridge's. */
export function startPool(): () => Promise<number> {
  const pool = new Piscina({
    filename: fileURLToPath(new URL('empty-task.mjs', import.meta.url)),
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: 1,
    atomics: 'disabled',
    recordTiming: false,
  });
  onTeardown(() => pool.destroy());
  return () => timed(() => pool.run(undefined));
}
