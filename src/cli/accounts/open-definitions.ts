import type { Environment } from '../../config/environment.js';
import type { LoadedConfig } from '../../config/load-config.js';
import { exitCodes } from '../exit-codes.js';
import type { Definitions } from './definitions.js';
import { FolderDefinitions } from './folder-definitions.js';
import { Refused } from './refused.js';

export type Loaded = Extract<LoadedConfig, { ok: true }>;

/** @throws Refused where there is no place for accounts of this kind. */
export async function withDefinitions<T>(
  loaded: Loaded,
  env: Environment,
  work: (definitions: Definitions) => Promise<T>,
): Promise<T> {
  const definitions = await openDefinitions(loaded, env);
  if (definitions === undefined) {
    const file = loaded.file ?? 'the configuration';
    const hint = 'an absolute path, or one beside the configuration file';
    throw new Refused(
      `there is no folder for accounts: put "accounts_dir: accounts" (${hint}) into ${file}, and start the bridge anew`,
      exitCodes.configuration,
    );
  }
  try {
    return await work(definitions);
  } finally {
    await definitions.close();
  }
}

/** Undefined where there is no place for accounts but the configuration file. */
export async function openDefinitions(
  { config }: Loaded,
  env: Environment,
): Promise<Definitions | undefined> {
  const { store, instance, accounts_dir } = config;
  if (store.engine === 'nats') {
    // Nothing of NATS is loaded where it is not used.
    const { FleetDefinitions } = await import('./fleet-definitions.js');
    return FleetDefinitions.open(store, instance);
  }
  if (accounts_dir === undefined) return undefined;
  return new FolderDefinitions(accounts_dir, env['CREDENTIALS_DIRECTORY']);
}
