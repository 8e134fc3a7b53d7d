import { expect, test, vi } from 'vitest';
import { openLevelStore } from '../../src/store/level-store.js';
import { Refusals } from '../../src/store/refusals.js';
import type { StoredRefusal } from '../../src/vehicle/audit-entry.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';

const noon = Date.parse('2026-11-22T12:00:00Z');
const source = { via: 'mqtt', topic: 'bluelink/car/commands/lock', client: 'kitchen' } as const;

function aRefusal(id: string, at = noon): Omit<StoredRefusal, 'key'> {
  return {
    account: 'home',
    source,
    event: {
      ...{ schema: 1, id, seq: 0, vehicle: 'car', command: 'lock', value: 'unlock' },
      ...{ status: 'rejected', at: new Date(at).toISOString(), code: 'not_allowed' },
    },
  };
}

async function setting() {
  const folder = await tempDir();
  const open = async () => {
    const store = await openLevelStore(folder);
    onTeardown(() => store.close());
    return { store, refusals: await Refusals.open(store) };
  };
  const first = await open();
  /** What the next start finds. */
  const again = async () => {
    first.refusals.flush();
    await first.store.close();
    return open();
  };
  return { ...first, again };
}

const ids = (refusals: Refusals): string[] => refusals.newestFirst.map(({ event }) => event.id);

test('a refusal is known at once, and after a restart with all that was known of it', async () => {
  const { refusals, again } = await setting();
  refusals.note(aRefusal('one'));
  refusals.note(aRefusal('two'));
  expect(ids(refusals)).toEqual(['two', 'one']);
  const after = await again();
  expect(after.refusals.newestFirst).toMatchObject([aRefusal('two'), aRefusal('one')]);
});

test('only the newest thousand are kept, in memory and in the store', async () => {
  const { store, refusals, again } = await setting();
  for (let number = 0; number < 1_030; number += 1) {
    refusals.note(aRefusal(`refusal-${String(number)}`));
    if (number % 10 === 9) refusals.flush();
  }
  expect(ids(refusals)).toHaveLength(1000);
  await store.batch([]);
  expect(await store.list('refusal/')).toHaveLength(1000);
  const after = await again();
  expect(ids(after.refusals)).toEqual(ids(refusals));
  expect(ids(after.refusals).slice(-1)).toEqual(['refusal-30']);
  after.refusals.note(aRefusal('another'));
  after.refusals.flush();
  await after.store.batch([]);
  const held = (await after.store.list('refusal/')).map(({ value }) => value as StoredRefusal);
  expect(held).toHaveLength(1000);
  expect(held.map(({ event }) => event.id)).not.toContain('refusal-30');
});

test('a flood is written once a second, and of it only the newest', async () => {
  vi.useFakeTimers();
  onTeardown(() => {
    vi.useRealTimers();
  });
  const { store, refusals } = await setting();
  const later = vi.spyOn(store, 'later');
  for (let number = 0; number < 5_000; number += 1) {
    refusals.note(aRefusal(`refusal-${String(number)}`));
    // Five seconds of them.
    vi.advanceTimersByTime(1);
  }
  vi.advanceTimersByTime(1000);
  expect(later.mock.calls.length).toBeLessThanOrEqual(6);
  const written = later.mock.calls.flatMap(([writes]) => writes);
  expect(written.length).toBeLessThanOrEqual(6 * 20);
  expect(written.at(-1)).toMatchObject({ value: { event: { id: 'refusal-4999' } } });
});

test('what is older than the audit log is kept goes, and what cannot be read', async () => {
  const { store, refusals, again } = await setting();
  await store.put('refusal/500', 'in another shape');
  refusals.note(aRefusal('old', noon - 2));
  refusals.note(aRefusal('young'));
  refusals.flush();
  await store.batch([]);
  await refusals.prune(noon - 1);
  expect(ids(refusals)).toEqual(['young']);
  const after = await again();
  expect(ids(after.refusals)).toEqual(['young']);
  expect(await after.store.list('refusal/')).toHaveLength(1);
});
