import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { become } from './become.mjs';
import { prepare } from './build.mjs';
import { must, root } from './run-program.mjs';

const args = process.argv.slice(2);
const { values } = parseArgs({
  args,
  options: { config: { type: 'string' } },
  strict: false,
});

await prepare();
if (!args.includes('--help')) {
  const config = typeof values.config === 'string' ? ['--config', values.config] : [];
  const main = join(root, 'dist/main.js');
  // The file is named as seen from where we stand.
  await must(process.execPath, [main, 'setup', ...config], { cwd: process.cwd() });
}
await become(['run', ...args]);
