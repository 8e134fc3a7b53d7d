import { watch, type FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { WrittenAccount } from './account-file.js';
import type { AccountConfig } from './accounts.js';
import { accountFile, listAccounts, misnamed, readFrom, type Listing } from './accounts-dir.js';
import { KnownAccounts } from './known-accounts.js';

export interface WatchAccountsOptions {
  /** `accounts_dir`, absolute. It may come later, and go. */
  readonly dir: string;
  /** All accounts as they were loaded, those that are switched off among them. */
  readonly accounts: readonly AccountConfig[];
  /** `$CREDENTIALS_DIRECTORY`. */
  readonly credentials: string | undefined;
  /** All accounts that are to run now, those of the list among them, whenever that has changed. */
  readonly onChange: (accounts: readonly AccountConfig[]) => void;
  readonly log: { warn(message: string): void };
  /** How long a folder that changes is left to come to rest. */
  readonly settle_ms?: number;
  /** How often it is looked at in any case: a folder of another machine tells nothing. */
  readonly poll_ms?: number;
}

export interface AccountsWatch {
  stop(): void;
}

/** What a file looked like before it was read, so that it is read again only when it has changed. */
interface Seen {
  readonly files: readonly string[];
  readonly stamp: string;
}

const usualSettle_ms = 300;
const usualPoll_ms = 15_000;
const atOnce = 16;

/**
 * Tells of accounts that come, change and go in the folder. A file that has a fault, or does not go with the others,
 * leaves its account as it was, and is warned of once for each new fault.
 */
export function watchAccounts(options: WatchAccountsOptions): AccountsWatch {
  return new FolderWatch(options);
}

class FolderWatch implements AccountsWatch {
  readonly #options: WatchAccountsOptions;
  readonly #known: KnownAccounts;
  readonly #seen = new Map<string, Seen>();
  readonly #warned = new Map<string, string>();
  #current: readonly AccountConfig[];
  #absent = new Set<string>();
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isScanning = false;
  /** What the system has told of the folder, and how much of it had been told when it was last looked at. */
  #changes = 0;
  #seenChanges = 0;
  #isStopped = false;

  constructor(options: WatchAccountsOptions) {
    this.#options = options;
    this.#known = new KnownAccounts(
      options.accounts.filter(({ origin }) => origin === 'list'),
      options.accounts.filter(({ origin }) => origin !== 'list'),
    );
    this.#current = this.#known.enabled;
    // What has changed since the accounts were loaded is seen at once.
    this.#lookIn(0);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#unwatch();
  }

  #lookIn(delay_ms: number): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#look(), delay_ms);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const before = this.#changes;
    this.#seenChanges = before;
    this.#isScanning = true;
    this.#watch();
    let next_ms = this.#options.poll_ms ?? usualPoll_ms;
    try {
      if (await this.#scan()) next_ms = this.#settle_ms;
    } catch (error) {
      this.#warn(this.#options.dir, `the accounts could not be looked at: ${String(error)}`);
    } finally {
      this.#isScanning = false;
      this.#lookIn(this.#changes > before ? this.#settle_ms : next_ms);
    }
  }

  /** Tells whether it must be looked at again soon. */
  async #scan(): Promise<boolean> {
    const listing = await listAccounts(this.#options.dir);
    if (!this.#isThere(listing)) return false;
    const written = await this.#readChanged(listing.accounts);
    if (this.#isStopped) return false;
    const isMissing = this.#forget(listing.accounts);
    for (const one of written) this.#warnOf(one);
    const refused = await this.#known.take(written);
    for (const { name, message } of refused) this.#warn(name, `${message}; ${this.#asItWas(name)}`);
    this.#tell();
    return isMissing;
  }

  /** A folder that is away says nothing of its accounts: a volume may be mounted anew. */
  #isThere(listing: Listing): listing is Extract<Listing, { is: 'there' }> {
    const { dir } = this.#options;
    if (listing.is === 'there') {
      this.#warned.delete(dir);
      for (const file of listing.others) this.#warn(file, misnamed(this.#folder, file).message);
      return true;
    }
    this.#unwatch();
    // One that was never there was warned of at the start.
    if (listing.is === 'missing' && this.#known.written.length === 0) return false;
    const why = listing.is === 'missing' ? 'there is no such folder' : listing.code;
    this.#warn(dir, `accounts_dir ${dir}: ${why}; its accounts stay as they were`);
    return false;
  }

  async #readChanged(names: readonly string[]): Promise<WrittenAccount[]> {
    const written: WrittenAccount[] = [];
    for (let from = 0; from < names.length && !this.#isStopped; from += atOnce) {
      const some = names.slice(from, from + atOnce).map((name) => this.#readIfChanged(name));
      written.push(...(await Promise.all(some)).filter((one) => one !== undefined));
    }
    return written;
  }

  async #readIfChanged(name: string): Promise<WrittenAccount | undefined> {
    const { files = [accountFile(this.#options.dir, name)], stamp } = this.#seen.get(name) ?? {};
    // Taken before the file is read: what is written meanwhile is seen the next time.
    const now = (await Promise.all(files.map(stampOf))).join();
    if (now === stamp) return undefined;
    const written = await readFrom(this.#folder, name);
    this.#seen.set(name, { files: written.files, stamp: now });
    return written;
  }

  /** A file must be missing twice: some editors remove it before they write it. */
  #forget(names: readonly string[]): boolean {
    const there = new Set(names);
    const missing = this.#known.written.filter((name) => !there.has(name));
    const gone = missing.filter((name) => this.#absent.has(name));
    this.#known.remove(gone);
    this.#absent = new Set(missing.filter((name) => !gone.includes(name)));
    for (const name of [...this.#seen.keys()].filter((one) => !there.has(one))) {
      this.#seen.delete(name);
      this.#warned.delete(name);
    }
    return this.#absent.size > 0;
  }

  #warnOf({ name, faults }: WrittenAccount): void {
    if (faults.length === 0) {
      this.#warned.delete(name);
      return;
    }
    const messages = faults.map(({ message }) => message).join('; ');
    this.#warn(name, `${messages}; ${this.#asItWas(name)}`);
  }

  #asItWas(name: string): string {
    const isKnown = this.#known.written.includes(name);
    return isKnown ? `the account ${name} stays as it was` : `the account ${name} is not taken up`;
  }

  #warn(subject: string, message: string): void {
    if (this.#warned.get(subject) === message) return;
    this.#warned.set(subject, message);
    this.#options.log.warn(message);
  }

  #tell(): void {
    const { enabled } = this.#known;
    if (this.#isStopped || isDeepStrictEqual(enabled, this.#current)) return;
    this.#current = enabled;
    this.#options.onChange(enabled);
  }

  #watch(): void {
    if (this.#watcher !== undefined) return;
    try {
      this.#watcher = watch(this.#options.dir, { persistent: false }, () => {
        // Not later with each further change: it would never be looked at.
        if (!this.#isScanning && this.#changes === this.#seenChanges) this.#lookIn(this.#settle_ms);
        this.#changes += 1;
      }).on('error', () => {
        this.#unwatch();
      });
    } catch {
      // Then it is looked at from time to time.
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  get #settle_ms(): number {
    return this.#options.settle_ms ?? usualSettle_ms;
  }

  get #folder() {
    const { dir, credentials } = this.#options;
    return { dir, shown: dir, credentials };
  }
}

async function stampOf(file: string): Promise<string> {
  try {
    const { mtimeNs, ctimeNs, size, ino } = await stat(file, { bigint: true });
    return [mtimeNs, ctimeNs, size, ino].join(':');
  } catch {
    return 'none';
  }
}
