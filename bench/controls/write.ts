import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { openLevelStore } from '../../src/store/level-store.js';
import { onTeardown } from '../../test/support/teardown.js';
import { tempDir } from '../../test/support/temp-dir.js';
import { timed } from '../statistics.js';

/** One value in the store, awaited until it is on the disk. Of the size of a journal's record. */
export async function startWrites(): Promise<() => Promise<number>> {
  const store = await openLevelStore(join(await tempDir(), 'store'));
  onTeardown(() => store.close());
  const value = 'x'.repeat(700);
  return () => timed(() => store.put(uuidv7(), value));
}
