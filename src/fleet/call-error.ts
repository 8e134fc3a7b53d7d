/** `away`: it is not there, or did not answer in time. `failed`: it answered that it could not, or nobody could ask. */
export type CallTrouble = 'away' | 'failed';

/** Why another instance gave no answer that can be used. Holds nothing of what was asked or answered. */
export class CallError extends Error {
  readonly trouble: CallTrouble;
  /** Whether it may have done what was asked, or may still do it. */
  readonly mayHaveRun: boolean;

  constructor(trouble: CallTrouble, message: string, mayHaveRun: boolean) {
    super(message);
    this.name = 'CallError';
    this.trouble = trouble;
    this.mayHaveRun = mayHaveRun;
  }
}
