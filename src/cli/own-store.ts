import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/schema.js';
import { controlPath } from '../http/control-path.js';
import { openLevelStore } from '../store/level-store.js';
import { StoreError, type Store } from '../store/store.js';

export function ownStoreFolder({ state_dir }: Pick<Config, 'state_dir'>): string {
  return join(state_dir, 'store');
}

/**
 * The store in our own hands, while no daemon has it open; made where there is none.
 * @throws StoreError where another process has it, or it is on NATS: there each account has an owner.
 */
export async function openOwnStore(config: Config): Promise<Store> {
  expectOwnStore(config);
  await mkdir(config.state_dir, { recursive: true, mode: 0o700 });
  return openLevelStore(ownStoreFolder(config));
}

/** @throws StoreError where the store is on NATS. */
export function expectOwnStore({ store, state_dir }: Config): void {
  if (store.engine === 'level') return;
  throw new StoreError(
    `the store is on NATS, and no instance of the fleet serves ${controlPath(state_dir)}: start the bridge here, or ask on a machine where one runs`,
  );
}
