import { describe, expect, test } from 'vitest';
import { hasMosquitto } from '../support/mosquitto.js';
import { isAvailable } from '../support/programs.js';
import { Soak } from './run.js';
import { canHold } from './sample.js';
import { type Sample, findings } from './verdict.js';
import { startWorld } from './world.js';

/** `npm run soak` takes hours: this is the same in little. */
const pace = { every_ms: 700, rest_ms: 500 };
const seed = 5;
const isLinux = isAvailable(canHold(), 'Linux (its /proc)');

describe.skipIf(!hasMosquitto || !isLinux)('soak', () => {
  test(
    'a daemon in trouble holds no more than before and ends each command once; one that leaks is found out',
    { timeout: 180_000 },
    async () => {
      const world = await startWorld([new URL('leak.mjs', import.meta.url)]);
      const soak = new Soak(world, seed, pace);
      await soak.fill(500);
      const [, ...sound] = await samples(soak, 6);
      expect(soak.violations).toEqual([]);
      expect(growing(sound)).toEqual([]);
      // Where nothing happened, nothing can have been left behind.
      expect(world.ledger.accepted).toBeGreaterThan(100);
      expect(soak.troubles.total).toBeGreaterThan(0);
      expect(soak.requests.count).toBeGreaterThan(5);

      world.daemon.kill('SIGPWR');
      expect(growing(await samples(soak, 5))).toEqual(expect.arrayContaining(leaked));
      await soak.end();
      expect(soak.violations).toEqual([
        expect.stringContaining('MaxListenersExceededWarning: Possible EventEmitter memory leak'),
      ]);
    },
  );
});

/** What `leak.mjs` loses. */
const leaked = [
  ...['heap_MB', 'external_MB', 'buffer_MB', 'resources', 'fds', 'threads', 'listeners'],
  ...['emitters', 'signals'],
];

async function samples(soak: Soak, count: number): Promise<Sample[]> {
  const taken: Sample[] = [];
  while (taken.length < count) taken.push(await soak.sample());
  return taken;
}

function growing(taken: readonly Sample[]): string[] {
  return findings(taken).flatMap(({ figure, isFlat }) => (isFlat ? [] : [figure]));
}
