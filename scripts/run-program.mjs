import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a program to its end and answers its exit code. A signal for us is handed on, so that nothing is
 * left behind; once the program has ended of it, so do we.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {Promise<number>}
 */
export async function run(program, args, options = {}) {
  const child = spawn(program, args, { cwd: root, stdio: 'inherit', ...options });
  let received;
  const handOn = (signal) => {
    received = signal;
    child.kill(signal);
  };
  for (const signal of signals) process.on(signal, handOn);
  try {
    const [code, signal] = await once(child, 'close');
    if (received !== undefined) process.exit(128 + constants.signals[received]);
    return code ?? 128 + constants.signals[signal];
  } catch (error) {
    console.error(`${program} could not be started: ${error.message}`);
    return 127;
  } finally {
    for (const signal of signals) process.off(signal, handOn);
  }
}

/** Runs a program that must succeed: otherwise this process ends with its exit code. */
export async function must(program, args, options) {
  const code = await run(program, args, options);
  if (code !== 0) process.exit(code);
}
