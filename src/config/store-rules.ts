import { z } from 'zod';
import type { Breach } from './account-rules.js';
import { knownKeys } from './schema-path.js';
import { store as storeSchema } from './store.js';

/** As much of the settings as these rules look at. */
export interface StoreSettings {
  readonly store?: Readonly<Record<string, unknown>> | undefined;
  readonly version: unknown;
}

/** What must hold between the settings of the store, and between them and the broker's. */
export function storeBreaches({ store = {}, version }: StoreSettings): Breach[] {
  if (store['engine'] === 'nats') {
    return [...missing(store), ...signIns(store), ...halves(store), ...tooOldMqtt(version)];
  }
  // Another word than these is a fault by itself.
  if (store['engine'] !== 'level' && store['engine'] !== undefined) return [];
  return Object.keys(store)
    .filter((key) => natsKeys.includes(key))
    .map((key) => ({
      path: ['store', key],
      expected: 'store.engine: nats, which it belongs to',
      got: 'engine: level',
    }));
}

type Store = Readonly<Record<string, unknown>>;

const natsKeys = knownKeys(storeSchema).filter((key) => key !== 'engine');

const has = (store: Store, key: string): boolean =>
  store[key] !== undefined || store[`${key}_file`] !== undefined;

const needed = {
  servers: 'the addresses of the servers, which engine: nats needs',
  encryption_key:
    'a key, which engine: nats needs: as encryption_key, encryption_key_file, or store.encryption_key in $CREDENTIALS_DIRECTORY',
};

function missing(store: Store): Breach[] {
  return Object.entries(needed)
    .filter(([key]) => !has(store, key))
    .map(([key, expected]) => ({ path: ['store', key], expected, got: 'nothing' }));
}

function signIns(store: Store): Breach[] {
  const ways = ['credentials', 'username', 'token'].filter((key) => has(store, key));
  if (ways.length < 2) return [];
  return [
    {
      path: ['store'],
      expected: 'one way to sign in: credentials_file, or username and password, or token',
      got: String(ways.length),
    },
  ];
}

function halves(store: Store): Breach[] {
  const pairs = [
    ['username', 'password'],
    ['cert_file', 'key_file'],
  ] as const;
  return pairs
    .filter(([one, other]) => has(store, one) !== has(store, other))
    .map(([one, other]) => ({
      path: ['store', has(store, one) ? other : one],
      expected: `${one} and ${other} together`,
      got: 'one of them',
    }));
}

const isMqtt4 = z.union([z.literal(4), z.literal('4')]);

function tooOldMqtt(version: unknown): Breach[] {
  if (!isMqtt4.safeParse(version).success) return [];
  return [
    {
      path: ['mqtt', 'version'],
      expected:
        'auto or 5 with store.engine: nats: while an account moves, its commands wait in a session of MQTT 5',
      got: '4',
    },
  ];
}
