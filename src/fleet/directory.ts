import { setMaxListeners } from 'node:events';
import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import type { KV, KvEntry } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import type { Logger } from '../daemon/logger.js';
import { pause } from '../daemon/pause.js';
import { retryDelay, type RetryPolicy } from '../daemon/retry.js';
import type { Cipher } from '../store/cipher.js';
import { CarNames, type DirectoryCar, type FoundCar } from './car-names.js';
import { openJson, sealJson } from './envelope.js';
import { openKvBucket } from './kv-bucket.js';

/** The cars of an account, as its owner tells the fleet. */
export interface Listing {
  /** Whether the account has ever told its cars. */
  readonly has_listed: boolean;
  readonly cars: readonly DirectoryCar[];
}

export interface DirectoryOptions {
  readonly connection: NatsConnection;
  /** Of the fleet; the bucket is `<name>_cars`. */
  readonly name: string;
  readonly replicas: number;
  /** VINs are not left in plain text on a disk. */
  readonly cipher: Cipher;
  readonly log: Logger;
  readonly retry: RetryPolicy;
  /** Everything is read again so often: a watch may die without a word. */
  readonly readAnew_ms?: number;
}

interface Known {
  readonly revision: number;
  /** Undefined where it was forgotten, or cannot be read. */
  readonly listing: Listing | undefined;
}

/** What is to be written of an account; `undefined` as the listing forgets it. */
interface Wanted {
  readonly listing: Listing | undefined;
  /** Whether it is still this instance that may say so. */
  readonly isHeld: () => boolean;
}

const listingSchema = z.object({
  has_listed: z.boolean(),
  cars: z.array(
    z.object({
      id: z.string(),
      vin: z.string().nullable(),
      topic_id: z.string(),
      is_gone: z.boolean(),
    }),
  ),
});

const answer_ms = 2000;
const readAnew_ms = 30_000;

/** Which car is called what and belongs to which account, known to every instance at any time. */
export class Directory {
  readonly #options: DirectoryOptions;
  readonly #names = new CarNames();
  readonly #wanted = new Map<string, Wanted>();
  readonly #writing = new Set<string>();
  readonly #stopping = new AbortController();
  #known = new Map<string, Known>();
  #kv: KV | undefined;
  /** Ends the watch, so that another one begins. */
  #anew = new AbortController();

  private constructor(options: DirectoryOptions) {
    this.#options = options;
    // As many as accounts of which something is to be written.
    setMaxListeners(0, this.#stopping.signal);
  }

  /** Resolves when everything is known that is written. Waits for JetStream as long as it takes. */
  static async open(options: DirectoryOptions): Promise<Directory> {
    const directory = new Directory(options);
    void directory.#followConnection();
    await new Promise<void>((resolve) => {
      void directory.#follow(resolve);
    });
    return directory;
  }

  /**
   * The owner says what it knows, as often as it likes: only what is new is written, for as long as `isHeld` says that
   * it is the owner. Waits for nothing.
   */
  put(account: string, { has_listed, cars }: Listing, isHeld: () => boolean): void {
    const plain = cars.map(({ id, vin, topic_id, is_gone }) => ({ id, vin, topic_id, is_gone }));
    this.#want(account, { listing: { has_listed, cars: plain }, isHeld });
  }

  /** The account does not belong to the fleet any more. Waits for nothing. */
  forget(account: string, isHeld: () => boolean): void {
    this.#want(account, { listing: undefined, isHeld });
  }

  /** By the topic id, the VIN in any case, or the vendor's id. */
  find(name: string): FoundCar | undefined {
    return this.#names.find(name);
  }

  carsOf(account: string): readonly DirectoryCar[] {
    return this.#names.carsOf(account);
  }

  /** Those of these accounts whose cars nobody knows yet. */
  unlisted(accounts: readonly string[]): string[] {
    return accounts.filter((account) => this.#known.get(account)?.listing?.has_listed !== true);
  }

  /** What is not written yet is not written any more. */
  stop(): void {
    this.#stopping.abort();
  }

  // Reading

  async #follow(onRead: () => void): Promise<void> {
    for (let failures = 1; !this.#isStopped(); failures += 1) {
      try {
        await this.#watch(onRead);
        failures = 0;
      } catch (err) {
        if (this.#isStopped()) break;
        this.#options.log.warn({ err }, 'the names of the cars cannot be read from NATS');
      }
      await pause(this.#delay_ms(Math.max(1, failures)), this.#stopping.signal);
    }
    onRead();
  }

  /** Resolves when the watch ends. Each one begins with all there is: the storage may have been lost meanwhile. */
  async #watch(onRead: () => void): Promise<void> {
    const { connection, name, replicas, log } = this.#options;
    const bucket = `${name}_cars`;
    const kv = await openKvBucket({ connection, bucket, replicas, timeout_ms: answer_ms, log });
    const { values } = await kv.status();
    const entries = await kv.watch();
    const anew = new AbortController();
    this.#anew = anew;
    const stop = AbortSignal.any([anew.signal, this.#stopping.signal]);
    void pause(this.#options.readAnew_ms ?? readAnew_ms, stop).then(() => {
      entries.stop();
    });
    this.#kv = kv;
    const fresh = new Map<string, Known>();
    const isRead = (): void => {
      this.#replace(fresh);
      onRead();
    };
    if (values === 0) isRead();
    let isBeginning = values > 0;
    for await (const entry of entries) {
      const known = await this.#read(entry);
      if (!isBeginning) this.#note(entry.key, known);
      else {
        fresh.set(entry.key, known);
        isBeginning = entry.delta !== 0;
        if (!isBeginning) isRead();
      }
    }
    anew.abort();
  }

  /** Subscriptions outlive a lost connection, but what a server does for them may not. */
  async #followConnection(): Promise<void> {
    for await (const { type } of this.#options.connection.status()) {
      if (type === 'reconnect') this.#anew.abort();
    }
  }

  async #read(entry: KvEntry): Promise<Known> {
    const { key, revision } = entry;
    if (entry.operation !== 'PUT') return { revision, listing: undefined };
    try {
      const json = await openJson(this.#options.cipher, entry.value, placeOfCars(key));
      return { revision, listing: listingSchema.parse(json) };
    } catch (err) {
      this.#options.log.warn({ err, account: key }, 'the names of the cars cannot be understood');
      return { revision, listing: undefined };
    }
  }

  #replace(fresh: Map<string, Known>): void {
    const gone = [...this.#known.keys()].filter((account) => !fresh.has(account));
    for (const account of gone) this.#names.set(account, []);
    this.#known = fresh;
    for (const [account, { listing }] of fresh) this.#names.set(account, listing?.cars ?? []);
    for (const account of this.#wanted.keys()) void this.#write(account);
  }

  #note(account: string, known: Known): void {
    if (known.revision <= (this.#known.get(account)?.revision ?? 0)) return;
    this.#known.set(account, known);
    this.#names.set(account, known.listing?.cars ?? []);
    if (this.#wanted.has(account)) void this.#write(account);
  }

  // Writing

  #want(account: string, wanted: Wanted): void {
    this.#wanted.set(account, wanted);
    void this.#write(account);
  }

  /** Until what is known of the account is what is wanted, or somebody else has it. Never rejects. */
  async #write(account: string): Promise<void> {
    if (this.#writing.has(account)) return;
    this.#writing.add(account);
    const { signal } = this.#stopping;
    for (let failures = 1; !signal.aborted;) {
      const wanted = this.#missing(account);
      if (wanted === undefined) break;
      try {
        await this.#store(account, wanted);
        failures = 1;
      } catch (err) {
        if (isOutdated(err)) failures = 1;
        else this.#failed(account, err);
        await pause(this.#delay_ms(failures), signal);
        failures += 1;
        await this.#readAgain(account);
      }
    }
    this.#writing.delete(account);
  }

  /** What there is still to write. */
  #missing(account: string): Wanted | undefined {
    const wanted = this.#wanted.get(account);
    if (wanted === undefined) return undefined;
    if (!wanted.isHeld()) {
      this.#wanted.delete(account);
      return undefined;
    }
    const known = this.#known.get(account)?.listing;
    return JSON.stringify(known) === JSON.stringify(wanted.listing) ? undefined : wanted;
  }

  async #store(account: string, { listing, isHeld }: Wanted): Promise<void> {
    const kv = this.#kv;
    if (kv === undefined) throw new Error('JetStream has not been reached yet');
    const previousSeq = this.#known.get(account)?.revision ?? 0;
    if (listing === undefined) {
      await kv.delete(account, { previousSeq });
      await this.#readAgain(account);
      return;
    }
    const sealed = await sealJson(this.#options.cipher, listing, placeOfCars(account));
    if (!isHeld()) return;
    const revision = await kv.put(account, sealed, { previousSeq, timeout: answer_ms });
    this.#note(account, { revision, listing });
  }

  /** Where the bucket is lost the next watch makes another one. */
  #failed(account: string, err: unknown): void {
    this.#options.log.warn({ err, account }, 'the names of the cars could not be written');
    this.#anew.abort();
  }

  /** As it is stored now, which may be older than what was known: a storage may be lost. */
  async #readAgain(account: string): Promise<void> {
    try {
      const entry = await this.#kv?.get(account);
      this.#known.delete(account);
      if (entry !== undefined && entry !== null) this.#note(account, await this.#read(entry));
    } catch (err) {
      this.#options.log.debug({ err, account }, 'the names of the cars could not be read again');
    }
  }

  #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  #delay_ms(failures: number): number {
    const { retry } = this.#options;
    return retryDelay(retry, failures) ?? retry.max_ms;
  }
}

/** What was written of one account is not taken for another's. */
export const placeOfCars = (account: string): string => `cars.${account}`;

function isOutdated(error: unknown): boolean {
  return (
    error instanceof JetStreamApiError &&
    (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
      error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown)
  );
}
