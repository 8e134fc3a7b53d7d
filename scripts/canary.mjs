import { prepare } from './build.mjs';
import { install } from './install.mjs';
import { makeCanaryEnvironment } from './python-environments.mjs';
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
const environment = await makeCanaryEnvironment().catch((error) => {
  console.error(`canary: no verdict: ${error.message}`);
  process.exit(1);
});
const { python, version, library, tested } = environment;
const what = `hyundai_kia_connect_api ${library} on Python ${version}`;
const other =
  library === tested
    ? 'the newest that pip finds is the one this release is tested with'
    : `this release is tested with ${tested}`;
console.log(`canary: ${what}; ${other}`);

const results = resultsFolder('canary-results');
// Old Pythons get another library, which is not asked about here.
const interpreters = {
  BLUELINK2MQTT_TEST_PYTHON: python,
  BLUELINK2MQTT_TEST_PYTHON_OLDEST: python,
};
const suites = [await runVitest(results, interpreters, paths), await runPytest(results, python)];
console.log('');
nameSkips(suites);
const { passed, failed, skipped } = count(suites);
console.log(`canary: ${what}; ${other}`);
if (failed > 0) console.log(`canary: it does NOT work: ${failed} failed, ${passed} passed`);
else if (suites.some((suite) => suite.passed === 0)) console.log('canary: no verdict: nothing ran');
else console.log(`canary: it works: ${passed} passed, none failed, ${skipped} skipped`);
process.exit(failed > 0 || suites.some((suite) => suite.passed === 0) ? 1 : 0);
