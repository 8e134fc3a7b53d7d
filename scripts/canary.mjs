import { prepare } from './build.mjs';
import { install } from './install.mjs';
import {
  makeCanaryEnvironment,
  makePythonEnvironments,
  pythonEnvironments,
} from './python-environments.mjs';
import { count, nameSkips, resultsFolder, runPytest, runVitest } from './suites.mjs';

// Does this release work with the newest vendor library that pip finds? Every test that runs the real library is in
// files that begin like these, one or more for each region.
const paths = [
  'test/cloud/',
  'test/end-to-end/library-',
  'test/end-to-end/region-',
  'test/backends/hyundai-kia-connect/real-',
];

await install({ dev: true });
await prepare();
// The tests use the old library of an old Python beside it.
for (const fault of await makePythonEnvironments()) console.error(`missing: ${fault}`);
const { python, version, library, tested } = await makeCanaryEnvironment().catch((error) => {
  console.log(`canary: no verdict: ${error.message}`);
  process.exit(1);
});
const isTested = library === tested;
const what = `hyundai_kia_connect_api ${library} on Python ${version}; ${
  isTested
    ? 'the newest that pip finds is the one this release is tested with'
    : `this release is tested with ${tested}`
}`;
console.log(`canary: ${what}`);

const results = resultsFolder('canary-results');
const interpreters = { ...pythonEnvironments(), BLUELINK2MQTT_TEST_PYTHON: python };
const suites = [await runVitest(results, interpreters, paths), await runPytest(results, python)];
console.log('');
nameSkips(suites);
const sum = count(suites);
console.log(`canary: ${what}`);
console.log(`canary: ${verdict(sum)}`);
process.exit(sum.failed > 0 || suites.some(ranNothing) ? 1 : 0);

function verdict({ passed, failed, skipped }) {
  const counts = `${passed} passed, ${failed} failed, ${skipped} skipped`;
  if (failed > 0 && isTested) return `tests fail, and not because of a newer library: ${counts}`;
  if (failed > 0) return `it does NOT work with ${library}: ${counts}`;
  if (suites.some(ranNothing)) return `no verdict, as no test could run: ${counts}`;
  return `it works with ${library}: ${counts}`;
}

function ranNothing({ passed }) {
  return passed === 0;
}
