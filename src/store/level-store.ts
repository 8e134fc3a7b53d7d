import { ClassicLevel } from 'classic-level';
import { z } from 'zod';
import { isSystemError } from '../daemon/system-error.js';
import {
  StoreError,
  type DiskWatcher,
  type Entry,
  type ListOptions,
  type Store,
  type Write,
} from './store.js';

/** The store's own entries sort before all others and appear in no list. */
const behindOwnKeys = '"';
const sequenceKey = '!sequence';
const schemaKey = '!schema';
const schemaNumber = 1;
const lazyFlush_ms = 1000;

const storedSchema = z.object({ revision: z.number(), value: z.unknown() });

interface Pending {
  readonly writes: readonly Write[];
  /** The write happens only if `key` still has this revision. */
  readonly condition?: { readonly key: string; readonly revision: number };
  readonly done: (wrote: boolean) => void;
  readonly failed: (error: StoreError) => void;
}

type Condition = { readonly is: 'open' } | { readonly is: 'broken' } | { readonly is: 'closed' };

/**
 * The embedded store on LevelDB, asynchronous and crash-safe. Writes that come together are one synced batch.
 * After a failed write the database is closed and opened again before the next one: without that LevelDB goes on
 * and acknowledged writes can be missing at the next start.
 * @throws StoreError when the folder cannot be opened or was written by a newer release.
 */
export async function openLevelStore(location: string): Promise<Store> {
  const store = new LevelStore(location);
  await store.open();
  return store;
}

class LevelStore implements Store {
  readonly #db: ClassicLevel;
  #condition: Condition = { is: 'closed' };
  #sequence = 0;
  #queue: Pending[] = [];
  #lazy: Write[] = [];
  #lazyTimer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #watcher: DiskWatcher | undefined;

  constructor(location: string) {
    this.#db = new ClassicLevel(location);
  }

  async open(): Promise<void> {
    await this.#db.open().catch((error: unknown) => {
      throw new StoreError(
        `the store in ${this.#db.location} cannot be opened: ${whyClosed(error)}`,
        { cause: error },
      );
    });
    this.#condition = { is: 'open' };
    const schema = Number((await this.#db.get(schemaKey)) ?? schemaNumber);
    if (schema > schemaNumber) {
      await this.close();
      throw new StoreError(
        `the store was written by a newer release (schema ${String(schema)}, this one knows ${String(schemaNumber)})`,
      );
    }
    this.#sequence = Number((await this.#db.get(sequenceKey)) ?? 0);
    await this.#db.put(schemaKey, String(schemaNumber));
  }

  async get(key: string): Promise<Entry | undefined> {
    const text = await this.#db.get(key).catch(unreadable);
    return text === undefined ? undefined : entryOf(key, text);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Entry[]> {
    const { after, limit = -1, newestFirst = false } = options;
    const from = prefix === '' ? behindOwnKeys : prefix;
    const range =
      after === undefined
        ? { gte: from, ...endOf(prefix) }
        : newestFirst
          ? { gte: from, lt: after }
          : { gt: after, ...endOf(prefix) };
    // A database that is not open throws at once.
    const read = async () => this.#db.iterator({ ...range, limit, reverse: newestFirst }).all();
    const rows = await read().catch(unreadable);
    return rows.map(([key, text]) => entryOf(key, text));
  }

  async put(key: string, value: unknown): Promise<void> {
    await this.#write({ writes: [{ type: 'put', key, value }] });
  }

  putIf(key: string, value: unknown, revision: number): Promise<boolean> {
    return this.#write({ writes: [{ type: 'put', key, value }], condition: { key, revision } });
  }

  async batch(writes: readonly Write[]): Promise<void> {
    await this.#write({ writes });
  }

  later(writes: readonly Write[]): void {
    this.#lazy.push(...writes);
    this.#lazyTimer ??= setTimeout(() => {
      // What was lazy may be lost: the next batch, or the next start, does without it.
      this.#write({ writes: [] }).catch(() => undefined);
    }, lazyFlush_ms);
  }

  watch(watcher: DiskWatcher): void {
    this.#watcher = watcher;
  }

  async close(): Promise<void> {
    if (this.#lazy.length > 0 && this.#condition.is === 'open') {
      await this.#write({ writes: [] }).catch(() => undefined);
    }
    while (this.#writing !== undefined) await this.#writing;
    this.#condition = { is: 'closed' };
    clearTimeout(this.#lazyTimer);
    await this.#db.close();
  }

  #write(what: Pick<Pending, 'writes' | 'condition'>): Promise<boolean> {
    return new Promise((done, failed) => {
      if (this.#condition.is === 'closed') {
        failed(new StoreError('the store is closed'));
        return;
      }
      this.#queue.push({ ...what, done, failed });
      this.#writing ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    // What the same turn of the loop still asks for goes into the same batch.
    await new Promise(setImmediate);
    while (this.#queue.length > 0) {
      const together = this.#takeBatch();
      try {
        await this.#reopenIfBroken();
        const wrote = await this.#commit(together);
        for (const one of together) one.done(wrote);
      } catch (error) {
        this.#condition = { is: 'broken' };
        this.#watcher?.failed();
        const reason = new StoreError('the store could not write', { cause: error });
        for (const one of together) one.failed(reason);
      }
    }
    // In the same tick as the last look at the queue: a write that comes now starts the next round.
    this.#writing = undefined;
  }

  /** Everything that waits, up to the next conditional write, which stands alone. */
  #takeBatch(): Pending[] {
    const conditional = this.#queue.findIndex((one) => one.condition !== undefined);
    if (conditional === 0) return this.#queue.splice(0, 1);
    return this.#queue.splice(0, conditional === -1 ? this.#queue.length : conditional);
  }

  async #commit(together: readonly Pending[]): Promise<boolean> {
    const condition = together[0]?.condition;
    if (condition !== undefined) {
      const held = (await this.get(condition.key))?.revision ?? 0;
      if (held !== condition.revision) return false;
    }
    const lazy = this.#takeLazy();
    try {
      await this.#put([...lazy, ...together.flatMap((one) => one.writes)]);
    } catch (error) {
      this.#lazy.unshift(...lazy);
      throw error;
    }
    return true;
  }

  async #put(writes: readonly Write[]): Promise<void> {
    const sequence = this.#sequence + 1;
    const encoded = writes.map((write) =>
      write.type === 'del'
        ? write
        : { ...write, value: JSON.stringify({ revision: sequence, value: write.value }) },
    );
    const since = performance.now();
    await this.#db.batch([{ type: 'put', key: sequenceKey, value: String(sequence) }, ...encoded], {
      sync: true,
    });
    this.#watcher?.wrote(performance.now() - since);
    this.#sequence = sequence;
  }

  #takeLazy(): Write[] {
    clearTimeout(this.#lazyTimer);
    this.#lazyTimer = undefined;
    return this.#lazy.splice(0);
  }

  async #reopenIfBroken(): Promise<void> {
    if (this.#condition.is !== 'broken') return;
    await this.#db.close();
    await this.#db.open();
    this.#sequence = Math.max(this.#sequence, Number((await this.#db.get(sequenceKey)) ?? 0));
    this.#condition = { is: 'open' };
    this.#watcher?.reopened();
  }
}

/** The first key behind all that begin with the prefix: keys are sorted by their bytes. */
function endOf(prefix: string): { readonly lt?: string } {
  const last = prefix.at(-1);
  if (last === undefined) return {};
  return { lt: `${prefix.slice(0, -1)}${String.fromCharCode(last.charCodeAt(0) + 1)}` };
}

function entryOf(key: string, text: string): Entry {
  const stored = storedSchema.parse(JSON.parse(text));
  return { key, value: stored.value, revision: stored.revision };
}

function unreadable(error: unknown): never {
  throw new StoreError('the store could not read', { cause: error });
}

function whyClosed(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (isSystemError(cause, 'LEVEL_LOCKED')) return 'another process has it open';
  return cause instanceof Error ? cause.message : 'is the folder writable?';
}
