import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTeardown } from '../../test/support/teardown.js';
import { timed } from '../statistics.js';

const program = fileURLToPath(new URL('echo_lines.py', import.meta.url));
const line = `${JSON.stringify({ type: 'task', id: 1, task: 'x'.repeat(300) })}\n`;

/** A line of JSON to a Python process and back. */
export function startStdio(python: string): () => Promise<number> {
  const child = spawn(python, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const lines = createInterface(child.stdout);
  onTeardown(async () => {
    child.stdin.end();
    await ended;
  });
  return () =>
    timed(async () => {
      const answer = once(lines, 'line');
      child.stdin.write(line);
      await answer;
    });
}
