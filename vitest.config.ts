import { existsSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// `npm run test:environment` leaves the interpreters it made here, so that a single test file can be run by itself.
const interpretersFile = new URL('.cache/test-python.json', import.meta.url);
const interpreters = existsSync(interpretersFile)
  ? (JSON.parse(readFileSync(interpretersFile, 'utf8')) as Record<string, string>)
  : {};

/**
 * What takes longest, the longest first. Vitest would go by the sizes of the files; these are short, as many share a
 * suite, and would be left over at the end with nothing beside them.
 */
const longest = [
  'chaos.test.ts',
  'start-stop',
  'http.test.ts',
  'error-table-commands-again',
  'canada-races',
  'library-sessions',
  'error-table',
  'odd-',
  'regions-',
  'commands-in-regions/',
].map((name) => `test/end-to-end/${name}`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort(
      (one, other) => groupOf(one) - groupOf(other) || rankOf(one) - rankOf(other),
    );
  }
}

function groupOf({ project }: TestSpecification): number {
  return project.config.sequence.groupOrder;
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = longest.findIndex((name) => moduleId.includes(name));
  return rank === -1 ? longest.length : rank;
}

export default defineConfig({
  test: {
    env: { ...interpreters, ...inherited(Object.keys(interpreters)) },
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/end-to-end/**',
            'test/package/**',
            'test/soak/soak.test.ts',
            'test/dashboard/**',
            'test/home-assistant/**',
            'test/image/{app,image}.test.ts',
            'test/systemd/**',
          ],
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'end-to-end',
          include: [
            'test/end-to-end/**/*.test.ts',
            'test/package/*.test.ts',
            'test/soak/soak.test.ts',
          ],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // They wait for much else than processors.
          maxWorkers: 4,
          // Each file starts brokers and daemons of its own: after the quick tests, never beside them.
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          // In a real browser.
          name: 'dashboard',
          include: ['test/dashboard/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Beside those: a browser waits for much, too.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          // By `npm run test:home-assistant`, which installs what they need.
          name: 'home-assistant',
          include: ['test/home-assistant/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          // By `npm run test:image`, which builds what they need.
          name: 'image',
          include: ['test/image/{app,image}.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 3 },
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
