import { beforeAll, describe, expect, test } from 'vitest';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import type { LoggedRequest } from '../cloud/request-log.js';
import { type LibraryWorld, hasLibraryWorld, startLibraryWorld } from '../support/library-world.js';
import { hasOldLibrary } from '../support/python.js';
import { onTeardown } from '../support/teardown.js';
import { refuses } from './error-table/command-row.js';
import { CommandedHome } from './error-table/commanded-home.js';
import { expectFailure } from './error-table/expect-failure.js';
import { describeHalfSchedules } from './error-table/half-schedules.js';
import { brazil, europe, europeCci } from './error-table/homes.js';

const canRun = hasLibraryWorld && !hasOldLibrary;

type CommandedTwin = CommandedHome<'europe' | 'ccsp'>;

describe.skipIf(!canRun)('commands that are taken away or tried again', () => {
  let world: LibraryWorld;
  let duplicates: readonly Promise<Duplicate>[];

  // The lane waits as long as the vendor is known to be busy with one command: the others have their turn meanwhile, in
  // a world of their own.
  beforeAll(async () => {
    const worlds = [startLibraryWorld(), startLibraryWorld()] as const;
    const [ofDuplicates, ofOthers] = await Promise.all(worlds);
    world = ofOthers;
    const homes = await Promise.all(
      [europe, europeCci, brazil].map((home) =>
        CommandedHome.open<'europe' | 'ccsp'>(ofDuplicates, home, ['other']),
      ),
    );
    for (const home of homes) onTeardown(() => home.close());
    ofDuplicates.cloud.requests.clear();
    duplicates = homes.map((here) => lockWithDuplicate(here, ofDuplicates));
    // Told by their own test.
    void Promise.allSettled(duplicates);
  });

  describe('a schedule in two halves', () => {
    describeHalfSchedules(() => world);
  });

  test('row 22, what the car does not have is offered again after a restart', async () => {
    const here = await CommandedHome.open(world, europe, ['main']);
    onTeardown(() => here.close());
    world.cloud.fault({ operation: 'command', effect: refuses('unsupported') });
    const ending = await here.command('main', 'climate', { value: 'stop' });
    world.cloud.clearFaults();
    expectFailure(ending, { code: 'unsupported' });
    await here.waitUntilOffered('main', 'climate', false);
    await here.restart();
    await here.waitUntilOffered('main', 'climate', true);
    expect(await here.command('main', 'climate', { value: 'stop' })).toMatchObject({
      status: 'succeeded',
    });
    expect(here.car('main').count('climate', 'stop')).toBe(1);
  });

  test(
    'row 21, a duplicate is tried again until it is taken, and done once',
    { timeout: 150_000 },
    async () => {
      for (const { here, ending, sent } of await Promise.all(duplicates)) {
        expect(ending).toMatchObject({ status: 'succeeded' });
        expect(here.statuses(ending).filter((status) => status === 'running')).toHaveLength(2);
        expect(here.car('other').count('lock', 'lock')).toBe(1);
        expect(sent).toHaveLength(2);
      }
    },
  );
});

interface Duplicate {
  readonly here: CommandedTwin;
  readonly ending: LifeCycleEvent;
  /** The requests that carried it. */
  readonly sent: readonly LoggedRequest[];
}

async function lockWithDuplicate(here: CommandedTwin, { cloud }: LibraryWorld): Promise<Duplicate> {
  const account = here.owner('other').username;
  cloud.fault({ account, operation: 'command', times: 1, effect: refuses('duplicate') });
  const ending = await here.command('other', 'lock', { value: 'lock' }, 120_000);
  const sent = here.requests.of('command').filter((one) => one.account === account);
  return { here, ending, sent };
}
