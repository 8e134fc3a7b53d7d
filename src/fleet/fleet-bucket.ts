import {
  jetstream,
  JetStreamApiCodes,
  JetStreamApiError,
  jetstreamManager,
  StorageType,
} from '@nats-io/jetstream';
import { type KV, type KvEntry, Kvm, type KvWatchEntry } from '@nats-io/kv';
import type { NatsConnection, QueuedIterator } from '@nats-io/transport-node';
import type { Logger } from '../daemon/logger.js';

export interface BucketEntry {
  readonly key: string;
  readonly revision: number;
  /** Undefined where the key was removed, or holds no JSON. */
  readonly value: unknown;
}

export interface FleetBucketOptions {
  readonly connection: NatsConnection;
  /** Streams, buckets and subjects of the fleet begin with it. */
  readonly name: string;
  /** 1, 3 or 5. */
  readonly replicas: number;
  /** How long one answer of the server is waited for. */
  readonly timeout_ms: number;
  readonly log: Logger;
}

/** The bucket `<name>_fleet`: who is alive and who owns what. Everything is written by revision. */
export class FleetBucket {
  readonly #options: FleetBucketOptions;
  #kv: KV;

  private constructor(options: FleetBucketOptions, kv: KV) {
    this.#options = options;
    this.#kv = kv;
  }

  /** Makes it where there is none. Rejects while JetStream cannot be reached, or has too few servers. */
  static async open(options: FleetBucketOptions): Promise<FleetBucket> {
    const kv = await openBucket(options);
    await replicateAs(options);
    return new FleetBucket(options, kv);
  }

  /** A server that has lost its storage has lost the bucket as well. */
  async openAgain(): Promise<void> {
    this.#kv = await openBucket(this.#options);
  }

  /**
   * Resolves with the revision written, or with undefined where `previous` is not the key's revision any more
   * (0: the key never existed). After a rejection it may have been written all the same.
   */
  put(key: string, value: unknown, previous: number): Promise<number | undefined> {
    const { timeout_ms: timeout } = this.#options;
    const options = { previousSeq: previous, timeout };
    return unlessOutdated(this.#kv.put(key, JSON.stringify(value), options));
  }

  /** Whether it was removed: not where `previous` is not the key's revision any more. */
  async remove(key: string, previous: number): Promise<boolean> {
    const removal = this.#kv.delete(key, { previousSeq: previous }).then(() => true);
    return (await unlessOutdated(removal)) ?? false;
  }

  async read(key: string): Promise<BucketEntry | undefined> {
    const entry = await this.#kv.get(key);
    return entry === null ? undefined : readEntry(entry);
  }

  /** Every key once, in the order they were written, then every change. */
  watch(): Promise<QueuedIterator<KvWatchEntry>> {
    return this.#kv.watch();
  }
}

export function readEntry(entry: KvEntry): BucketEntry {
  const { key, revision } = entry;
  if (entry.operation !== 'PUT') return { key, revision, value: undefined };
  try {
    return { key, revision, value: entry.json() };
  } catch {
    return { key, revision, value: undefined };
  }
}

async function openBucket(options: FleetBucketOptions): Promise<KV> {
  const { connection, name, replicas, timeout_ms } = options;
  return new Kvm(jetstream(connection, { timeout: timeout_ms })).create(`${name}_fleet`, {
    replicas,
    history: 1,
    storage: StorageType.File,
    // A replica that lags would tell of a revision that is no longer the newest.
    allow_direct: false,
  });
}

/** An operator may have changed the setting since the bucket was made. */
async function replicateAs(options: FleetBucketOptions): Promise<void> {
  const { connection, name, replicas, log } = options;
  const { streams } = await jetstreamManager(connection);
  const stream = `KV_${name}_fleet`;
  const { config } = await streams.info(stream);
  if (config.num_replicas === replicas) return;
  try {
    await streams.update(stream, { num_replicas: replicas });
  } catch (error) {
    log.warn(
      { err: error, stream, replicas: config.num_replicas, wanted: replicas },
      'NATS keeps another number of replicas than store.replicas asks for',
    );
  }
}

async function unlessOutdated<T>(writing: Promise<T>): Promise<T | undefined> {
  try {
    return await writing;
  } catch (error) {
    if (error instanceof JetStreamApiError && outdated.has(error.code)) return undefined;
    throw error;
  }
}

const outdated: ReadonlySet<number> = new Set([
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
]);
