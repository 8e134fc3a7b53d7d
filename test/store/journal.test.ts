import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createJournal } from '../../src/store/journal.js';
import { openLevelStore } from '../../src/store/level-store.js';
import { StoreError, type Store } from '../../src/store/store.js';
import type { JournalRecord } from '../../src/vehicle/journal-record.js';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import { canMount, smallDisk } from '../support/crash-disk.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';

const noon = Date.parse('2026-11-22T12:00:00Z');
const hour_ms = 3_600_000;
const prefix = 'account/home/';

describe('a journal on the real store', () => {
  test('finds after a crash what was accepted, with the event that has not been delivered', async () => {
    const { place, journal } = await setting();
    const record = aRecord({ id: 'morning' });
    const parcel = journal.parcel(messages(record.event));
    await journal.accept(record, parcel, [{ type: 'put', key: 'mqtt/packet/7', value: 'entry' }]);

    const { store, journal: after } = await setting(await imageOf(place));
    const recovered = await after.recover(noon, hour_ms);
    expect(recovered).toEqual({ open: [record], remembered: [], parcels: [parcel] });
    expect(await after.find(record.key)).toEqual(record);
    expect((await store.get('mqtt/packet/7'))?.value).toBe('entry');
  });

  test('finds after a crash that a wake had left, and once it has ended only that', async () => {
    const { place, journal } = await setting();
    const record = aRecord({ id: 'morning' });
    await journal.accept(record, journal.parcel(messages(record.event)), []);
    await journal.update([{ ...record, started: true }]);
    const { journal: between } = await setting(await imageOf(place));
    expect((await between.recover(noon, hour_ms)).open).toEqual([{ ...record, started: true }]);

    const ended = anEnded(record, noon);
    const parcel = journal.parcel(messages(ended.event));
    await journal.end(ended, parcel, [{ type: 'put', key: 'also', value: 1 }]);
    const { store, journal: after } = await setting(await imageOf(place));
    const recovered = await after.recover(noon, hour_ms);
    expect(recovered).toMatchObject({ open: [], remembered: [ended] });
    expect(recovered.parcels).toHaveLength(2);
    expect(recovered.parcels.at(-1)).toEqual(parcel);
    expect((await store.get('also'))?.value).toBe(1);
  });

  test('forgets an event once it is delivered, and keeps the order of the others', async () => {
    const { journal, again } = await setting();
    const parcels = Array.from({ length: 30 }, (_, number) => {
      const record = aRecord({ id: `command-${String(number)}` });
      return { record, parcel: journal.parcel(messages(record.event)) };
    });
    await Promise.all(parcels.map(({ record, parcel }) => journal.accept(record, parcel, [])));
    for (const { parcel } of parcels.slice(0, 10)) journal.delivered(parcel);
    const after = await again();
    const recovered = await after.recover(noon, hour_ms);
    expect(recovered.parcels).toEqual(parcels.slice(10).map(({ parcel }) => parcel));
    expect(recovered.open.map(({ id }) => id)).toEqual(parcels.map(({ record }) => record.id));
  });

  test('keeps nothing of what was undone', async () => {
    const { store, journal } = await setting();
    const record = aRecord({ id: 'morning' });
    const parcel = journal.parcel(messages(record.event));
    await journal.accept(record, parcel, []);
    await journal.undo(record, parcel);
    await journal.undo(record, parcel);
    expect(await store.list(prefix)).toEqual([]);
  });

  test('remembers the endings of the last hour, over many pages, and no older ones', async () => {
    const { store, journal } = await setting();
    const young = Array.from({ length: 1_100 }, (_, number) =>
      anEnded(aRecord({ id: `young-${String(number)}` }), noon - number),
    );
    const old = anEnded(
      aRecord({ id: 'old', received_at: noon - 3 * hour_ms }),
      noon - 2 * hour_ms,
    );
    await store.batch([
      putRecord(old, '0000'),
      ...young.map((record) => putRecord(record, record.key)),
    ]);
    const { remembered } = await journal.recover(noon, hour_ms);
    expect(new Set(remembered.map(({ id }) => id))).toEqual(new Set(young.map(({ id }) => id)));
  });

  test('keeps apart what belongs to accounts whose names begin alike', async () => {
    const { store, journal } = await setting();
    const other = createJournal(store, 'account/home2/');
    const mine = aRecord({ id: 'mine' });
    const theirs = aRecord({ id: 'theirs', received_at: noon + 1 });
    await journal.accept(mine, journal.parcel(messages(mine.event)), []);
    await other.accept(theirs, other.parcel(messages(theirs.event)), []);
    expect((await journal.recover(noon, hour_ms)).open).toEqual([mine]);
    expect((await other.recover(noon, hour_ms)).open).toEqual([theirs]);
    expect(await journal.newestAt()).toBe(noon);
    expect(await createJournal(store, 'account/hom').newestAt()).toBe(0);
  });

  test('prunes what ended long ago, however much it is, and nothing that is open or young', async () => {
    const { store, journal } = await setting();
    const long = noon - 100 * hour_ms;
    const open = aRecord({ id: 'open', received_at: long });
    const ended = Array.from({ length: 1_100 }, (_, number) =>
      anEnded(aRecord({ id: `ended-${String(number)}`, received_at: long }), long),
    );
    const young = anEnded(aRecord({ id: 'young' }), noon);
    // The open one stands before all that have ended.
    await store.batch([open, ...ended, young].map((record) => putRecord(record, record.key)));
    await journal.prune(noon - hour_ms);
    const left = (await store.list(prefix)).map(({ value }) => (value as JournalRecord).id);
    expect(left).toEqual(['open', 'young']);
  });

  test('is read in pages, newest first, and a record of an earlier release as well', async () => {
    const { store, journal } = await setting();
    const { steps: _, ...old } = aRecord({ id: 'old' });
    const others = ['a', 'b', 'c'].map((id) => aRecord({ id }));
    const writes = [old, ...others].map((record) => putRecord(record as JournalRecord, record.key));
    await store.batch([...writes, { type: 'put', key: `${prefix}journal/z`, value: 'another' }]);
    const ids: string[][] = [];
    let before: string | undefined;
    do {
      const page = await journal.page(2, before);
      ids.push(page.records.map(({ id }) => id));
      before = page.next;
    } while (before !== undefined);
    expect(ids).toEqual([['c'], ['b', 'a'], ['old']]);
    expect(await journal.find(old.key)).toEqual({ ...old, steps: [] });
  });

  test('survives a hundred commands that come, leave and end at once', async () => {
    const { journal, again } = await setting();
    const lives = Array.from({ length: 100 }, async (_, number) => {
      const record = aRecord({ id: `command-${String(number)}` });
      await journal.accept(record, journal.parcel(messages(record.event)), []);
      if (number % 2 === 0) await journal.update([{ ...record, started: true }]);
      if (number % 4 !== 0) return record;
      const ended = anEnded(record, noon);
      await journal.end(ended, journal.parcel(messages(ended.event)), []);
      return ended;
    });
    const records = await Promise.all(lives);
    const { open, remembered } = await (await again()).recover(noon, hour_ms);
    expect(open).toHaveLength(75);
    expect(open.filter((record) => record.started)).toHaveLength(25);
    expect(new Set(remembered.map(({ id }) => id))).toEqual(
      new Set(records.flatMap(({ id, ended_at }) => (ended_at === undefined ? [] : [id]))),
    );
  });
});

test.skipIf(!canMount)(
  'a journal on a full disk says so, and goes on when there is room',
  async () => {
    const disk = smallDisk();
    const { journal, again } = await setting(join(disk.folder, 'store'));
    const taken = aRecord({ id: 'taken' });
    await journal.accept(taken, journal.parcel(messages(taken.event)), []);
    disk.fill();
    const refused = aRecord({ id: 'refused', request: 'x'.repeat(5_000) });
    const parcel = journal.parcel(messages(refused.event));
    await expect(journal.accept(refused, parcel, [])).rejects.toThrow(StoreError);
    await expect(journal.end(anEnded(taken, noon), parcel, [])).rejects.toThrow(StoreError);
    disk.makeRoom();
    await journal.undo(refused, parcel);
    const ended = anEnded(taken, noon);
    await journal.end(ended, journal.parcel(messages(ended.event)), []);
    const { open, remembered } = await (await again()).recover(noon, hour_ms);
    expect({ open, remembered }).toEqual({ open: [], remembered: [ended] });
  },
);

async function setting(place?: string) {
  const folder = place ?? join(await tempDir(), 'store');
  const store = await openLevelStore(folder);
  onTeardown(() => store.close());
  return {
    place: folder,
    store,
    journal: createJournal(store, prefix),
    /** The same journal after a clean end. */
    again: async () => {
      await store.close();
      const reopened = await openLevelStore(folder);
      onTeardown(() => reopened.close());
      return createJournal(reopened, prefix);
    },
  };
}

/** What another process would find if this one were killed now. */
async function imageOf(place: string): Promise<string> {
  const image = join(await tempDir(), 'store');
  await cp(place, image, { recursive: true });
  return image;
}

let keys = 0;

function aRecord(own: Partial<JournalRecord> & { readonly id: string }): JournalRecord {
  const key = String((keys += 1)).padStart(8, '0');
  return {
    key,
    vehicle: 'car-1',
    command: 'refresh',
    request: { name: 'refresh', mode: 'force', override: false },
    fingerprint: 'a fingerprint',
    received_at: noon,
    deadline: noon + 300_000,
    started: false,
    boot: 1,
    seq: 1,
    event: anEvent(own.id, 1, 'accepted'),
    steps: [],
    ...own,
  };
}

function anEnded(record: JournalRecord, ended_at: number): JournalRecord {
  return { ...record, seq: 3, ended_at, event: anEvent(record.id, 3, 'succeeded') };
}

function anEvent(id: string, seq: number, status: LifeCycleEvent['status']): LifeCycleEvent {
  const at = new Date(noon).toISOString();
  return { schema: 1, id, seq, vehicle: 'ioniq5', command: 'refresh', value: 'force', status, at };
}

function messages(event: LifeCycleEvent) {
  return [{ topic: 'bluelink/ioniq5/result', payload: JSON.stringify(event) }];
}

function putRecord(record: JournalRecord, key: string): Parameters<Store['batch']>[0][number] {
  return { type: 'put', key: `${prefix}journal/${key}`, value: record };
}
