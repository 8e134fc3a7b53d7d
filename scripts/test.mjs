import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { installBluelinky } from './bluelinky.mjs';
import { build } from './build.mjs';
import { check } from './check.mjs';
import { install } from './install.mjs';
import { makePythonEnvironments, pythonEnvironments } from './python-environments.mjs';
import { root, run } from './run-program.mjs';

const inCi = process.env.CI === 'true';
const results = join(root, '.cache/test-results');

rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });

await install({ dev: true });
if (!(await build())) end({ faults: ['build'] });
const missing = [
  ...(await makePythonEnvironments()),
  ...(await installBluelinky()),
  ...missingPrograms(),
];
const environmentOnly = process.argv.includes('--environment-only');
if (environmentOnly) {
  for (const one of missing) console.error(one);
  process.exit(missing.length > 0 ? 1 : 0);
}

const faults = (await check()).map((step) => `check: ${step}`);
if (inCi) faults.push(...missing.map((one) => `missing: ${one}`));
const suites = [await runVitest(), ...(await runPytest())];
end({ faults, suites, missing });

function missingPrograms() {
  const path = [...process.env.PATH.split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const isThere = (program) => path.some((folder) => existsSync(join(folder, program)));
  return ['mosquitto', 'mosquitto_pub']
    .filter((program) => !isThere(program))
    .map((program) => `${program} (packages mosquitto and mosquitto-clients)`);
}

/** @returns what a suite came to: `{name, passed, failed, skips: [{test, reason}]}` */
async function runVitest() {
  const file = join(results, 'vitest.json');
  const reporters = [
    '--reporter=default',
    `--reporter=${join(root, 'scripts/vitest-summary.mjs')}`,
  ];
  const code = await run(join(root, 'node_modules/.bin/vitest'), ['run', ...reporters], {
    env: { ...process.env, ...pythonEnvironments(), BLUELINK2MQTT_TEST_SUMMARY: file },
  });
  const summary = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { passed: 0, failed: 1, skips: [] };
  return { name: 'vitest', ...atLeastOneFailed(summary, code) };
}

async function runPytest() {
  const python = pythonEnvironments().BLUELINK2MQTT_TEST_PYTHON;
  if (python === undefined) return [];
  const file = join(results, 'pytest.xml');
  const code = await run(python, ['-m', 'pytest', `--junitxml=${file}`], {
    cwd: join(root, 'sidecar'),
  });
  const summary = existsSync(file)
    ? readJunit(readFileSync(file, 'utf8'))
    : { passed: 0, failed: 1, skips: [] };
  return [{ name: 'pytest', ...atLeastOneFailed(summary, code) }];
}

/** A run that ended badly is not a success, whatever it counted. */
function atLeastOneFailed(summary, code) {
  return code === 0 ? summary : { ...summary, failed: Math.max(1, summary.failed) };
}

function readJunit(xml) {
  const count = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(xml)?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  const skips = [
    ...xml.matchAll(/<testcase [^>]*?name="([^"]*)"[^>]*><skipped[^>]*?message="([^"]*)"/g),
  ];
  return {
    passed: count('tests') - failed - count('skipped'),
    failed,
    skips: skips.map(([, test, reason]) => ({ test, reason })),
  };
}

function end({ faults, suites = [], missing = [] }) {
  const skips = suites.flatMap((suite) => suite.skips);
  console.log('');
  for (const one of missing) console.log(`missing: ${one}`);
  for (const { test, reason } of skips)
    console.log(`skipped: ${test}${reason ? ` (${reason})` : ''}`);
  for (const fault of faults) console.log(`FAULT in ${fault}`);
  const sum = (of) => suites.reduce((total, suite) => total + of(suite), 0);
  for (const { name, passed, failed, skips } of suites) {
    console.log(`${name}: ${passed} passed, ${failed} failed, ${skips.length} skipped`);
  }
  const failed = sum((suite) => suite.failed);
  const passed = sum((suite) => suite.passed);
  console.log(`${passed} passed, ${failed} failed, ${skips.length} skipped`);
  process.exit(failed + faults.length > 0 ? 1 : 0);
}
