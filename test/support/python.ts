import { execFileSync } from 'node:child_process';
import { isAvailable } from './programs.js';

/** The interpreters `npm run test:environment` made, with the sidecar's packages: the newest and the oldest of 3.10 to 3.14. */
export const testPython = process.env['BLUELINK2MQTT_TEST_PYTHON'];
export const oldestTestPython = process.env['BLUELINK2MQTT_TEST_PYTHON_OLDEST'];

export const hasTestPython = isAvailable(
  testPython !== undefined,
  'BLUELINK2MQTT_TEST_PYTHON (npm run test:environment)',
);

/** Where 3.10 or 3.11 is the newest there is, the library is the last release for them, and tells less. */
export const hasOldLibrary =
  testPython !== undefined &&
  /^Python 3\.1[01]\./.test(execFileSync(testPython, ['--version'], { encoding: 'utf8' }));

/** The newest interpreter, for suites guarded by `hasTestPython`. */
export function requireTestPython(): string {
  if (testPython === undefined) throw new Error('run `npm run test:environment` first');
  return testPython;
}
