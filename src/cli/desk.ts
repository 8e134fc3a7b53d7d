import type { AccountReport } from '../http/account-report.js';
import type { Failure } from '../vehicle/outcome.js';
import type { CodeMethod } from '../vehicle/task.js';

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
