import type { Config } from '../config/schema.js';
import { ControlClient, NoDaemonError } from '../http/control-client.js';
import { controlPath } from '../http/control-path.js';
import { DaemonDesk } from './daemon-desk.js';
import type { LoginDesk } from './desk.js';
import { OwnDesk } from './own-desk.js';

/**
 * The desk of the running daemon, or where none runs one of our own.
 * @throws ControlFault where there is a daemon that does not answer as it should, StoreError or StartFault where
 *   there is none and the accounts cannot be opened without it.
 */
export async function openDesk(config: Config): Promise<LoginDesk> {
  const stopping = new AbortController();
  const client = new ControlClient({
    path: controlPath(config.state_dir),
    signIn_ms: config.workers.deadline_ms.sign_in,
    signal: stopping.signal,
  });
  try {
    await client.accounts();
  } catch (error) {
    if (error instanceof NoDaemonError) return OwnDesk.open(config);
    throw error;
  }
  return new DaemonDesk(client, stopping);
}
