import { accountOfTree, type WrittenAccount } from '../../config/account-file.js';
import { Origins } from '../../config/fault.js';
import type { NatsStoreConfig } from '../../config/store.js';
import { isTree, removeValue, type Tree } from '../../config/tree.js';
import { createLogger } from '../../daemon/logger.js';
import { KnownSecrets } from '../../daemon/redaction.js';
import { AccountList } from '../../fleet/account-list.js';
import type { StoredAccount } from '../../fleet/stored-account.js';
import { connectNats } from '../../nats/connect.js';
import { cipherOf, natsSettings } from '../run-in-fleet.js';
import { fleetAccount } from './fleet-account.js';
import { DefinitionFault, type Checked, type Definition, type Definitions } from './definitions.js';

const connect_ms = 10_000;

/** The accounts of the fleet, in NATS. No daemon is needed. */
export class FleetDefinitions implements Definitions {
  readonly #list: AccountList;
  readonly #fleet: string;
  readonly #end: () => Promise<void>;

  private constructor(list: AccountList, fleet: string, end: () => Promise<void>) {
    this.#list = list;
    this.#fleet = fleet;
    this.#end = end;
  }

  /** @throws DefinitionFault when NATS cannot be reached in time. */
  static async open(store: NatsStoreConfig, instance: string): Promise<FleetDefinitions> {
    const log = createLogger({ level: 'error', format: 'auto', secrets: new KnownSecrets() });
    const settings = await natsSettings(store, instance);
    const connection = await soon(connectNats(settings, log), store.servers);
    try {
      const { name, replicas } = store;
      const cipher = cipherOf(store);
      const list = await AccountList.open({ connection, name, replicas, cipher, log });
      return new FleetDefinitions(list, name, () => connection.close());
    } catch (error) {
      await connection.close();
      throw new DefinitionFault(`NATS: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  place(name: string): string {
    return `the account ${name} of the fleet ${this.#fleet}`;
  }

  async list(): Promise<readonly Definition[]> {
    return Promise.all((await this.#list.list()).map(definitionOf));
  }

  /** Other machines have none of this one's files: secrets go along, and paths are absolute. */
  async check(name: string, given: Tree): Promise<Checked> {
    const origins = new Origins({ file: name });
    const folders = { base: process.cwd(), credentials: undefined };
    const at = { name, origins, folders, origin: 'fleet' } as const;
    const { account, faults, tree } = await accountOfTree(structuredClone(given), at);
    if (account === undefined) return { ok: false, faults: faults.map(({ message }) => message) };
    for (const key of ['name', 'password_file', 'pin_file']) removeValue(tree, [key]);
    if (account.backend === 'simulator' && isTree(tree['simulator'])) {
      const { control_file, log_file } = account.simulator;
      if (control_file !== undefined) tree['simulator']['control_file'] = control_file;
      if (log_file !== undefined) tree['simulator']['log_file'] = log_file;
    }
    return { ok: true, account, tree };
  }

  add(name: string, checked: Tree): Promise<boolean> {
    return this.#list.put(name, checked, 0);
  }

  async remove(name: string): Promise<boolean> {
    return this.#change(name, ({ revision }) => this.#list.delete(name, revision));
  }

  async setEnabled(name: string, isEnabled: boolean): Promise<boolean> {
    return this.#change(name, ({ definition, fault, revision }) => {
      if (!isTree(definition))
        throw new DefinitionFault(`${this.place(name)}: ${fault ?? 'broken'}`);
      return this.#list.put(name, { ...definition, enabled: isEnabled }, revision);
    });
  }

  close(): Promise<void> {
    return this.#end();
  }

  /** Until nobody else was faster. */
  async #change(
    name: string,
    write: (stored: StoredAccount) => Promise<boolean>,
  ): Promise<boolean> {
    for (;;) {
      const stored = await this.#list.get(name);
      if (stored === undefined) return false;
      if (await write(stored)) return true;
    }
  }
}

async function definitionOf(stored: StoredAccount): Promise<Definition> {
  const { name, account, faults }: WrittenAccount = await fleetAccount(stored);
  return { name, origin: 'fleet', account, faults: faults.map(({ message }) => message) };
}

/** The connection goes on trying for ever; a person does not. */
function soon<T>(connecting: Promise<T>, servers: readonly string[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(
        new DefinitionFault(
          `NATS cannot be reached, or refuses the sign-in, at ${servers.join(', ')}`,
        ),
      );
    }, connect_ms);
    const settled = (): void => {
      clearTimeout(timer);
    };
    connecting.finally(settled).then(resolve, reject);
  });
}
