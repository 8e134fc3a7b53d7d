import { resolve } from 'node:path';
import type { AccountConfig } from './accounts.js';
import type { Config } from './schema.js';
import type { NatsStoreConfig } from './store.js';

/** Makes every path of the configuration absolute; relative ones start at `base`. */
export function resolvePaths(config: Config, base: string): Config {
  const isCommand = !config.python.includes('/');
  return {
    ...config,
    mqtt: resolveKeys(config.mqtt, base, ['ca_file', 'cert_file', 'key_file', 'password_file']),
    ...(config.accounts_dir === undefined
      ? {}
      : { accounts_dir: resolve(base, config.accounts_dir) }),
    store: config.store.engine === 'level' ? config.store : resolveStore(config.store, base),
    accounts: config.accounts.map((account) => resolveAccount(account, base)),
    http: resolveKeys(config.http, base, ['token_file']),
    state_dir: resolve(base, config.state_dir),
    python: isCommand ? config.python : resolve(base, config.python),
  };
}

function resolveStore(store: NatsStoreConfig, base: string): NatsStoreConfig {
  const secrets = ['password_file', 'token_file'] as const;
  const keys = ['encryption_key_file', 'previous_encryption_key_file'] as const;
  const certificates = ['credentials_file', 'ca_file', 'cert_file', 'key_file'] as const;
  return resolveKeys(store, base, [...secrets, ...keys, ...certificates]);
}

export function resolveAccount(account: AccountConfig, base: string): AccountConfig {
  const resolved = resolveKeys(account, base, ['password_file', 'pin_file']);
  if (resolved.backend !== 'simulator') return resolved;
  const simulator = resolveKeys(resolved.simulator, base, ['control_file', 'log_file']);
  return { ...resolved, simulator };
}

function resolveKeys<Key extends string, T extends Partial<Record<Key, string>>>(
  section: T,
  base: string,
  keys: readonly Key[],
): T {
  const present = keys.flatMap((key) => {
    const path = section[key];
    return path === undefined ? [] : [[key, resolve(base, path)] as const];
  });
  return { ...section, ...Object.fromEntries(present) };
}
