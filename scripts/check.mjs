import { join } from 'node:path';
import { install } from './install.mjs';
import { pythonEnvironments } from './python-environments.mjs';
import { root, run } from './run-program.mjs';

const bin = join(root, 'node_modules/.bin');

const steps = [
  ['format', join(bin, 'prettier'), ['--check', '--log-level', 'warn', '.']],
  ['lint', join(bin, 'eslint'), ['.']],
  ['types', join(bin, 'tsc'), ['-p', 'test']],
  ['imports', join(bin, 'depcruise'), ['--config', '.dependency-cruiser.cjs', 'src']],
  ['unused', join(bin, 'knip'), []],
];

const pythonSteps = [
  ['python format', ['-m', 'ruff', 'format', '--check', '.']],
  ['python lint', ['-m', 'ruff', 'check', '.']],
  ['python types', ['-m', 'mypy']],
];

/**
 * Everything that can be said without running the program.
 * @returns {Promise<string[]>} the names of the steps that found a fault
 */
export async function check() {
  await install({ dev: true });
  // The linter takes as long as all the others together, and one processor.
  const isLint = ([name]) => name === 'lint';
  const all = [...steps, ...stepsOfSidecar()];
  const lanes = [all.filter(isLint), all.filter((step) => !isLint(step))];
  return (await Promise.all(lanes.map(runInOrder))).flat();
}

async function runInOrder(lane) {
  const faults = [];
  for (const [name, program, args] of lane) {
    console.log(`check: ${name}`);
    const cwd = name.startsWith('python') ? join(root, 'sidecar') : root;
    if ((await run(program, args, { cwd })) !== 0) faults.push(name);
  }
  return faults;
}

function stepsOfSidecar() {
  const python = pythonEnvironments().BLUELINK2MQTT_TEST_PYTHON;
  if (python !== undefined) return pythonSteps.map(([name, args]) => [name, python, args]);
  console.log('check: no Python tools (npm run test:environment): the sidecar is not checked');
  return [];
}

if (import.meta.filename === process.argv[1]) {
  const faults = await check();
  if (faults.length > 0) {
    console.error(`check found faults in: ${faults.join(', ')}`);
    process.exitCode = 1;
  }
}
