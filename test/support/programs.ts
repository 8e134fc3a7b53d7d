import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

// Debian keeps daemons in sbin, which is on the path of root only.
const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];

/** Where an installed program is, or undefined. */
export function findProgram(name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * For `describe.skipIf(!...)`. In continuous integration (CI=true) nothing is skipped for a missing program:
 * there it is an error.
 */
export function isAvailable(found: boolean, missing: string): boolean {
  if (!found && process.env['CI'] === 'true') throw new Error(`${missing} is missing (CI=true)`);
  return found;
}
