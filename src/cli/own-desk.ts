import type { Config } from '../config/schema.js';
import type { AccountReport } from '../http/account-report.js';
import type { Store } from '../store/store.js';
import type { Failure } from '../vehicle/outcome.js';
import type { CodeMethod } from '../vehicle/task.js';
import type { CodeStep, LoginDesk } from './desk.js';
import { openOwnAccount, type OwnAccount } from './own-account.js';
import { openOwnStore } from './own-store.js';

/** Signs in with the store in its own hands, while no daemon runs; the next daemon goes on from there. */
export class OwnDesk implements LoginDesk {
  readonly #store: Store;
  readonly #accounts: readonly OwnAccount[];

  private constructor(store: Store, accounts: readonly OwnAccount[]) {
    this.#store = store;
    this.#accounts = accounts;
  }

  /** @throws StoreError where another process has the store, StartFault where a backend lacks something. */
  static async open(config: Config): Promise<OwnDesk> {
    const store = await openOwnStore(config);
    try {
      const accounts: OwnAccount[] = [];
      for (const account of config.accounts) {
        accounts.push(await openOwnAccount(config, account, store));
      }
      return new OwnDesk(store, accounts);
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  accounts(): Promise<readonly AccountReport[]> {
    return Promise.resolve(this.#accounts.map((account) => account.report()));
  }

  async login(name: string): Promise<AccountReport> {
    const account = this.#account(name);
    await account.keeper.login();
    return account.report();
  }

  requestCode(name: string, method: CodeMethod): Promise<CodeStep> {
    return this.#step(name, (account) => account.keeper.requestCode(method));
  }

  submitCode(name: string, code: string): Promise<CodeStep> {
    return this.#step(name, (account) => account.keeper.submitCode(code));
  }

  async close(): Promise<void> {
    await Promise.all(this.#accounts.map((account) => account.close()));
    await this.#store.close();
  }

  async #step(
    name: string,
    act: (account: OwnAccount) => Promise<Failure | undefined>,
  ): Promise<CodeStep> {
    const account = this.#account(name);
    const failure = await act(account);
    return { account: account.report(), failure };
  }

  #account(name: string): OwnAccount {
    const account = this.#accounts.find((one) => one.report().name === name);
    if (account === undefined) throw new Error(`there is no account ${name}`);
    return account;
  }
}
