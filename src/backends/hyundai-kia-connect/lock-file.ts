import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What pip and its own version call the vendor library. */
export const libraryName = 'hyundai_kia_connect_api';

/** The folder of the lock files, which stands beside `dist` and `src`. */
const requirementsFolder = fileURLToPath(new URL('../../../sidecar/requirements', import.meta.url));

/** The exact packages, with their hashes, in the words of a requirements file. */
export interface Lock {
  readonly text: string;
  readonly sha256: string;
  /** The version of the vendor library in it. */
  readonly library: string;
}

/** @throws Error for a text that does not name the vendor library. */
export function lockOf(text: string): Lock {
  const library = /^hyundai[-_]kia[-_]connect[-_]api==(\S+)/m.exec(text)?.[1];
  if (library === undefined) throw new Error(`a lock file without ${libraryName}`);
  return { text, sha256: createHash('sha256').update(text).digest('hex'), library };
}

/**
 * What this release was tested with on Python 3.`minor`. The vendor library's newest releases want Python 3.12; 3.10
 * and 3.11 get the last one that ran on them.
 */
export function testedLock(minor: number, folder = requirementsFolder): Lock {
  return lockOf(readFileSync(join(folder, minor >= 12 ? 'py312.txt' : 'py310.txt'), 'utf8'));
}
