import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/schema.js';
import { isSystemError } from '../../daemon/system-error.js';
import { openLevelStore } from '../../store/level-store.js';
import type { Store } from '../../store/store.js';
import type { DaemonStanding } from './daemon.js';
import { inWords } from './finding.js';

/** The store while no daemon has it open. */
export type StoreStanding =
  | { readonly is: 'open'; readonly store: Store }
  | { readonly is: 'none' }
  | { readonly is: 'in use' }
  /** Each account has an owner there. */
  | { readonly is: 'on NATS' }
  | { readonly is: 'of another user' }
  | { readonly is: 'faulty'; readonly reason: string };

export function storeFolder({ state_dir }: Config): string {
  return join(state_dir, 'store');
}

/** Opened once for all who look into it. It is never made, and never opened by another user than its own. */
export async function openStore(
  config: Config,
  standing: Promise<DaemonStanding>,
): Promise<StoreStanding> {
  if (config.store.engine === 'nats') return { is: 'on NATS' };
  const folder = storeFolder(config);
  const { is } = await standing;
  if (is !== 'absent') return { is: 'in use' };
  try {
    const { uid } = await stat(folder);
    // What root writes there the bridge could not open any more.
    if (process.getuid !== undefined && uid !== process.getuid()) return { is: 'of another user' };
    return { is: 'open', store: await openLevelStore(folder) };
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return { is: 'none' };
    return { is: 'faulty', reason: inWords(error) };
  }
}

export async function closeStore(opened: Promise<StoreStanding>): Promise<void> {
  const standing = await opened;
  if (standing.is === 'open') await standing.store.close();
}
