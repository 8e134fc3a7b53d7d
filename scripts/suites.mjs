import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run-program.mjs';

/**
 * What a suite came to.
 * @typedef {{name: string, passed: number, failed: number, skips: {test: string, reason?: string}[]}} Suite
 */

/** An empty folder in .cache for what the suites write of their results. */
export function resultsFolder(name) {
  const folder = join(root, '.cache', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * @param {string} results
 * @param {Record<string, string>} environment the interpreters to use
 * @param {readonly string[]} choice which tests: parts of their paths, or options of vitest; without any, all
 * @param {string} name what the suite is called
 * @returns {Promise<Suite>}
 */
export async function runVitest(results, environment, choice = [], name = 'vitest') {
  const file = join(results, `${name}.json`);
  const reporters = [
    '--reporter=default',
    `--reporter=${join(root, 'scripts/vitest-summary.mjs')}`,
  ];
  const vitest = join(root, 'node_modules/.bin/vitest');
  const code = await run(vitest, ['run', ...reporters, ...choice], {
    env: { ...process.env, ...environment, BLUELINK2MQTT_TEST_SUMMARY: file },
  });
  const summary = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { passed: 0, failed: 1, skips: [] };
  return { name, ...atLeastOneFailed(summary, code) };
}

/**
 * @param {string} results
 * @param {string} python
 * @returns {Promise<Suite>}
 */
export async function runPytest(results, python) {
  const file = join(results, 'pytest.xml');
  const runner = aside(join(results, 'pytest.txt'));
  const cwd = join(root, 'sidecar');
  const code = await runner(python, ['-m', 'pytest', `--junitxml=${file}`], { cwd });
  const summary = existsSync(file)
    ? readJunit(readFileSync(file, 'utf8'))
    : { passed: 0, failed: 1, skips: [] };
  return { name: 'pytest', ...atLeastOneFailed(summary, code) };
}

/**
 * Another `run`, for what runs beside other things: what the program says goes to a file, and is printed when it has ended.
 * @param {string} file
 * @returns {typeof run}
 */
function aside(file) {
  return async (program, args, options) => {
    const output = openSync(file, 'w');
    const code = await run(program, args, { ...options, stdio: ['ignore', output, output] });
    closeSync(output);
    console.log(readFileSync(file, 'utf8'));
    return code;
  };
}

/** Names what was skipped. */
export function nameSkips(suites) {
  for (const { test, reason } of suites.flatMap((suite) => suite.skips))
    console.log(`skipped: ${test}${reason ? ` (${reason})` : ''}`);
}

/** Says what each suite came to, and answers the sum. */
export function count(suites) {
  for (const { name, passed, failed, skips } of suites) {
    console.log(`${name}: ${passed} passed, ${failed} failed, ${skips.length} skipped`);
  }
  const sum = (of) => suites.reduce((total, suite) => total + of(suite), 0);
  return {
    passed: sum((suite) => suite.passed),
    failed: sum((suite) => suite.failed),
    skipped: sum((suite) => suite.skips.length),
  };
}

/** A run that ended badly is not a success, whatever it counted. */
function atLeastOneFailed(summary, code) {
  return code === 0 ? summary : { ...summary, failed: Math.max(1, summary.failed) };
}

function readJunit(xml) {
  const number = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(xml)?.[1] ?? 0);
  const failed = number('failures') + number('errors');
  const skips = [
    ...xml.matchAll(/<testcase [^>]*?name="([^"]*)"[^>]*><skipped[^>]*?message="([^"]*)"/g),
  ];
  return {
    passed: number('tests') - failed - number('skipped'),
    failed,
    skips: skips.map(([, test, reason]) => ({ test, reason })),
  };
}
