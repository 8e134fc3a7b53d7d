import { afterAll, describe, expect, test } from 'vitest';
import { explained } from '../chaos/report.js';
import { type Quota, runChaos } from '../chaos/run.js';
import { hasLibraryWorld } from '../support/library-world.js';

/** Of each run; `npm run chaos` takes as many seeds as one likes. */
const quota: Quota = { commands: 520, faults: 52 };
const seeds = [11, 12];

describe.skipIf(!hasLibraryWorld)('chaos', () => {
  const sum = { commands: 0, faults: 0, executions: 0, kinds: new Set<string>() };

  test.each(seeds)(
    'whatever is killed, every command ends once, is done at most once and never late (seed %i)',
    { timeout: 600_000 },
    async (seed) => {
      const outcome = await runChaos(seed, quota);
      expect(explained(outcome)).toEqual([]);
      sum.commands += outcome.lives.length;
      sum.executions += outcome.executions.cloud + outcome.executions.simulated;
      for (const [kind, count] of outcome.faults) {
        sum.faults += count;
        sum.kinds.add(kind);
      }
    },
  );

  afterAll(() => {
    expect(sum.commands).toBeGreaterThanOrEqual(1000);
    expect(sum.faults).toBeGreaterThanOrEqual(100);
    // Where cars did next to nothing, nothing can have been done twice.
    expect(sum.executions).toBeGreaterThan(10);
    for (const kind of everyRun) expect([...sum.kinds]).toContain(kind);
  });
});

/** What has to have happened for this to say anything. */
const everyRun = [
  'Python process killed',
  'thread terminated',
  'broker killed',
  "bridge's connection cut",
  'cloud down',
  'daemon killed',
];
