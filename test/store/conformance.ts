import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  StoreError,
  type Entry,
  type ListOptions,
  type Store,
  type Write,
} from '../../src/store/store.js';
import { onTeardown } from '../support/teardown.js';

export interface Engine {
  /** Opens what is kept at this place, or a new store. */
  open(place: string): Promise<Store>;
  newPlace(): Promise<string>;
}

/** What every engine behind `Store` has to keep to. */
export function describeStore(name: string, engine: Engine): void {
  const fresh = async (): Promise<Store> => {
    const store = await engine.open(await engine.newPlace());
    onTeardown(() => store.close());
    return store;
  };

  describe(`${name}: single values`, () => {
    test('are kept as they are, with a revision that grows with each write', async () => {
      const store = await fresh();
      const value = { text: 'äöü "quoted" \n 🚗', list: [1, null, true], nested: { empty: {} } };
      await store.put('key', value);
      const first = await store.get('key');
      expect(first).toMatchObject({ key: 'key', value });
      await store.put('key', 2);
      const second = await store.get('key');
      expect(second?.value).toBe(2);
      expect(second?.revision).toBeGreaterThan(first?.revision ?? Infinity);
      expect(await store.get('no such key')).toBeUndefined();
    });

    test('are gone when they are deleted, and may come again', async () => {
      const store = await fresh();
      await store.put('key', 1);
      await store.batch([{ type: 'del', key: 'key' }]);
      expect(await store.get('key')).toBeUndefined();
      await store.batch([{ type: 'del', key: 'key' }]);
      expect(await store.putIf('key', 2, 0)).toBe(true);
      expect((await store.get('key'))?.value).toBe(2);
    });

    test('may be large', async () => {
      const store = await fresh();
      const values = ['x', 'y'].map((letter) => letter.repeat(100_000));
      await Promise.all(values.map((value, number) => store.put(`large/${number}`, value)));
      await store.put('small', 1);
      const held = await store.list('large/');
      expect(held.map((entry) => entry.value)).toEqual(values);
    });

    test('have keys of any characters', async () => {
      const store = await fresh();
      const keys = [
        'a b',
        'a.b.>',
        'a*',
        'a\'"',
        'a\n\t\0',
        'a\\',
        '$JS',
        '__proto__',
        '🚗'.repeat(50),
      ];
      await store.batch(keys.map((key) => put(key)));
      for (const key of keys) expect((await store.get(key))?.value).toBe(key);
      expect(keysOf(await store.list('a')).sort()).toEqual(keys.slice(0, 6).sort());
      await store.batch(keys.map((key) => ({ type: 'del', key })));
      expect(await store.list('')).toEqual([]);
    });

    test('survive the close, the revision too', async () => {
      const place = await engine.newPlace();
      const first = await engine.open(place);
      await first.put('key', 'kept');
      const before = await first.get('key');
      first.later([{ type: 'put', key: 'lazy', value: 'kept too' }]);
      await first.close();
      const second = await engine.open(place);
      onTeardown(() => second.close());
      expect(await second.get('key')).toEqual(before);
      expect((await second.get('lazy'))?.value).toBe('kept too');
      expect(await second.putIf('key', 'newer', before?.revision ?? -1)).toBe(true);
    });
  });

  describe(`${name}: writes under a condition`, () => {
    test('happen only on the revision that was read', async () => {
      const store = await fresh();
      expect(await store.putIf('key', 'made', 0)).toBe(true);
      expect(await store.putIf('key', 'made again', 0)).toBe(false);
      const read = await store.get('key');
      await store.put('key', 'changed');
      expect(await store.putIf('key', 'too late', read?.revision ?? -1)).toBe(false);
      expect((await store.get('key'))?.value).toBe('changed');
      expect(await store.putIf('other', 'not there', 7)).toBe(false);
      expect(await store.get('other')).toBeUndefined();
    });

    test('let one of many win', async () => {
      const store = await fresh();
      const wrote = await Promise.all(
        Array.from({ length: 20 }, (_, number) => store.putIf('key', number, 0)),
      );
      expect(wrote.filter(Boolean)).toHaveLength(1);
      expect((await store.get('key'))?.value).toBe(wrote.indexOf(true));
    });

    test('count without losing one, however many count at once', async () => {
      const store = await fresh();
      const countOne = async (): Promise<void> => {
        for (;;) {
          const held = await store.get('count');
          const count = typeof held?.value === 'number' ? held.value : 0;
          if (await store.putIf('count', count + 1, held?.revision ?? 0)) return;
        }
      };
      const counter = async (): Promise<void> => {
        for (let count = 0; count < 10; count += 1) await countOne();
      };
      await Promise.all([counter(), counter(), counter(), counter()]);
      expect((await store.get('count'))?.value).toBe(40);
    });

    test('see every write that was asked for before them', async () => {
      const store = await fresh();
      const results = await Promise.all([
        store.put('key', 'first'),
        store.putIf('key', 'second', 0),
        store.batch([{ type: 'del', key: 'key' }]),
        store.putIf('key', 'third', 0),
      ]);
      expect(results).toEqual([undefined, false, undefined, true]);
    });
  });

  describe(`${name}: many writes at once`, () => {
    test('all arrive, and of one key the last', async () => {
      const store = await fresh();
      const keys = Array.from({ length: 300 }, (_, number) => `key/${String(number)}`);
      await Promise.all(keys.map((key, number) => store.put(key, number)));
      for (const [number, key] of keys.entries())
        expect((await store.get(key))?.value).toBe(number);
      await Promise.all(keys.map((_, number) => store.put('same', number)));
      expect((await store.get('same'))?.value).toBe(keys.length - 1);
    });

    test('that touch the same keys are each a whole, in their order', async () => {
      const store = await fresh();
      const keys = ['a', 'b', 'c', 'd'];
      await Promise.all(
        Array.from({ length: 50 }, (_, number) => {
          const own = keys.slice(number % 2, (number % 2) + 3);
          return store.batch(own.map((key) => ({ type: 'put', key, value: number })));
        }),
      );
      const held = await store.list('');
      expect(held.map(({ key, value }) => [key, value])).toEqual([
        ['a', 48],
        ['b', 49],
        ['c', 49],
        ['d', 49],
      ]);
    });

    test('of one key in one batch leave the last', async () => {
      const store = await fresh();
      await store.batch([
        { type: 'put', key: 'kept', value: 1 },
        { type: 'del', key: 'kept' },
        { type: 'put', key: 'kept', value: 2 },
        { type: 'put', key: 'gone', value: 1 },
        { type: 'del', key: 'gone' },
      ]);
      expect((await store.list('')).map(({ key, value }) => [key, value])).toEqual([['kept', 2]]);
    });

    test('under way are on the disk when the store is closed, and none comes after that', async () => {
      const place = await engine.newPlace();
      const first = await engine.open(place);
      const written = Promise.all([1, 2, 3].map((number) => first.put(`key/${number}`, number)));
      await first.close();
      await written;
      await expect(first.put('key/4', 4)).rejects.toThrow(StoreError);
      await expect(first.get('key/1')).rejects.toThrow(StoreError);
      await expect(first.list('')).rejects.toThrow(StoreError);
      const second = await engine.open(place);
      onTeardown(() => second.close());
      expect(keysOf(await second.list(''))).toEqual(['key/1', 'key/2', 'key/3']);
    });

    test('may meet reads', async () => {
      const store = await fresh();
      const keys = Array.from({ length: 20 }, (_, number) => `key/${number + 10}`);
      await store.batch(keys.map((key) => put(key)));
      let isOver = false;
      const writing = async (): Promise<void> => {
        for (let round = 0; round < 30; round += 1) await store.batch(keys.map((key) => put(key)));
        isOver = true;
      };
      const reading = async (): Promise<void> => {
        while (!isOver) {
          const held = await store.list('key/');
          expect(held.map(({ key, value }) => [key, value])).toEqual(keys.map((key) => [key, key]));
        }
      };
      await Promise.all([writing(), reading(), reading()]);
    });

    test('what is lazy comes with the next batch, or by itself', async () => {
      const store = await fresh();
      store.later([{ type: 'put', key: 'lazy', value: 1 }]);
      await store.put('other', 1);
      expect((await store.get('lazy'))?.value).toBe(1);
      store.later([{ type: 'del', key: 'lazy' }]);
      await expect.poll(() => store.get('lazy'), { timeout: 5_000 }).toBeUndefined();
    });
  });

  describe(`${name}: lists`, () => {
    test('are in the order of their keys, a page at a time, from either end', async () => {
      const store = await fresh();
      const keys = ['a', 'b', 'c', 'd', 'e'].map((letter) => `list/${letter}`);
      await store.batch(
        ['lisp', ...keys.toReversed(), 'list', 'list0', 'lisu'].map((key) => put(key)),
      );
      expect(keysOf(await store.list('list/'))).toEqual(keys);
      expect(await pages(store, 'list/', { limit: 2 })).toEqual([
        ['list/a', 'list/b'],
        ['list/c', 'list/d'],
        ['list/e'],
      ]);
      expect(await pages(store, 'list/', { limit: 2, newestFirst: true })).toEqual([
        ['list/e', 'list/d'],
        ['list/c', 'list/b'],
        ['list/a'],
      ]);
      expect(await store.list('list/', { after: 'list/e' })).toEqual([]);
      expect(await store.list('nothing/')).toEqual([]);
      expect(keysOf(await store.list('list/', { after: 'list/bb' }))).toEqual(keys.slice(2));
    });

    test('hold every key that begins so, whatever it is written in, and nothing of the engine', async () => {
      const store = await fresh();
      const keys = ['list/', 'list/ä', 'list/\uffff', 'list/🚗'];
      await store.batch([...keys, 'list0'].map((key) => put(key)));
      expect(keysOf(await store.list('list/')).sort()).toEqual([...keys].sort());
      expect(keysOf(await store.list('')).sort()).toEqual([...keys, 'list0'].sort());
    });
  });

  test(`${name}: any sequence of writes leaves what a plain map would hold`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const store = await engine.open(await engine.newPlace());
        try {
          await expectLikeMap(store, steps);
        } finally {
          await store.close();
        }
      }),
      { numRuns: 25 },
    );
  });
}

const key = fc.constantFrom('a', 'a/1', 'a/2', 'b', 'b/1');
const write: fc.Arbitrary<Write> = fc.oneof(
  fc.record({ type: fc.constant('put' as const), key, value: fc.jsonValue() }),
  fc.record({ type: fc.constant('del' as const), key }),
);
const step = fc.record({ writes: fc.array(write, { maxLength: 5 }), isLazy: fc.boolean() });

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function expectLikeMap(store: Store, steps: readonly Step[]): Promise<void> {
  const model = new Map<string, unknown>();
  for (const { writes, isLazy } of steps) {
    if (isLazy) store.later(writes);
    else await store.batch(writes);
    for (const one of writes) {
      if (one.type === 'del') model.delete(one.key);
      else model.set(one.key, JSON.parse(JSON.stringify(one.value)));
    }
  }
  await store.batch([]);
  const expected = [...model].sort(([one], [other]) => (one < other ? -1 : 1));
  const held = await store.list('');
  expect(held.map((entry) => [entry.key, entry.value])).toEqual(expected);
}

function put(key: string): Write {
  return { type: 'put', key, value: key };
}

function keysOf(entries: readonly Entry[]): string[] {
  return entries.map((entry) => entry.key);
}

async function pages(store: Store, prefix: string, options: ListOptions): Promise<string[][]> {
  const all: string[][] = [];
  for (let after: string | undefined; ; after = all.at(-1)?.at(-1)) {
    const page = await store.list(prefix, {
      ...options,
      ...(after === undefined ? {} : { after }),
    });
    if (page.length === 0) return all;
    all.push(keysOf(page));
  }
}
