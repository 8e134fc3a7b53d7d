import { randomBytes } from 'node:crypto';
import { jetstreamManager } from '@nats-io/jetstream';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { connectNats } from '../../src/nats/connect.js';
import { createCipher } from '../../src/store/cipher.js';
import { prepareStream } from '../../src/store/nats-stream.js';
import { StoreError, type DiskWatcher, type Store } from '../../src/store/store.js';
import { createLogger } from '../../src/daemon/logger.js';
import { KnownSecrets } from '../../src/daemon/redaction.js';
import { Cuttable } from '../support/cuttable.js';
import { hasNats } from '../support/nats.js';
import { onTeardown } from '../support/teardown.js';
import { cipher, fleet, key, Partitions } from './nats-partitions.js';

describe.skipIf(!hasNats)('a store on NATS', () => {
  let partitions: Partitions;
  beforeAll(async () => {
    partitions = await Partitions.start();
  });

  const stateOf = async (partition: string) => {
    const manager = await jetstreamManager(partitions.connection);
    const subject = `${fleet}.store.${partition}`;
    const info = await manager.streams.info(`${fleet}_store`, { subjects_filter: subject });
    return { manager, count: info.state.subjects?.[subject] ?? 0, bytes: info.state.bytes };
  };

  describe('that somebody else opens', () => {
    test('can write nothing from then on, not even what waits, and says so once', async () => {
      const partition = partitions.newName();
      const told: string[] = [];
      const onDeposed = (error: StoreError): void => void told.push(error.message);
      const first = await partitions.open(partition, { onDeposed });
      await first.put('kept', 1);
      const second = await partitions.open(partition);
      first.later([{ type: 'put', key: 'lazy', value: 'late' }]);
      const late = [1, 2, 3].map((number) => first.putIf(`late/${number}`, 'late', 0));
      for (const result of await Promise.allSettled([...late, first.put('kept', 'late')])) {
        expect(result.status).toBe('rejected');
      }
      await expect(first.put('kept', 'late')).rejects.toThrow(/^deposed/);
      await expect(first.put('kept', 'late')).rejects.toThrow(StoreError);
      await first.close();
      expect(told).toHaveLength(1);
      await second.put('other', 2);
      const third = await partitions.open(partition);
      for (const store of [second, third])
        expect(await contentOf(store)).toEqual({ kept: 1, other: 2 });
    });

    test('leaves one history, in which every acknowledged write is', async () => {
      const turn = fc.array(fc.record({ opens: fc.boolean(), who: fc.nat(1) }), { maxLength: 15 });
      await fc.assert(
        fc.asyncProperty(turn, async (turns) => {
          const partition = partitions.newName();
          const acknowledged: number[] = [];
          const stores = [await partitions.open(partition), await partitions.open(partition)];
          let written = 0;
          const act = async ({ opens, who }: { opens: boolean; who: number }): Promise<void> => {
            if (opens) stores[who] = await partitions.open(partition);
            const number = (written += 1);
            const keys = [`own/${number}`, 'newest'];
            try {
              const value = { number, who };
              await stores[who]?.batch(keys.map((key) => ({ type: 'put', key, value })));
              acknowledged.push(number);
            } catch (error) {
              expect(error).toBeInstanceOf(StoreError);
            }
          };
          // Two at a time race for it.
          for (let place = 0; place < turns.length; place += 2)
            await Promise.all(turns.slice(place, place + 2).map(act));
          const last = await partitions.open(partition);
          const held = (await last.list('own/')).map(({ key }) => Number(key.slice(4)));
          expect(held.sort(byNumber)).toEqual(acknowledged.sort(byNumber));
        }),
        { numRuns: 15 },
      );
    });

    test('is opened by the last of many at once', async () => {
      const partition = partitions.newName();
      const stores = await Promise.all([1, 2, 3, 4].map(() => partitions.open(partition)));
      const results = await Promise.allSettled(stores.map((store, who) => store.put('who', who)));
      const winners = results.flatMap(({ status }, who) => (status === 'fulfilled' ? [who] : []));
      expect(winners).toHaveLength(1);
      expect(await contentOf(await partitions.open(partition))).toEqual({ who: winners[0] });
    });
  });

  describe('in the log', () => {
    test('takes no more room for 5,000 overwrites, nor for what comes and goes', async () => {
      const partition = partitions.newName();
      const store = await partitions.open(partition, { lag_ms: 0 });
      await store.batch(['a', 'b', 'c'].map((one) => ({ type: 'put', key: one, value: one })));
      const work = async (lane: number): Promise<void> => {
        for (let round = 0; round < 500; round += 1) {
          await store.put(`same/${lane}`, { round, text: 'x'.repeat(200) });
          if (round % 5 === 0) await store.put(`passing/${lane}/${round}`, round);
          if (round % 5 === 1)
            await store.batch([{ type: 'del', key: `passing/${lane}/${round - 1}` }]);
        }
      };
      await Promise.all(Array.from({ length: 10 }, (_, lane) => work(lane)));
      await expect
        .poll(async () => (await stateOf(partition)).count, { timeout: 10_000 })
        .toBeLessThan(150);
      const again = await partitions.open(partition);
      expect((await again.list('')).map((entry) => entry.key)).toEqual([
        ...['a', 'b', 'c'],
        ...Array.from({ length: 10 }, (_, lane) => `same/${lane}`),
      ]);
    });

    test('copies what is alive out of mostly dead messages, with its revision', async () => {
      const partition = partitions.newName();
      const store = await partitions.open(partition, { lag_ms: 0 });
      const text = 'x'.repeat(1000);
      for (let round = 0; round < 100; round += 1) {
        const keys = [`stays/${100 + round}`, 'a', 'b', 'c'];
        await store.batch(keys.map((one) => ({ type: 'put', key: one, value: { round, text } })));
      }
      const before = await store.list('stays/');
      expect(before).toHaveLength(100);
      await expect
        .poll(async () => (await stateOf(partition)).count, { timeout: 10_000 })
        .toBeLessThan(80);
      expect(await store.list('stays/')).toEqual(before);
      expect(await (await partitions.open(partition)).list('stays/')).toEqual(before);
    });

    test('is after any steps, and any opening, what a map would be', async () => {
      const step = fc.record({
        key: fc.constantFrom('a', 'b', 'c'),
        does: fc.constantFrom('put', 'del', 'open', 'later'),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          const partition = partitions.newName();
          const model = new Map<string, unknown>();
          let store = await partitions.open(partition, { lag_ms: 0 });
          for (const [number, { key: one, does }] of steps.entries()) {
            if (does === 'put') await store.put(one, number);
            if (does === 'later') store.later([{ type: 'put', key: one, value: number }]);
            if (does === 'del') await store.batch([{ type: 'del', key: one }]);
            if (does === 'del') model.delete(one);
            else if (does !== 'open') model.set(one, number);
            if (does !== 'open') continue;
            await store.close();
            store = await partitions.open(partition, { lag_ms: 0 });
            expect(await contentOf(store)).toEqual(Object.fromEntries(model));
          }
        }),
        { numRuns: 20 },
      );
    });

    test('is nothing to read for who has not the key, and nobody is deposed by them', async () => {
      const partition = partitions.newName();
      const store = await partitions.open(partition);
      const vin = 'KMHXX00XXXX000001';
      await store.put(`account/home/reading/${vin}`, { token: 'a very secret token' });
      const { manager } = await stateOf(partition);
      const query = { last_by_subj: `${fleet}.store.${partition}` };
      const last = await manager.streams.getMessage(`${fleet}_store`, query);
      const headers = [...(last?.header ?? [])].flat(2);
      const raw = [last?.string() ?? '', ...headers].flatMap((text) => text.split('.'));
      const read = raw.flatMap((text) => [text, Buffer.from(text, 'base64url').toString('latin1')]);
      expect(read.length).toBeGreaterThan(10);
      for (const text of read) expect(text).not.toMatch(/KMHXX|secret|reading/);
      const wrong = createCipher({ current: randomBytes(32) });
      await expect(partitions.open(partition, { cipher: wrong })).rejects.toThrow(
        /sealed with another key/,
      );
      await store.put('still', 'mine');
      const next = createCipher({ current: randomBytes(32), previous: key });
      expect(await contentOf(await partitions.open(partition, { cipher: next }))).toMatchObject({
        still: 'mine',
      });
    });

    test('is left alone when a newer release wrote it', async () => {
      const partition = partitions.newName();
      const store = await partitions.open(partition);
      await store.put('a', 1);
      const { manager, count } = await stateOf(partition);
      const subject = `${fleet}.store.${partition}`;
      const stream = `${fleet}_store`;
      const last = await manager.streams.getMessage(stream, { last_by_subj: subject });
      if (last === null) throw new Error('nothing is stored');
      const headers = last.header;
      headers.set('Store-Schema', '99');
      for (const name of headers.keys()) if (name.startsWith('Nats-')) headers.delete(name);
      await manager.jetstream().publish(subject, last.data, { headers });
      await expect(partitions.open(partition)).rejects.toThrow(/newer release \(schema 99, this/);
      expect((await stateOf(partition)).count).toBeGreaterThanOrEqual(count);
    });

    test('takes a list of keys that is longer than headers may be', async () => {
      const partition = partitions.newName();
      const store = await partitions.open(partition);
      const keys = Array.from({ length: 800 }, (_, number) => `${'k'.repeat(60)}/${1000 + number}`);
      await store.batch(keys.map((one) => ({ type: 'put', key: one, value: one })));
      const again = await partitions.open(partition);
      expect((await again.list('')).map((entry) => entry.key)).toEqual(keys);
    });

    test('refuses a batch that fits in no message, with the sizes, and takes the next', async () => {
      const store = await partitions.open(partitions.newName());
      const large = store.put('large', 'x'.repeat(1_000_000));
      await expect(large).rejects.toThrow(
        /a batch of 10000\d+ bytes is larger .*: \d+ \(max_payload 1048576\)/,
      );
      await Promise.all([1, 2, 3].map((number) => store.put(`${number}`, 'x'.repeat(600_000))));
      expect(await store.list('')).toHaveLength(3);
    });
  });
});

describe.skipIf(!hasNats)('a store on a NATS that fails', () => {
  test('has every acknowledged write when the server is killed, again and again, under way', async () => {
    const partitions = await Partitions.start();
    const partition = partitions.newName();
    const store = await partitions.open(partition);
    const acknowledged: string[] = [];
    let isOver = false;
    const writing = async (lane: number): Promise<void> => {
      for (let number = 0; !isOver; number += 1) {
        const name = `own/${lane}/${number}`;
        // A condition holds once only: a write that was done twice would be refused.
        if (await store.putIf(name, name, 0).catch(() => false)) acknowledged.push(name);
      }
    };
    const lanes = Promise.all([1, 2, 3].map(writing));
    for (let round = 0; round < 3; round += 1) {
      const known = acknowledged.length;
      await partitions.nats.kill();
      await partitions.nats.start();
      await expect.poll(() => acknowledged.length, { timeout: 15_000 }).toBeGreaterThan(known + 5);
    }
    isOver = true;
    await lanes;
    const held = new Set(
      (await (await partitions.open(partition)).list('own/')).map((entry) => entry.key),
    );
    expect(acknowledged.filter((name) => !held.has(name))).toEqual([]);
  });

  test('stores once what it has stored without an answer, in order', async () => {
    const partitions = await Partitions.start();
    const line = await Cuttable.before(partitions.nats.port);
    const log = createLogger({ level: 'error', format: 'json', secrets: new KnownSecrets() });
    const servers = [`nats://127.0.0.1:${line.port}`];
    const connection = await connectNats({ servers, name: 'cut', tls: {} }, log);
    onTeardown(() => connection.close());
    const partition = partitions.newName();
    const store = await partitions.open(partition, { connection });
    const cuts = { left: 6 };
    const cutting = (async (): Promise<void> => {
      for (; cuts.left > 0; cuts.left -= 1) {
        await new Promise((resolve) => setTimeout(resolve, 150 + 40 * cuts.left));
        line.cut();
      }
    })();
    let count = 0;
    for (; cuts.left > 0; count += 1) {
      const held = await store.get('count');
      expect(held?.value ?? 0).toBe(count);
      expect(await store.putIf('count', count + 1, held?.revision ?? 0)).toBe(true);
    }
    await cutting;
    expect((await (await partitions.open(partition)).get('count'))?.value).toBe(count);
  });

  test('rejects while nobody answers, resolves what was in doubt, and goes on', async () => {
    const partitions = await Partitions.start();
    const partition = partitions.newName();
    const store = await partitions.open(partition, { patience_ms: 500 });
    const told: string[] = [];
    const watcher: DiskWatcher = {
      wrote: () => void told.push('wrote'),
      failed: () => void told.push('failed'),
      reopened: () => void told.push('reopened'),
    };
    store.watch?.(watcher);
    await store.put('before', 1);
    partitions.nats.pause();
    onTeardown(() => {
      partitions.nats.resume();
    });
    const doubtful = Promise.allSettled([store.put('doubtful', 1), store.putIf('lost', 1, 0)]);
    store.later([{ type: 'put', key: 'lazy', value: 1 }]);
    for (const result of await doubtful) {
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(StoreError) as Error });
    }
    partitions.nats.resume();
    await expect
      .poll(
        () =>
          store.put('after', 1).then(
            () => 'stored',
            () => 'not',
          ),
        { timeout: 15_000 },
      )
      .toBe('stored');
    // Taking back what may have happened is what the journal does.
    await store.batch([{ type: 'del', key: 'doubtful' }]);
    expect(told.slice(0, 2)).toEqual(['wrote', 'failed']);
    expect(told).toContain('reopened');
    const held = await contentOf(await partitions.open(partition));
    expect(held).toEqual({ after: 1, before: 1, lazy: 1 });
  });

  test('says what is missing: JetStream, or an answer', async () => {
    const partitions = await Partitions.start();
    await expect(
      prepareStream(partitions.connection, { name: 'other', replicas: 3 }),
    ).rejects.toThrow(/the stream other_store cannot be prepared: .*replicas/);
    await prepareStream(partitions.connection, { name: fleet, replicas: 1 });
    await expect(
      partitions.open(partitions.newName(), { name: 'nothing', cipher }),
    ).rejects.toThrow(StoreError);
  });
});

async function contentOf(store: Store): Promise<Record<string, unknown>> {
  const held = await store.list('');
  return Object.fromEntries(held.map((entry) => [entry.key, entry.value]));
}

function byNumber(one: number, other: number): number {
  return one - other;
}
