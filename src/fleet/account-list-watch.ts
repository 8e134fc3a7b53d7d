import type { KV, KvEntry, KvWatchEntry } from '@nats-io/kv';
import type { QueuedIterator } from '@nats-io/transport-node';
import type { Logger } from '../daemon/logger.js';
import { pause } from '../daemon/pause.js';
import type { StoredAccount } from './stored-account.js';

export interface WatchListOptions {
  readonly onChange: (accounts: readonly StoredAccount[]) => void;
  readonly log: Logger;
  /** How long changes are gathered before they are told. */
  readonly gather_ms?: number;
  /** How often it is checked that nothing was missed, and a lost watch is made anew. */
  readonly check_ms?: number;
}

const usualGather_ms = 100;
const usualCheck_ms = 5000;

type Read = (entry: KvEntry) => Promise<StoredAccount | undefined>;

/** One watch after the other over the bucket of the accounts. Each begins with all there is. */
export class AccountListWatch {
  readonly #kv: KV;
  readonly #read: Read;
  readonly #options: WatchListOptions;
  readonly #stopping = new AbortController();
  #known = new Map<string, StoredAccount>();
  #entries: QueuedIterator<KvWatchEntry> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #seen = 0;

  constructor(kv: KV, read: Read, options: WatchListOptions) {
    this.#kv = kv;
    this.#read = read;
    this.#options = options;
    void this.#follow();
    void this.#check();
  }

  stop(): void {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    this.#entries?.stop();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    while (!this.#isStopped()) {
      try {
        await this.#watch();
      } catch (err) {
        if (!this.#isStopped())
          this.#options.log.warn({ err }, 'the accounts cannot be read from NATS');
      }
      this.#entries = undefined;
      await pause(this.#check_ms, signal);
    }
  }

  async #watch(): Promise<void> {
    const { values, streamInfo } = await this.#kv.status();
    const entries = await this.#kv.watch();
    if (this.#isStopped()) {
      entries.stop();
      return;
    }
    this.#entries = entries;
    this.#seen = streamInfo.state.last_seq;
    const fresh = new Map<string, StoredAccount>();
    let isComplete = values === 0;
    if (isComplete) this.#replace(fresh);
    for await (const entry of entries) {
      note(isComplete ? this.#known : fresh, entry, await this.#read(entry));
      this.#seen = Math.max(this.#seen, entry.revision);
      if (isComplete) this.#tellSoon();
      else if (entry.delta === 0) {
        isComplete = true;
        this.#replace(fresh);
      }
    }
  }

  #replace(fresh: Map<string, StoredAccount>): void {
    this.#known = fresh;
    this.#tellSoon();
  }

  #tellSoon(): void {
    if (this.#timer !== undefined || this.#isStopped()) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const names = [...this.#known.keys()].toSorted();
      this.#options.onChange(names.flatMap((name) => this.#known.get(name) ?? []));
    }, this.#options.gather_ms ?? usualGather_ms);
  }

  /** A watch can end up silent, as after the loss of the storage: what was written last tells. */
  async #check(): Promise<void> {
    const { signal } = this.#stopping;
    while (!this.#isStopped()) {
      await pause(this.#check_ms, signal);
      const before = this.#seen;
      const entries = this.#entries;
      if (entries === undefined || this.#isStopped()) continue;
      try {
        const { streamInfo } = await this.#kv.status();
        // What is on its way is there before the next check.
        await pause(this.#check_ms, signal);
        const { last_seq } = streamInfo.state;
        if (this.#seen < last_seq || last_seq < before) entries.stop();
      } catch (err) {
        this.#options.log.debug({ err }, 'the accounts in NATS could not be checked');
      }
    }
  }

  #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  get #check_ms(): number {
    return this.#options.check_ms ?? usualCheck_ms;
  }
}

function note(
  known: Map<string, StoredAccount>,
  { key }: KvEntry,
  account: StoredAccount | undefined,
): void {
  if (account === undefined) known.delete(key);
  else known.set(key, account);
}
