import { prepare } from './build.mjs';
import { install } from './install.mjs';
import { makePythonEnvironments, pythonEnvironments } from './python-environments.mjs';
import { missingForHomeAssistants, setUpHomeAssistants } from './real-home-assistants.mjs';
import { count, nameSkips, resultsFolder, runVitest } from './suites.mjs';

// Does a real Home Assistant make of a car what it should? With `--install-only` they are only installed; other arguments
// choose tests.
const choice = process.argv.slice(2);

const missing = missingForHomeAssistants();
if (missing.length > 0) {
  console.log(`skipped: no Home Assistant can be tried without ${missing.join(', ')}`);
  process.exit(process.env.CI === 'true' ? 1 : 0);
}
if (!(await setUpHomeAssistants())) process.exit(1);
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
