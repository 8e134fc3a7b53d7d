import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/daemon/clock.js';
import { createJournal } from '../../src/store/journal.js';
import { openLevelStore } from '../../src/store/level-store.js';
import { tempDir } from '../support/temp-dir.js';
import { aBook, aCommand } from './a-book.js';

const hour = 3_600_000;

async function aStore() {
  const store = await openLevelStore(await tempDir());
  onTestFinished(() => store.close());
  return store;
}

test('what another release wrote in another shape keeps nobody from starting', async () => {
  const store = await aStore();
  const { book, journal } = aBook(store, systemClock);
  await book.accept(aCommand(systemClock, { id: 'mine' }));
  for (const key of ['journal/a', 'journal/zz', 'outbox/a']) {
    await store.put(`account/home/${key}`, { shape: 'another' });
  }
  await store.put('account/home/open/zz', 'zz');
  const { open, parcels } = await journal.recover(systemClock.now(), hour);
  expect(open.map(({ id }) => id)).toEqual(['mine']);
  expect(parcels).toHaveLength(1);
  await expect(journal.find('zz')).resolves.toBeUndefined();
  await expect(journal.newestAt()).resolves.toBe(0);
  await journal.prune(systemClock.now() + hour);
  await expect(journal.recover(systemClock.now(), hour)).resolves.toMatchObject({
    open: [{ id: 'mine' }],
  });
});

test('more than a page of them is found again, and pruned', async () => {
  const store = await aStore();
  const { book, journal, said } = aBook(store, systemClock);
  const opened = await Promise.all(
    Array.from({ length: 1100 }, (_, index) =>
      book.accept(aCommand(systemClock, { id: `command-${String(index)}` })),
    ),
  );
  for (const one of opened) if (one !== undefined) book.end(one, 'succeeded', {});
  await book.stop(20_000);
  expect(said).toHaveLength(2200);
  const recovered = await journal.recover(systemClock.now(), hour);
  expect([recovered.open.length, recovered.remembered.length]).toEqual([0, 1100]);
  // One in another shape, which stays, does not hold up the rest.
  await store.put('account/home/journal/0', { shape: 'another' });
  const recordKeys = async () => (await store.list('account/home/journal/')).length;
  await journal.prune(systemClock.now() - hour);
  expect(await recordKeys()).toBe(1101);
  await journal.prune(systemClock.now() + hour);
  expect(await recordKeys()).toBe(1);
});

test('two accounts do not see each other', async () => {
  const store = await aStore();
  const { book } = aBook(store, systemClock);
  await book.accept(aCommand(systemClock));
  const other = createJournal(store, 'account/homes/');
  await expect(other.recover(systemClock.now(), hour)).resolves.toEqual({
    ...{ open: [], remembered: [], parcels: [] },
  });
});
