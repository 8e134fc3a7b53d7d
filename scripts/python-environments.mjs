import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findPythons } from './find-pythons.mjs';
import { root, run } from './run-program.mjs';

const cache = join(root, '.cache');
const namesFile = join(cache, 'test-python.json');
const tools = join(root, 'sidecar/requirements/dev.txt');

/**
 * The interpreters the tests use, by the environment variables that name them. Made by `makePythonEnvironments`.
 * @returns {Record<string, string>}
 */
export function pythonEnvironments() {
  if (!existsSync(namesFile)) return {};
  const known = JSON.parse(readFileSync(namesFile, 'utf8'));
  return Object.fromEntries(Object.entries(known).filter(([, python]) => existsSync(python)));
}

/**
 * Makes the sidecar's environment for the newest and for the oldest Python there is (they may be one), with the
 * tools of its developers. Both are kept in .cache and renewed only when what they are made from has changed.
 * @returns {Promise<string[]>} what could not be made, and why
 */
export async function makePythonEnvironments() {
  const pythons = findPythons();
  if (pythons.length === 0) return ['no Python 3.10 to 3.14 with venv and ensurepip was found'];
  const wanted = {
    BLUELINK2MQTT_TEST_PYTHON: pythons[0],
    BLUELINK2MQTT_TEST_PYTHON_OLDEST: pythons.at(-1),
  };
  const made = {};
  const faults = [];
  for (const [name, { minor, python }] of Object.entries(wanted)) {
    try {
      made[name] = await makeEnvironment(minor, python);
    } catch (error) {
      faults.push(`the environment for Python 3.${minor} was not made: ${error.message}`);
    }
  }
  mkdirSync(cache, { recursive: true });
  writeFileSync(namesFile, `${JSON.stringify(made, undefined, 2)}\n`);
  return faults;
}

async function makeEnvironment(minor, python) {
  const built = join(root, 'dist/backends/hyundai-kia-connect/environment.js');
  const { ensureEnvironment } = await import(pathToFileURL(built).href);
  const stateDir = join(cache, `python-3.${minor}`);
  mkdirSync(stateDir, { recursive: true });
  const made = await ensureEnvironment({ stateDir, python, log: (line) => console.error(line) });
  await addTools(made);
  return made;
}

async function addTools(python) {
  const stamp = join(dirname(dirname(python)), '.developer-tools');
  const hash = createHash('sha256').update(readFileSync(tools)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  const code = await run(python, ['-m', 'pip', 'install', '--quiet', '-r', tools]);
  if (code !== 0) throw new Error(`pip ended with ${code}`);
  writeFileSync(stamp, hash);
}
