import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLevelStore } from '../../src/store/level-store.js';
import { StoreError, type DiskWatcher } from '../../src/store/store.js';
import { canMount, smallDisk } from '../support/crash-disk.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';

async function watched(folder: string) {
  const store = await openLevelStore(join(folder, 'store'));
  onTeardown(() => store.close());
  const told: string[] = [];
  const durations_ms: number[] = [];
  const watcher: DiskWatcher = {
    wrote: (duration_ms) => {
      told.push('wrote');
      durations_ms.push(duration_ms);
    },
    failed: () => void told.push('failed'),
    reopened: () => void told.push('reopened'),
  };
  store.watch?.(watcher);
  return { store, told, durations_ms };
}

test('each batch that reaches the disk is told with how long it took, not each write', async () => {
  const { store, told, durations_ms } = await watched(await tempDir());
  await store.put('one', 1);
  await Promise.all([store.put('two', 2), store.put('three', 3)]);
  expect(told).toEqual(['wrote', 'wrote']);
  for (const duration_ms of durations_ms) expect(duration_ms).toBeGreaterThan(0);
});

test('a condition that does not hold any more is no failure of the disk', async () => {
  const { store, told } = await watched(await tempDir());
  expect(await store.putIf('one', 1, 99)).toBe(false);
  expect(told).toEqual([]);
});

describe.skipIf(!canMount)('a full disk', () => {
  test('is told, and that the store was opened again', async () => {
    const disk = smallDisk();
    const { store, told } = await watched(disk.folder);
    disk.fill();
    await expect(store.put('one', 'x'.repeat(100_000))).rejects.toThrow(StoreError);
    expect(told).toEqual(['failed']);
    disk.makeRoom();
    await store.put('two', 2);
    expect(told).toEqual(['failed', 'reopened', 'wrote']);
  });
});
