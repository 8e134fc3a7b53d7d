import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { findProgram, isAvailable } from './programs.js';

const program = findProgram('promtool');

/** For `test.skipIf(!hasPromtool)`. */
export const hasPromtool = isAvailable(program !== undefined, "promtool (Debian's prometheus)");

/** Runs promtool to its end; answers its exit code and all that it said. */
export async function promtool(
  args: readonly string[],
  input = '',
): Promise<{ readonly code: number | null; readonly said: string }> {
  if (program === undefined) throw new Error('promtool is missing');
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const closed = once(child, 'close') as Promise<[number | null]>;
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    closed,
  ]);
  return { code, said: stdout + stderr };
}
