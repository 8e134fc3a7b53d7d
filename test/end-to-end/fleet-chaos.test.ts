import { describe, expect, test } from 'vitest';
import { explained } from '../chaos/report.js';
import { runFleetChaos } from '../fleet-chaos/run.js';
import { hasMosquitto } from '../support/mosquitto.js';
import { hasNats } from '../support/nats.js';

/** `npm run chaos:fleet` takes as many accounts, faults and seeds as one likes. */
const size = { instances: 3, accounts: 12, carsPerAccount: 2, faults: 9, perSecond: 4 };
const seed = 2;

describe.skipIf(!hasMosquitto || !hasNats)('chaos in a fleet', () => {
  test(
    `whatever is killed, every command ends once and is done at most once, by whose account it is (seed ${String(seed)})`,
    { timeout: 600_000 },
    async () => {
      const outcome = await runFleetChaos({
        ...size,
        seed,
        severity: { dead_ms: 2_000, natsAway_ms: 3_000 },
      });
      const evidence = { ...outcome.evidence, executions: [] };
      expect(explained({ ...outcome, evidence })).toEqual([]);
      // Where cars did next to nothing, nothing can have been done twice.
      expect(outcome.executions.simulated).toBeGreaterThan(10);
      expect(outcome.lives.length).toBeGreaterThan(50);
      expect([...outcome.faults.keys()]).toEqual(expect.arrayContaining(everyRun));
      // Accounts did move: each was claimed once at the start.
      expect(outcome.evidence.claims.length).toBeGreaterThan(2 * size.accounts);
    },
  );
});

/** What has to have happened for this to say anything. */
const everyRun = [
  'instanceKilled',
  'instancePaused',
  'instanceStopped',
  'natsKilled',
  'natsRestarted',
  'natsPaused',
  'natsCut',
  'brokerKilled',
  'brokerCut',
];
