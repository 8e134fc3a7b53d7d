import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { prepare } from './build.mjs';
import { install } from './install.mjs';
import { missingPrograms } from './missing-programs.mjs';
import { makePythonEnvironments, pythonEnvironments } from './python-environments.mjs';
import { must, root } from './run-program.mjs';
import { count, nameSkips, resultsFolder, runVitest } from './suites.mjs';

// Does a real Home Assistant make of a car what it should? Each version with a lock file is installed once, outside the
// repository: it is large, and outlives a clone. With `--install-only` that is all; other arguments choose tests.
const choice = process.argv.slice(2);
const tools = join(root, 'test/home-assistant');
const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
const folder = join(cache, 'bluelink2mqtt', 'home-assistant');

const needed = ['apt-get', 'dpkg-deb', 'python3', 'mosquitto', 'mosquitto_pub'];
const missing = missingPrograms(needed);
if (missing.length > 0) {
  console.log(`skipped: no Home Assistant can be tried without ${missing.join(', ')}`);
  process.exit(process.env.CI === 'true' ? 1 : 0);
}
await must(join(tools, 'setup'), [folder, ...lockedVersions()]);
if (choice.includes('--install-only')) process.exit();

await install({ dev: true });
await prepare();
for (const fault of await makePythonEnvironments()) console.error(`missing: ${fault}`);
const results = resultsFolder('home-assistant-results');
const options = ['--project=home-assistant', ...choice];
const suites = [await runVitest(results, pythonEnvironments(), options)];
console.log('');
nameSkips(suites);
process.exit(count(suites).failed > 0 ? 1 : 0);

function lockedVersions() {
  const names = readdirSync(join(tools, 'locks'));
  return names.flatMap((name) => /^homeassistant-(.*)\.txt$/.exec(name)?.[1] ?? []);
}
