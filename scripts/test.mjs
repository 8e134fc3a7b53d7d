import { installBluelinky } from './bluelinky.mjs';
import { build } from './build.mjs';
import { check } from './check.mjs';
import { install } from './install.mjs';
import { missingPrograms } from './missing-programs.mjs';
import { makePythonEnvironments, pythonEnvironments } from './python-environments.mjs';
import { missingForHomeAssistants, setUpHomeAssistants } from './real-home-assistants.mjs';
import { count, nameSkips, resultsFolder, runPytest, runVitest } from './suites.mjs';

// With `--home-assistant` a real Home Assistant is tried, too: `npm run test:home-assistant` alone.
const withHomeAssistant = process.argv.includes('--home-assistant');
const inCi = process.env.CI === 'true';
const results = resultsFolder('test-results');

await install({ dev: true });
if (!(await build())) end({ faults: ['build'] });
const installed = await Promise.all([makePythonEnvironments(), installBluelinky()]);
const packages = {
  mosquitto: 'mosquitto',
  mosquitto_pub: 'mosquitto-clients',
  chromium: 'chromium',
  promtool: 'prometheus',
  'nats-server': 'nats-server',
  'systemd-notify': 'systemd',
};
const absent = missingPrograms(Object.keys(packages)).map(
  (program) => `${program} (package ${packages[program]})`,
);
const missing = [...installed.flat(), ...absent];
const environmentOnly = process.argv.includes('--environment-only');
if (environmentOnly) {
  for (const one of missing) console.error(one);
  process.exit(missing.length > 0 ? 1 : 0);
}

// Large, and slow to come: fetched beside everything else.
const homeAssistants = withHomeAssistant ? setUp() : undefined;
// The checks and pytest keep one processor each busy; vitest alone has work for more.
const [checked, pytest] = await Promise.all([check(), runPytestIfThere()]);
const faults = checked.map((step) => `check: ${step}`);
if (inCi) faults.push(...missing.map((one) => `missing: ${one}`));
// The container image has a command of its own.
const vitest = await runVitest(results, pythonEnvironments(), [
  '--project=parts',
  '--project=end-to-end',
  '--project=dashboard',
]);
const homeAssistant = await runHomeAssistantIfThere();
end({ faults, suites: [vitest, ...homeAssistant, ...pytest], missing });

async function runPytestIfThere() {
  const python = pythonEnvironments().BLUELINK2MQTT_TEST_PYTHON;
  return python === undefined ? [] : [await runPytest(results, python)];
}

/** Whether Home Assistants are there to be tried; what is missing for them counts with the rest. */
async function setUp() {
  const absent = missingForHomeAssistants();
  missing.push(...absent.map((program) => `for Home Assistant: ${program}`));
  return absent.length === 0 && (await setUpHomeAssistants());
}

/** By itself: Home Assistant drops what comes while it is too slow. */
async function runHomeAssistantIfThere() {
  if (!withHomeAssistant) return [];
  if (!(await homeAssistants)) {
    faults.push('a real Home Assistant: it could not be installed');
    return [];
  }
  const choice = ['--project=home-assistant'];
  return [await runVitest(results, pythonEnvironments(), choice, 'home-assistant')];
}

function end({ faults, suites = [], missing = [] }) {
  console.log('');
  for (const one of missing) console.log(`missing: ${one}`);
  nameSkips(suites);
  for (const fault of faults) console.log(`FAULT in ${fault}`);
  const { passed, failed, skipped } = count(suites);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exit(failed + faults.length > 0 ? 1 : 0);
}
