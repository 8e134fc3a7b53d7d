import { describe, expect, test } from 'vitest';
import { explained } from '../chaos/report.js';
import { type Quota, runChaos } from '../chaos/run.js';
import { hasLibraryWorld } from '../support/library-world.js';

/** `npm run chaos` takes as many seeds as one likes, and more of everything. */
const quota: Quota = { commands: 500, faults: 50 };
const seed = 11;

describe.skipIf(!hasLibraryWorld)('chaos', () => {
  test(
    `whatever is killed, every command ends once, is done at most once and never late (seed ${String(seed)})`,
    { timeout: 600_000 },
    async () => {
      const { lives, faults, executions, ...outcome } = await runChaos(seed, quota);
      expect(explained(outcome)).toEqual([]);
      expect(lives.length).toBeGreaterThanOrEqual(quota.commands);
      // Where cars did next to nothing, nothing can have been done twice.
      expect(executions.cloud + executions.simulated).toBeGreaterThan(10);
      expect([...faults.keys()]).toEqual(expect.arrayContaining(everyRun));
    },
  );
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
