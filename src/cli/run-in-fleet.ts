import { readFile } from 'node:fs/promises';
import type { BridgeOptions } from '../bridge.js';
import type { AccountConfig } from '../config/accounts.js';
import type { Config } from '../config/schema.js';
import type { NatsStoreConfig } from '../config/store.js';
import { systemClock } from '../daemon/clock.js';
import type { Logger } from '../daemon/logger.js';
import { startFleetBridge } from '../fleet-bridge.js';
import { AccountList } from '../fleet/account-list.js';
import type { StoredAccount } from '../fleet/stored-account.js';
import { connectNats, type NatsSettings } from '../nats/connect.js';
import { createCipher, type Cipher } from '../store/cipher.js';
import { fleetAccount } from './accounts/fleet-account.js';
import { StartFault } from './bridge-options.js';

export interface FleetConfig extends Config {
  readonly store: NatsStoreConfig;
}

export interface FleetStartDependencies {
  readonly log: Logger;
  readonly workerEntry: string;
}

/** This instance among the others of its fleet. Waits until NATS answers. */
export async function startInFleet(
  config: FleetConfig,
  options: BridgeOptions,
  { log, workerEntry }: FleetStartDependencies,
) {
  const { store, instance } = config;
  const cipher = cipherOf(store);
  const connection = await connectNats(await natsSettings(store, instance), log);
  try {
    const bridge = await startFleetBridge(
      { ...options, instance, fleet: store.name, replicas: store.replicas },
      { clock: systemClock, log, connection, cipher, workerEntry },
    );
    const kept = { connection, name: store.name, replicas: store.replicas, cipher, log };
    const list = await AccountList.open(kept);
    return {
      bridge,
      watchStored: (onChange: (accounts: readonly AccountConfig[]) => void) => {
        const known = new StoredAccounts(log);
        return list.watch({
          log,
          onChange: (stored) => {
            void known.read(stored).then(onChange);
          },
        });
      },
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** @throws StartFault when a file that the configuration names cannot be read. */
export async function natsSettings(
  store: NatsStoreConfig,
  instance: string,
): Promise<NatsSettings> {
  const { servers, username, password, token } = store;
  const [credentials, ca, cert, key] = await Promise.all(
    [store.credentials_file, store.ca_file, store.cert_file, store.key_file].map(readIfNamed),
  );
  return {
    servers,
    name: `bluelink2mqtt ${instance}`,
    ...(credentials === undefined ? {} : { credentials }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(token === undefined ? {} : { token }),
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
  };
}

export function cipherOf({ encryption_key, previous_encryption_key }: NatsStoreConfig): Cipher {
  const bytes = (key: string) => Buffer.from(key, 'base64');
  return createCipher({
    current: bytes(encryption_key),
    ...(previous_encryption_key === undefined ? {} : { previous: bytes(previous_encryption_key) }),
  });
}

async function readIfNamed(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new StartFault(`${file} cannot be read`, { cause: error });
  }
}

/** The accounts that the fleet keeps, as they can be run: one with a fault stays as it was. */
class StoredAccounts {
  readonly #log: Logger;
  #known = new Map<string, AccountConfig>();
  readonly #warned = new Map<string, string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  async read(stored: readonly StoredAccount[]): Promise<readonly AccountConfig[]> {
    const read = await Promise.all(stored.map(fleetAccount));
    const good = read.flatMap(({ name, account, faults }) => {
      if (account === undefined) this.#warn(name, faults.map(({ message }) => message).join('; '));
      const last = account ?? this.#known.get(name);
      return last === undefined ? [] : [[name, last] as const];
    });
    this.#known = new Map(good);
    return [...this.#known.values()].filter(({ enabled }) => enabled);
  }

  #warn(account: string, message: string): void {
    if (this.#warned.get(account) === message) return;
    this.#warned.set(account, message);
    this.#log.warn({ account }, `${message}; the account stays as it was`);
  }
}
