import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './run-program.mjs';

/**
 * Goes on as `bluelink2mqtt <args>` within this process: signals and the exit code are its own, no second Node
 * waits beside it, and none can be left behind.
 */
export async function become(args) {
  const main = join(root, 'dist/main.js');
  process.argv = [process.argv[0], main, ...args];
  await import(pathToFileURL(main).href);
}
