import { join } from 'node:path';

/** What a socket's address holds, without the zero byte at its end. */
const longest_bytes = process.platform === 'linux' ? 107 : 103;

/** Where the daemon of this state directory can be reached. */
export function controlPath(stateDir: string): string {
  return join(stateDir, 'control.sock');
}

/** Why there can be no socket at this path; undefined where there can. A longer one would be cut off in silence. */
export function controlPathFault(path: string): string | undefined {
  const length = Buffer.byteLength(path);
  if (length <= longest_bytes) return undefined;
  return `the path has ${String(length)} bytes, and a socket's at most ${String(longest_bytes)}: choose a shorter state_dir`;
}
