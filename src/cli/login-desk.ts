import type { Config } from '../config/schema.js';
import { ControlClient, NoDaemonError } from '../http/control-client.js';
import type { AccountReport } from '../http/account-report.js';
import { controlPath } from '../http/control-path.js';
import type { Failure } from '../vehicle/outcome.js';
import type { CodeMethod } from '../vehicle/task.js';
import { DaemonDesk } from './daemon-desk.js';

/** Where the account stands after a step of its one-time code, and why the step was not done. */
export interface CodeStep {
  readonly account: AccountReport;
  readonly failure: Failure | undefined;
}

/** Where a person signs accounts in: the running daemon, or the store itself. */
export interface LoginDesk {
  accounts(): Promise<readonly AccountReport[]>;
  /** Signs in now, whatever was refused before. Resolves when it has ended one way or the other. */
  login(account: string): Promise<AccountReport>;
  /** Has the vendor send a one-time code. */
  requestCode(account: string, method: CodeMethod): Promise<CodeStep>;
  submitCode(account: string, code: string): Promise<CodeStep>;
  /** Ends what is under way. The accounts stay as they are. */
  close(): Promise<void>;
}

/**
 * The desk of the running daemon. Undefined where none runs.
 * @throws ControlFault where there is one that does not answer as it should.
 */
export async function openDesk(config: Config): Promise<LoginDesk | undefined> {
  const stopping = new AbortController();
  const client = new ControlClient({
    path: controlPath(config.state_dir),
    signIn_ms: config.workers.deadline_ms.sign_in,
    signal: stopping.signal,
  });
  try {
    await client.accounts();
  } catch (error) {
    if (error instanceof NoDaemonError) return undefined;
    throw error;
  }
  return new DaemonDesk(client, stopping);
}
