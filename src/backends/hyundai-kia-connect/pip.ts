import { runProgram } from './run-program.js';
import type { ProgramResult } from './run-program.js';

/** Building a package on a small computer takes long. */
const timeout_ms = 60 * 60 * 1000;

/** `pip install`. Always as a module: the scripts of an environment hold the path it was made under. */
export function pipInstall(python: string, args: readonly string[]): Promise<ProgramResult> {
  const fixed = ['--no-input', '--disable-pip-version-check'];
  return runProgram(python, ['-m', 'pip', 'install', ...fixed, ...args], timeout_ms);
}
