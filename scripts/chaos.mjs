import { prepare } from './build.mjs';
import { install } from './install.mjs';
import { makePythonEnvironments, pythonEnvironments } from './python-environments.mjs';
import { must } from './run-program.mjs';

// Random commands to five cars while everything that they depend on is killed, again and again.
await install({ dev: true });
await prepare();
const faults = await makePythonEnvironments();
if (faults.length > 0) {
  for (const fault of faults) console.error(`missing: ${fault}`);
  process.exit(1);
}
const loader = ['--import', './scripts/register-typescript.mjs'];
await must(process.execPath, [...loader, 'test/chaos/main.ts', ...process.argv.slice(2)], {
  env: { ...process.env, ...pythonEnvironments() },
});
