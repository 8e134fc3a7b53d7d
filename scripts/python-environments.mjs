import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
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
 * Makes the sidecar's environment for the newest Python there is, with the tools of its developers, and for the
 * oldest (the two may be one). Both are kept in .cache and renewed only when what they are made from has changed.
 * Needs the built product, which does the making.
 * @returns {Promise<string[]>} what could not be made, and why
 */
export async function makePythonEnvironments() {
  const { findInterpreters } = await built('interpreters');
  const usable = (await findInterpreters(process.env)).filter(({ venv }) => venv);
  const made = {};
  const faults = [];
  const attempt = async (name, make) => {
    try {
      made[name] = await make();
    } catch (error) {
      faults.push(`a Python environment of the sidecar: ${error.message}`);
    }
  };
  if (usable.length === 0) faults.push('Python 3.10 to 3.14 with venv (package python3-venv)');
  else {
    await attempt('BLUELINK2MQTT_TEST_PYTHON', () => makeEnvironment(usable[0], addTools));
    await attempt('BLUELINK2MQTT_TEST_PYTHON_OLDEST', () => makeEnvironment(usable.at(-1)));
  }
  mkdirSync(cache, { recursive: true });
  writeFileSync(namesFile, `${JSON.stringify(made, undefined, 2)}\n`);
  return faults;
}

/**
 * Makes, or renews, an environment in .cache with the newest vendor library that pip finds, and the tools of its
 * developers. Needs the built product.
 * @returns {Promise<{python: string, version: string, library: string, tested: string}>}
 */
export async function makeCanaryEnvironment() {
  const { ensureEnvironment } = await built('environment');
  const stateDir = join(cache, 'python-canary');
  const environment = await ensureEnvironment({ stateDir, library: 'newest', log: console.error });
  await addTools(environment.python);
  return environment;
}

async function makeEnvironment({ file, version }, finish = () => undefined) {
  const { ensureEnvironment } = await built('environment');
  const stateDir = join(cache, `python-${version.slice(0, 2).join('.')}`);
  const { python } = await ensureEnvironment({ stateDir, python: file, log: console.error });
  await finish(python);
  await compileSidecar(python);
  return python;
}

/** The daemon has it write nothing: each of the hundreds of processes of the tests would compile it anew. */
async function compileSidecar(python) {
  const code = await run(python, [
    '-m',
    'compileall',
    '-q',
    join(root, 'sidecar/bluelink_sidecar'),
  ]);
  if (code !== 0) throw new Error(`compileall ended with ${code}`);
}

async function addTools(python) {
  const stamp = join(dirname(dirname(python)), '.developer-tools');
  const hash = createHash('sha256').update(readFileSync(tools)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  const pip = ['-m', 'pip', 'install', '-qq', '--require-hashes', '--no-deps', '-r', tools];
  const code = await run(python, pip, { stdio: ['ignore', 2, 2] });
  if (code !== 0) throw new Error(`pip ended with ${code}`);
  writeFileSync(stamp, hash);
}

function built(name) {
  return import(pathToFileURL(join(root, 'dist/backends/hyundai-kia-connect', `${name}.js`)).href);
}
