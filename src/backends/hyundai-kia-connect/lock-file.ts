import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Interpreter } from './interpreters.js';

/** The folder of the lock files, which stands beside `dist` and `src`. */
export const requirementsFolder = fileURLToPath(
  new URL('../../../sidecar/requirements', import.meta.url),
);

/** The exact packages, with their hashes, for one generation of interpreters. */
export interface LockFile {
  readonly file: string;
  readonly sha256: string;
}

/** The vendor library's newest releases want Python 3.12; 3.10 and 3.11 get the last one that ran on them. */
export async function lockFileFor(interpreter: Interpreter, folder: string): Promise<LockFile> {
  const file = join(folder, interpreter.version[1] >= 12 ? 'py312.txt' : 'py310.txt');
  const sha256 = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  return { file, sha256 };
}
