import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';

/** A vitest reporter: writes what `npm test` sums up to the file that BLUELINK2MQTT_TEST_SUMMARY names. */
export default class Summary {
  onTestRunEnd(modules, unhandledErrors) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state) => tests.filter((one) => one.result().state === state);
    // A file that could not be loaded, or an error outside of any test, is a failure that no test counts.
    const others = modules.flatMap((module) => module.errors()).length + unhandledErrors.length;
    const summary = {
      passed: inState('passed').length,
      failed: inState('failed').length + others,
      skips: inState('skipped').map((one) => ({
        test: `${relative(process.cwd(), one.module.moduleId)} > ${one.fullName}`,
        reason: one.result().note,
      })),
    };
    const file = process.env.BLUELINK2MQTT_TEST_SUMMARY;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(summary));
  }
}
