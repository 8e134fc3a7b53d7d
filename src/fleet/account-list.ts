import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import type { KV, KvEntry } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '../daemon/logger.js';
import type { Cipher } from '../store/cipher.js';
import { AccountListWatch, type WatchListOptions } from './account-list-watch.js';
import { openJson, sealJson } from './envelope.js';
import { openKvBucket } from './kv-bucket.js';
import type { StoredAccount } from './stored-account.js';

export interface AccountListOptions {
  readonly connection: NatsConnection;
  /** Of the fleet; the bucket is `<name>_accounts`. */
  readonly name: string;
  readonly replicas: number;
  /** The definitions hold passwords. */
  readonly cipher: Cipher;
  readonly log: Logger;
}

const answer_ms = 5000;

/** The accounts that belong to a fleet, sealed in NATS: the same for all its instances. */
export class AccountList {
  readonly #cipher: Cipher;
  readonly #kv: KV;

  private constructor(kv: KV, cipher: Cipher) {
    this.#kv = kv;
    this.#cipher = cipher;
  }

  /** Makes the bucket where there is none. Rejects while JetStream cannot be reached. */
  static async open(options: AccountListOptions): Promise<AccountList> {
    const { connection, name, replicas, cipher, log } = options;
    const bucket = `${name}_accounts`;
    const kv = await openKvBucket({ connection, bucket, replicas, timeout_ms: answer_ms, log });
    return new AccountList(kv, cipher);
  }

  async get(name: string): Promise<StoredAccount | undefined> {
    const entry = await this.#kv.get(name);
    return entry === null ? undefined : this.#read(entry);
  }

  /** All of them by name. */
  async list(): Promise<StoredAccount[]> {
    const names: string[] = [];
    for await (const name of await this.#kv.keys()) names.push(name);
    const found = await Promise.all(names.toSorted().map((name) => this.get(name)));
    return found.filter((one) => one !== undefined);
  }

  /**
   * Stores a definition. False where `revision` is not the stored one any more (0: there was none): somebody else was
   * faster.
   */
  async put(name: string, definition: unknown, revision: number): Promise<boolean> {
    const sealed = await sealJson(this.#cipher, definition, placeOfAccount(name));
    // Zero would be the revision of a key that never was: one that was deleted has another.
    if (revision === 0) return unlessOutdated(this.#kv.create(name, sealed));
    return unlessOutdated(
      this.#kv.put(name, sealed, { previousSeq: revision, timeout: answer_ms }),
    );
  }

  /** False where `revision` is not the stored one any more. */
  delete(name: string, revision: number): Promise<boolean> {
    return unlessOutdated(this.#kv.delete(name, { previousSeq: revision }));
  }

  /** Tells all accounts now, and again whenever one has changed. Goes on through losses of NATS. */
  watch(options: WatchListOptions): AccountListWatch {
    return new AccountListWatch(this.#kv, (entry) => this.#read(entry), options);
  }

  async #read(entry: KvEntry): Promise<StoredAccount | undefined> {
    const { key: name, revision } = entry;
    if (entry.operation !== 'PUT') return undefined;
    try {
      const definition = await openJson(this.#cipher, entry.value, placeOfAccount(name));
      return { name, revision, definition };
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error);
      return { name, revision, definition: undefined, fault };
    }
  }
}

/** A definition that was moved to another name would be another account's. */
export const placeOfAccount = (name: string): string => `accounts.${name}`;

async function unlessOutdated(writing: Promise<unknown>): Promise<boolean> {
  try {
    await writing;
    return true;
  } catch (error) {
    if (error instanceof JetStreamApiError && outdated.has(error.code)) return false;
    throw error;
  }
}

const outdated: ReadonlySet<number> = new Set([
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
]);
