import { existsSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

// `npm run test:environment` leaves the interpreters it made here, so that a single test file can be run by itself.
const interpretersFile = new URL('.cache/test-python.json', import.meta.url);
const interpreters = existsSync(interpretersFile)
  ? (JSON.parse(readFileSync(interpretersFile, 'utf8')) as Record<string, string>)
  : {};

export default defineConfig({
  test: {
    env: { ...interpreters, ...inherited(Object.keys(interpreters)) },
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: ['test/end-to-end/**'],
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'end-to-end',
          include: ['test/end-to-end/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Each file starts brokers and daemons of its own: after the quick tests, never beside them.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

function inherited(names: string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
