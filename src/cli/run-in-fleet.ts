import { readFile } from 'node:fs/promises';
import type { BridgeOptions } from '../bridge.js';
import type { AccountConfig } from '../config/accounts.js';
import type { Config } from '../config/schema.js';
import type { NatsStoreConfig } from '../config/store.js';
import { systemClock } from '../daemon/clock.js';
import type { Logger } from '../daemon/logger.js';
import { startFleetBridge } from '../fleet-bridge.js';
import { AccountList } from '../fleet/account-list.js';
import { connectNats, type NatsSettings } from '../nats/connect.js';
import { createCipher, type Cipher } from '../store/cipher.js';
import { followFleet } from './accounts/follow-fleet.js';
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
    const kept = { connection, name: store.name, replicas: store.replicas, cipher, log };
    const list = await AccountList.open(kept);
    const bridge = await startFleetBridge(
      { ...options, instance, fleet: store.name, replicas: store.replicas },
      { clock: systemClock, log, connection, cipher, workerEntry },
    );
    return {
      bridge,
      watchStored: (onChange: (accounts: readonly AccountConfig[]) => void) =>
        followFleet({
          ...{ list, log, fixed: config.accounts },
          onChange: (accounts) => {
            onChange(accounts.filter(({ origin }) => origin === 'fleet'));
          },
        }),
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
