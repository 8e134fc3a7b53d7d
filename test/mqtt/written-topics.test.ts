import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBridgeStore } from '../../src/store/bridge-store.js';
import { WrittenTopics } from '../../src/mqtt/written-topics.js';
import { MemoryStore } from '../dispatch/memory-store.js';

async function writtenIn(store: MemoryStore): Promise<WrittenTopics> {
  const stored = createBridgeStore(store);
  const record = { add: stored.addWrittenTopic, delete: stored.deleteWrittenTopic };
  return new WrittenTopics(record, await stored.writtenTopics());
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the next start knows every topic of before, whatever became of it in which order', async () => {
  const step = fc.tuple(fc.constantFrom('add', 'delete'), fc.constantFrom('a/b', 'a/c', 'a'));
  await fc.assert(
    fc.asyncProperty(fc.array(step), async (steps) => {
      const store = new MemoryStore();
      const written = await writtenIn(store);
      const model = new Set<string>();
      for (const [deed, topic] of steps) {
        if (deed === 'add') written.add(topic, () => undefined);
        else written.delete(topic);
        if (deed === 'add') model.add(topic);
        else model.delete(topic);
      }
      await turn();
      const next = await writtenIn(store);
      expect([...next.all].sort()).toEqual([...model].sort());
    }),
    { numRuns: 200 },
  );
});

test('a topic is kept when it is on the disk, and one of an earlier run at once', async () => {
  const store = new MemoryStore();
  store.mode = 'hangs';
  const written = await writtenIn(store);
  const kept: string[] = [];
  written.add('new', () => kept.push('new'));
  await turn();
  expect([written.isKept('new'), kept, written.all]).toEqual([false, [], ['new']]);
  store.goOn();
  await turn();
  expect([written.isKept('new'), kept]).toEqual([true, ['new']]);
  expect((await writtenIn(store)).isKept('new')).toBe(true);
});
