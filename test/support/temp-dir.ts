import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTeardown } from './teardown.js';

/** A new folder of mode 0700 that is removed with all it holds when the test is over. */
export async function tempDir(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bluelink2mqtt-'));
  onTeardown(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}
