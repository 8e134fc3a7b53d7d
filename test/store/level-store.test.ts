import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { describe, expect, test } from 'vitest';
import { openLevelStore } from '../../src/store/level-store.js';
import { StoreError, type Store, type Write } from '../../src/store/store.js';
import { canMount, smallDisk } from '../support/crash-disk.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';
import { describeStore } from './conformance.js';

describeStore('LevelDB', { open: openLevelStore, newPlace });

/** The names of the things are longer than a page of the disk, so that a full one is full at once. */
const filler = 'x'.repeat(5_000);

describe('a store that dies', () => {
  test('has on the disk whatever it had reported as written', async () => {
    const place = await newPlace();
    const store = await opened(place);
    await store.batch([put('one', 1), put('two', 2)]);
    expect(await store.putIf('three', 3, 0)).toBe(true);
    const after = await opened(await imageOf(place));
    expect((await after.list('')).map(({ key, value }) => [key, value])).toEqual([
      ['one', 1],
      ['three', 3],
      ['two', 2],
    ]);
  });

  test('has each batch as a whole or not at all', async () => {
    const place = await newPlace();
    const store = await opened(place);
    const keys = Array.from({ length: 50 }, (_, number) => `key/${String(number)}`);
    const images: Promise<string>[] = [];
    for (let round = 0; round < 20; round += 1) {
      const written = store.batch(keys.map((key) => put(key, round)));
      images.push(imageOf(place));
      await written;
    }
    for (const image of await Promise.all(images)) {
      const held = await (await opened(image)).list('key/');
      expect([0, keys.length]).toContain(held.length);
      expect(new Set(held.map((entry) => entry.value)).size).toBeLessThanOrEqual(1);
    }
  });

  test('counts its revisions on', async () => {
    const place = await newPlace();
    const store = await opened(place);
    await store.put('key', 1);
    const before = await store.get('key');
    const after = await opened(await imageOf(place));
    await after.put('key', 2);
    expect((await after.get('key'))?.revision).toBeGreaterThan(before?.revision ?? Infinity);
  });
});

describe('a store on LevelDB', () => {
  test('lets the loop turn while it writes', async () => {
    const store = await opened(await newPlace());
    const order: string[] = [];
    const written = store.put('key', filler).then(() => order.push('written'));
    setImmediate(() => order.push('turn'));
    await written;
    expect(order).toEqual(['turn', 'written']);
  });

  test('refuses what a newer release has written, and leaves it alone', async () => {
    const place = await newPlace();
    await (await openLevelStore(place)).close();
    const raw = new ClassicLevel(place);
    await raw.put('!schema', '99');
    await raw.close();
    await expect(openLevelStore(place)).rejects.toThrow(/newer release \(schema 99/);
    await raw.open();
    expect(await raw.get('!schema')).toBe('99');
    await raw.close();
  });

  test('says that a folder is in use, and which', async () => {
    const place = await newPlace();
    await opened(place);
    const second = openLevelStore(place);
    await expect(second).rejects.toThrow(StoreError);
    await expect(second).rejects.toThrow(`${place} cannot be opened: another process has it open`);
  });

  test('refuses writes when it is closed', async () => {
    const store = await openLevelStore(await newPlace());
    await store.close();
    await expect(store.put('key', 1)).rejects.toThrow(StoreError);
    await expect(store.get('key')).rejects.toThrow(StoreError);
  });
});

describe.skipIf(!canMount)('a store on a full disk', () => {
  test('reports what it cannot write, and loses nothing it took before, between and afterwards', async () => {
    const disk = smallDisk();
    const place = join(disk.folder, 'store');
    const store = await openLevelStore(place);
    const kept: string[] = [];
    const keep = async (key: string): Promise<void> => {
      await store.put(key, filler);
      kept.push(key);
    };
    await keep('before');
    for (const round of ['first', 'second']) {
      disk.fill();
      for (const number of [1, 2, 3]) {
        await expect(store.put(`${round}/full/${String(number)}`, filler)).rejects.toThrow(
          StoreError,
        );
      }
      disk.makeRoom();
      for (const number of [1, 2, 3]) await keep(`${round}/room/${String(number)}`);
    }
    const image = await imageOf(place);
    await store.close();
    for (const folder of [image, place]) {
      const again = await openLevelStore(folder);
      for (const key of kept) expect((await again.get(key))?.value, key).toBe(filler);
      await again.close();
    }
  });

  test('opens there once there is room, and says until then that it cannot', async () => {
    const disk = smallDisk();
    const place = join(disk.folder, 'store');
    disk.fill();
    await expect(openLevelStore(place)).rejects.toThrow(StoreError);
    disk.makeRoom();
    const store = await openLevelStore(place);
    await store.put('key', 1);
    await store.close();
  });
});

async function newPlace(): Promise<string> {
  return join(await tempDir(), 'store');
}

async function opened(place: string): Promise<Store> {
  const store = await openLevelStore(place);
  onTeardown(() => store.close());
  return store;
}

/** What another process would find if this one were killed now. */
async function imageOf(place: string): Promise<string> {
  const image = await newPlace();
  await cp(place, image, { recursive: true });
  return image;
}

function put(key: string, value: unknown): Write {
  return { type: 'put', key, value };
}
