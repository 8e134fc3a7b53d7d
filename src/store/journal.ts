import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import {
  journalRecordSchema,
  outgoingSchema,
  type JournalRecord,
  type Outgoing,
  type Parcel,
} from '../vehicle/journal-record.js';
import type { Entry, Store, Write } from './store.js';

const parcelSchema = z.array(outgoingSchema);

/** What a start finds: commands without an ending, ids that are still remembered, events not yet acknowledged. */
export interface Recovered {
  readonly open: JournalRecord[];
  readonly remembered: JournalRecord[];
  readonly parcels: Parcel[];
}

export interface JournalPage {
  readonly records: readonly JournalRecord[];
  /** The key behind which it goes on; undefined at the end. */
  readonly next: string | undefined;
}

/** The journal of one account, or of the bridge: its keys begin with `prefix`. */
export function createJournal(store: Store, prefix: string) {
  const keys = {
    record: (key: string) => `${prefix}journal/${key}`,
    open: (key: string) => `${prefix}open/${key}`,
    parcel: (key: string) => `${prefix}outbox/${key}`,
  };

  const put = (parcel: Parcel): Write => ({
    type: 'put',
    key: parcel.key,
    value: parcel.messages,
  });

  return {
    newKey: (): string => uuidv7(),

    /** Parcels keep the order in which they were made. */
    parcel: (messages: readonly Outgoing[]): Parcel => ({ key: keys.parcel(uuidv7()), messages }),

    /** Resolves when command and `accepted` are on the disk; `also` goes into the same batch. */
    async accept(record: JournalRecord, parcel: Parcel, also: readonly Write[]): Promise<void> {
      await store.batch([
        { type: 'put', key: keys.record(record.key), value: record },
        { type: 'put', key: keys.open(record.key), value: record.id },
        put(parcel),
        ...also,
      ]);
    },

    /** Takes back what `accept` may have written although it was reported as not stored. */
    async undo(record: JournalRecord, parcel: Parcel): Promise<void> {
      await store.batch([
        { type: 'del', key: keys.record(record.key) },
        { type: 'del', key: keys.open(record.key) },
        { type: 'del', key: parcel.key },
      ]);
    },

    /** Resolves when what has changed in these open records is on the disk. */
    async update(records: readonly JournalRecord[], also: readonly Write[] = []): Promise<void> {
      const writes = records.map((record) => ({
        type: 'put' as const,
        key: keys.record(record.key),
        value: record,
      }));
      await store.batch([...writes, ...also]);
    },

    /** Resolves when the ending is on the disk, together with what it changed. */
    async end(record: JournalRecord, parcel: Parcel, also: readonly Write[]): Promise<void> {
      await store.batch([
        { type: 'put', key: keys.record(record.key), value: record },
        { type: 'del', key: keys.open(record.key) },
        put(parcel),
        ...also,
      ]);
    },

    /** The broker has acknowledged all of the parcel. Losing this in a crash only publishes it once more. */
    delivered(parcel: Parcel): void {
      store.later([{ type: 'del', key: parcel.key }]);
    },

    async recover(now: number, remember_ms: number): Promise<Recovered> {
      const openKeys = (await store.list(keys.open(''))).map((entry) =>
        entry.key.slice(keys.open('').length),
      );
      const found = await Promise.all(openKeys.map((key) => store.get(keys.record(key))));
      const open = recordsOf(found.filter((entry) => entry !== undefined));
      const recent = await recentRecords(store, keys.record(''), now - remember_ms);
      const remembered = recent.filter((record) => (record.ended_at ?? 0) > now - remember_ms);
      const parcels = (await store.list(keys.parcel(''))).flatMap(({ key, value }) => {
        const messages = parcelSchema.safeParse(value);
        return messages.success ? [{ key, messages: messages.data }] : [];
      });
      return { open, remembered, parcels };
    },

    /** Newest first, from behind this key on; some may be left out because they cannot be read. */
    async page(limit: number, before?: string): Promise<JournalPage> {
      const entries = await store.list(keys.record(''), {
        limit,
        newestFirst: true,
        ...(before === undefined ? {} : { after: keys.record(before) }),
      });
      const last = entries.at(-1)?.key.slice(keys.record('').length);
      return { records: recordsOf(entries), next: entries.length < limit ? undefined : last };
    },

    async find(key: string): Promise<JournalRecord | undefined> {
      const entry = await store.get(keys.record(key));
      return entry === undefined ? undefined : recordsOf([entry])[0];
    },

    /** Epoch milliseconds of the newest entry, or 0. */
    async newestAt(): Promise<number> {
      const [newest] = await store.list(keys.record(''), { limit: 1, newestFirst: true });
      return newest === undefined ? 0 : (recordsOf([newest])[0]?.received_at ?? 0);
    },

    /** Deletes ended records received before then, a page at a time. */
    async prune(before: number): Promise<void> {
      let after: string | undefined;
      for (;;) {
        const page = await store.list(keys.record(''), {
          limit: pageSize,
          ...(after === undefined ? {} : { after }),
        });
        const old = page.filter((entry) => recordsOf([entry]).some((one) => isOver(one, before)));
        if (old.length > 0) await store.batch(old.map(({ key }) => ({ type: 'del', key })));
        if (page.length < pageSize || old.length === 0) return;
        after = page.at(-1)?.key;
      }
    },
  };
}

const pageSize = 500;

/** An ending lies at most an expiry (one hour) and a call behind the command's arrival. */
const longestLife_ms = 2 * 3_600_000;

async function recentRecords(
  store: Store,
  prefix: string,
  since: number,
): Promise<JournalRecord[]> {
  const records: JournalRecord[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await store.list(prefix, {
      limit: pageSize,
      newestFirst: true,
      ...(after === undefined ? {} : { after }),
    });
    const found = recordsOf(page);
    const young = found.filter((record) => record.received_at > since - longestLife_ms);
    records.push(...young);
    if (page.length < pageSize || young.length < found.length) return records;
    after = page.at(-1)?.key;
  }
}

/** What another release wrote in another shape is left out: one such record must not keep the daemon from starting. */
function recordsOf(entries: readonly Entry[]): JournalRecord[] {
  return entries.flatMap(({ value }) => {
    const record = journalRecordSchema.safeParse(value);
    return record.success ? [record.data] : [];
  });
}

function isOver(record: JournalRecord, before: number): boolean {
  return record.ended_at !== undefined && record.received_at < before;
}
