import { stat } from 'node:fs/promises';
import type { Config } from '../config/schema.js';
import { isSystemError } from '../daemon/system-error.js';
import { createAuditLog, type AuditLog } from '../store/audit-log.js';
import { openLevelStore } from '../store/level-store.js';
import { Refusals } from '../store/refusals.js';
import { expectOwnStore, ownStoreFolder } from './own-store.js';

/** The audit log in the store, while no daemon has it open. */
export interface OwnLog extends Pick<AuditLog, 'page'> {
  close(): Promise<void>;
}

/**
 * Undefined where no daemon has ever run: reading makes no store.
 * @throws StoreError where another process has it, or it is on NATS.
 */
export async function openOwnLog(config: Config): Promise<OwnLog | undefined> {
  expectOwnStore(config);
  const folder = ownStoreFolder(config);
  if (!(await exists(folder))) return undefined;
  const store = await openLevelStore(folder);
  try {
    const accounts = [null, ...config.accounts.map(({ name }) => name)];
    const journals = () => accounts.map((account) => ({ account, store }));
    const { page } = createAuditLog({ journals, refusals: await Refusals.open(store) });
    return { page, close: () => store.close() };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function exists(folder: string): Promise<boolean> {
  try {
    await stat(folder);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    throw error;
  }
}
