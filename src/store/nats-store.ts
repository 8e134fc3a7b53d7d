import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '../daemon/logger.js';
import type { Cipher } from './cipher.js';
import { inLanes } from './in-lanes.js';
import { LogIndex } from './nats-index.js';
import { DeposedError, NatsLog, type LastMessage } from './nats-log.js';
import {
  mostInMessage,
  openPayload,
  sealMessage,
  sizeOf,
  type LogRecord,
  type SealingPlace,
  type StoredRecord,
} from './nats-message.js';
import { NatsQueue, together, type Pending } from './nats-queue.js';
import { takeAndRecover } from './nats-recovery.js';
import { LogSpace } from './nats-space.js';
import {
  StoreError,
  type DiskWatcher,
  type Entry,
  type ListOptions,
  type Store,
  type Write,
} from './store.js';

export interface NatsStoreOptions {
  readonly connection: NatsConnection;
  /** What the names of everything in NATS begin with; `prepareStream` has made its stream. */
  readonly name: string;
  /** `bridge` or `account.<name>`: `[a-z0-9_-]` and dots. */
  readonly partition: string;
  readonly cipher: Cipher;
  readonly log?: Logger;
  /** Told once: somebody else has opened the partition, and this store can write nothing any more. */
  readonly onDeposed: (error: StoreError) => void;
  /** A write that has no answer for so long fails. */
  readonly patience_ms?: number;
  /** By so much a replica of the server may be behind the others, at most. */
  readonly lag_ms?: number;
}

const lazyFlush_ms = 1000;
const usualPatience_ms = 4000;
const usualLag_ms = 60_000;
/** Reading one value reads its whole message. */
const largestGroup_bytes = 256 * 1024;
const lanes = 32;

type Condition =
  { readonly is: 'open' | 'closed' } | { readonly is: 'deposed'; readonly error: StoreError };

/**
 * Opens one partition of the store on NATS JetStream and takes it: whoever had it open before can write nothing
 * more from then on. Writes that come together are one message.
 * @throws StoreError when NATS does not answer, the key is not the one it was sealed with, or a newer release wrote it.
 */
export async function openNatsStore(options: NatsStoreOptions): Promise<Store> {
  const { connection, name, partition, patience_ms = usualPatience_ms } = options;
  const log = await NatsLog.on({ connection, name, partition, patience_ms });
  const last = await log.last();
  // Known as long as there is a connection.
  const maxPayload_bytes = connection.info?.max_payload;
  if (maxPayload_bytes === undefined) throw new StoreError('NATS does not answer');
  const store = new NatsStore(options, log, maxPayload_bytes);
  await store.open(last);
  return store;
}

class NatsStore implements Store {
  readonly #options: NatsStoreOptions;
  readonly #log: NatsLog;
  readonly #place: SealingPlace;
  readonly #queue: NatsQueue;
  readonly #most_bytes: number;
  readonly #reading = new Map<number, Promise<Uint8Array | undefined>>();
  readonly #index: LogIndex;
  #space: LogSpace | undefined;
  #condition: Condition = { is: 'closed' };
  #hasFailed = false;
  #lazyTimer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #watcher: DiskWatcher | undefined;

  constructor(options: NatsStoreOptions, log: NatsLog, maxPayload_bytes: number) {
    this.#options = options;
    this.#log = log;
    const { cipher, partition, lag_ms = usualLag_ms } = options;
    this.#index = new LogIndex({ lag_ms });
    this.#place = { cipher, partition, maxPayload_bytes };
    this.#most_bytes = mostInMessage(maxPayload_bytes);
    this.#queue = new NatsQueue(Math.min(this.#most_bytes, largestGroup_bytes));
  }

  async open(last: LastMessage | undefined): Promise<void> {
    await takeAndRecover(this.#log, this.#place, last, this.#index);
    this.#space = new LogSpace({
      index: this.#index,
      log: this.#log,
      read: (sequence) => this.#read(sequence),
      write: (copies) => this.#write({ records: [], copies, size: sum(copies) }).then(noted),
      onTrouble: (error) => {
        this.#options.log?.debug({ err: error }, 'the store on NATS could not be tidied up');
      },
    });
    this.#condition = { is: 'open' };
    this.#space.tidy();
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#expectNotClosed();
    for (;;) {
      const held = this.#index.find(key);
      if (held === undefined) return undefined;
      const record = (await this.#read(held.sequence))?.get(key);
      if (record !== undefined) return { key, value: record.value, revision: held.revision };
      if (this.#index.find(key)?.sequence === held.sequence) throw this.#missing(held.sequence);
    }
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Entry[]> {
    this.#expectNotClosed();
    const keys = this.#index.list(prefix, options);
    const bySequence = new Map<number, string[]>();
    for (const key of keys) {
      const { sequence = 0 } = this.#index.find(key) ?? {};
      const beside = bySequence.get(sequence);
      if (beside === undefined) bySequence.set(sequence, [key]);
      else beside.push(key);
    }
    const found = new Map<string, Entry | undefined>();
    await inLanes(lanes, bySequence, async ([sequence, own]) => {
      const revisions = new Map(own.map((key) => [key, this.#index.find(key)]));
      const records = await this.#read(sequence);
      for (const key of own) {
        const record = records?.get(key);
        const held = revisions.get(key);
        const isIt = record !== undefined && held?.sequence === sequence;
        const entry = isIt && { key, value: record.value, revision: held.revision };
        // It was written again, or copied, meanwhile.
        found.set(key, entry === false ? await this.get(key) : entry);
      }
    });
    return keys.map((key) => found.get(key)).filter((entry) => entry !== undefined);
  }

  async put(key: string, value: unknown): Promise<void> {
    await this.batch([{ type: 'put', key, value }]);
  }

  async putIf(key: string, value: unknown, revision: number): Promise<boolean> {
    const records = [recordOf({ type: 'put', key, value })];
    return this.#write({ records, size: sum(records), condition: { key, revision } });
  }

  async batch(writes: readonly Write[]): Promise<void> {
    const records = writes.map(recordOf);
    await this.#write({ records, size: sum(records) });
  }

  later(writes: readonly Write[]): void {
    for (const write of writes) {
      const record = recordOf(write);
      if (sizeOf(record) <= this.#most_bytes) this.#queue.addLazy(record);
      else this.#options.log?.error(tooLarge(sizeOf(record), this.#place).message);
    }
    this.#armLazyTimer();
  }

  watch(watcher: DiskWatcher): void {
    this.#watcher = watcher;
  }

  async close(): Promise<void> {
    if (this.#condition.is === 'open') this.#wake();
    while (this.#writing !== undefined) await this.#writing;
    clearTimeout(this.#lazyTimer);
    this.#space?.end();
    this.#condition = { is: 'closed' };
  }

  async #read(sequence: number): Promise<ReadonlyMap<string, StoredRecord> | undefined> {
    let payload = this.#reading.get(sequence);
    if (payload === undefined) {
      payload = this.#log.read(sequence).finally(() => this.#reading.delete(sequence));
      this.#reading.set(sequence, payload);
    }
    const read = await payload;
    return read === undefined ? undefined : openPayload(read, this.#place);
  }

  #write(what: Pick<Pending, 'records' | 'size' | 'condition' | 'copies'>): Promise<boolean> {
    return new Promise((done, failed) => {
      const refusal = this.#refusalOf(what.size);
      if (refusal !== undefined) {
        failed(refusal);
        return;
      }
      this.#queue.add({ ...what, done, failed });
      this.#wake();
    });
  }

  #refusalOf(size: number): StoreError | undefined {
    if (this.#condition.is === 'closed') return new StoreError('the store is closed');
    if (this.#condition.is === 'deposed') return this.#condition.error;
    return size > this.#most_bytes ? tooLarge(size, this.#place) : undefined;
  }

  #wake(): void {
    this.#writing ??= this.#drain();
  }

  async #drain(): Promise<void> {
    // What the same turn of the loop still asks for goes into the same message.
    await new Promise(setImmediate);
    clearTimeout(this.#lazyTimer);
    this.#lazyTimer = undefined;
    while (!this.#queue.isEmpty) {
      const group = this.#queue.take();
      try {
        const wrote = await this.#commit(group);
        for (const one of group) one.done(wrote);
      } catch (error) {
        this.#fail(group, error);
        break;
      }
    }
    // In the same tick as the last look at the queue: a write that comes now starts the next round.
    this.#writing = undefined;
    if (!this.#queue.isEmpty) this.#armLazyTimer();
  }

  async #commit(group: readonly Pending[]): Promise<boolean> {
    const condition = group[0]?.condition;
    for (;;) {
      if (condition !== undefined) {
        const held = this.#index.find(condition.key)?.revision ?? 0;
        if (held !== condition.revision) return false;
      }
      const isHeldAt = (key: string, sequence: number): boolean =>
        this.#index.find(key)?.sequence === sequence;
      const records = together(group, isHeldAt);
      // What is in doubt is decided by the next message, be it an empty one.
      if (records.length === 0 && !this.#log.hasDoubts) return true;
      if (await this.#append(records)) return true;
    }
  }

  /** @returns whether it was these that were stored, and not earlier ones of which it was not known. */
  async #append(records: readonly LogRecord[]): Promise<boolean> {
    const message = await sealMessage(records, this.#place);
    const since = performance.now();
    const appended = await this.#log.append(message);
    if (this.#hasFailed) this.#watcher?.reopened();
    this.#hasFailed = false;
    this.#watcher?.wrote(performance.now() - since);
    const stored = appended.is === 'stored' ? message : appended.by;
    this.#index.applyOwn({ ...stored, sequence: appended.sequence }, performance.now());
    this.#space?.tidy();
    return appended.is === 'stored';
  }

  #fail(group: readonly Pending[], error: unknown): void {
    this.#hasFailed = true;
    this.#watcher?.failed();
    const reason =
      error instanceof StoreError
        ? error
        : new StoreError('the store could not write', { cause: error });
    this.#queue.fail(group, reason);
    if (!(error instanceof DeposedError) || this.#condition.is !== 'open') return;
    this.#condition = { is: 'deposed', error: reason };
    this.#space?.end();
    this.#options.onDeposed(reason);
  }

  #armLazyTimer(): void {
    if (this.#condition.is !== 'open') return;
    this.#lazyTimer ??= setTimeout(() => {
      this.#wake();
    }, lazyFlush_ms);
  }

  #expectNotClosed(): void {
    if (this.#condition.is === 'closed') throw new StoreError('the store is closed');
  }

  #missing(sequence: number): StoreError {
    return new StoreError(
      `message ${sequence} of ${this.#options.partition} is missing: was the stream changed by hand?`,
    );
  }
}

function recordOf(write: Write): LogRecord {
  if (write.type === 'del') return { key: write.key };
  const text = JSON.stringify(write.value) as string | undefined;
  return { key: write.key, text: text ?? 'null' };
}

function sum(records: readonly LogRecord[]): number {
  return records.reduce((size, record) => size + sizeOf(record), 0);
}

function tooLarge(size: number, { maxPayload_bytes }: SealingPlace): StoreError {
  return new StoreError(
    `a batch of ${size} bytes is larger than a message of this NATS server may be: ${mostInMessage(maxPayload_bytes)} (max_payload ${maxPayload_bytes})`,
  );
}

function noted(): void {
  // Whether it wrote is of interest to conditional writes only.
}
