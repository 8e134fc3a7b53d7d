import { exitCodes, type ExitCode } from '../exit-codes.js';

/** What one of these subcommands cannot do, and why. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: ExitCode;

  constructor(message: string, code: ExitCode = exitCodes.usage) {
    super(message);
    this.code = code;
  }
}
