import { isDeepStrictEqual } from 'node:util';
import type { AccountOptions } from '../account-options.js';
import type { AccountConfig } from '../config/accounts.js';
import type { Config } from '../config/schema.js';
import { accountSecrets } from '../config/secrets.js';
import type { Logger } from '../daemon/logger.js';
import type { KnownSecrets } from '../daemon/redaction.js';
import { accountOptions, StartFault } from './bridge-options.js';

export interface AccountRosterOptions {
  /** With the accounts that the bridge was started with. */
  readonly config: Config;
  readonly bridge: {
    setAccount(account: AccountOptions): Promise<void>;
    removeAccount(name: string): Promise<void>;
  };
  readonly secrets: KnownSecrets;
  readonly log: Logger;
}

/** Where accounts are written down: the list and the folder of this machine, or the fleet's own list. */
type Source = 'configured' | 'stored';

/** Brings the bridge the accounts that are to run, whenever these have changed while it runs. */
export class AccountRoster {
  readonly #options: AccountRosterOptions;
  readonly #running: Map<string, AccountConfig>;
  #wanted: Readonly<Record<Source, readonly AccountConfig[]>>;
  #work: Promise<void> | undefined;
  readonly #stopping = new AbortController();

  constructor(options: AccountRosterOptions) {
    this.#options = options;
    const { accounts } = options.config;
    this.#wanted = { configured: accounts, stored: [] };
    this.#running = new Map(accounts.map((account) => [account.name, account]));
  }

  /** From now on these of this source are to run. While a change is under way only the newest follows. */
  follow(source: Source, accounts: readonly AccountConfig[]): void {
    this.#wanted = { ...this.#wanted, [source]: accounts };
    this.#work ??= this.#apply().finally(() => {
      this.#work = undefined;
    });
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#work;
  }

  async #apply(): Promise<void> {
    const { signal } = this.#stopping;
    for (let wanted; wanted !== this.#wanted && !signal.aborted;) {
      wanted = this.#wanted;
      // Who configures an account here means that one.
      const { configured, stored } = wanted;
      const accounts = new Map([...stored, ...configured].map((one) => [one.name, one]));
      for (const name of this.#running.keys()) if (!accounts.has(name)) await this.#remove(name);
      for (const account of accounts.values()) await this.#set(account);
    }
  }

  async #remove(name: string): Promise<void> {
    const { bridge, log } = this.#options;
    this.#running.delete(name);
    await bridge.removeAccount(name);
    log.info({ account: name }, 'the account is given up');
  }

  async #set(account: AccountConfig): Promise<void> {
    const { config, bridge, secrets, log } = this.#options;
    const { name } = account;
    if (this.#stopping.signal.aborted) return;
    if (isDeepStrictEqual(this.#running.get(name), account)) return;
    for (const secret of accountSecrets(account)) secrets.add(secret);
    try {
      const isNew = !this.#running.has(name);
      await bridge.setAccount(accountOptions(config, account));
      this.#running.set(name, account);
      log.info({ account: name }, isNew ? 'the account is taken up' : 'the account has changed');
    } catch (err) {
      if (err instanceof StartFault) log.error({ account: name }, err.message);
      else log.error({ account: name, err }, 'the account cannot be taken up');
    }
  }
}
