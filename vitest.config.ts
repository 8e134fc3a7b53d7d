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
 * suite, and would be left over at the end with nothing beside them. Behind them the other tests of the whole program,
 * and last the quick ones.
 */
const order = [
  'end-to-end/chaos.test.ts',
  'end-to-end/start-stop',
  'end-to-end/http.test.ts',
  'end-to-end/error-table-commands-again',
  'end-to-end/canada-races',
  'end-to-end/library-sessions',
  'soak/soak.test.ts',
  'end-to-end/error-table',
  'end-to-end/odd-',
  'end-to-end/regions-',
  'end-to-end/commands-in-regions/',
  'backends/hyundai-kia-connect/environment-pip',
  'cli/doctor.test.ts',
  'cloud/europe.test.ts',
  'http/web-server',
  'end-to-end/',
  'dashboard/',
  'package/',
  'backends/bluelinky/adapter',
  'dispatch/lanes-model',
  'dispatch/guard-decisions',
  'http/scan',
].map((name) => `/test/${name}`);

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
  const rank = order.findIndex((name) => moduleId.includes(name));
  return rank === -1 ? order.length : rank;
}

export default defineConfig({
  test: {
    env: { ...interpreters, ...inherited(Object.keys(interpreters)) },
    // They wait for much else than processors.
    maxWorkers: 4,
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
          // A process for each of so many files, with all that it imports, took a third of their time.
          isolate: false,
          setupFiles: ['test/support/each-file.ts'],
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
          sequence: { groupOrder: 1 },
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
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
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
