import { beforeAll, describe, expect, test } from 'vitest';
import { type LibraryWorld, hasLibraryWorld, startLibraryWorld } from '../support/library-world.js';
import { hasOldLibrary } from '../support/python.js';
import { onTeardown } from '../support/teardown.js';
import { refuses } from './error-table/command-row.js';
import { CommandedHome } from './error-table/commanded-home.js';
import { expectFailure } from './error-table/expect-failure.js';
import { describeHalfSchedules } from './error-table/half-schedules.js';
import { brazil, europe, europeCci } from './error-table/homes.js';

const canRun = hasLibraryWorld && !hasOldLibrary;

describe.skipIf(!canRun)('a schedule in two halves', () => {
  let world: LibraryWorld;

  beforeAll(async () => {
    world = await startLibraryWorld();
  });

  describeHalfSchedules(() => world);
});

describe.skipIf(!canRun)('commands that are taken away or tried again', () => {
  let world: LibraryWorld;

  beforeAll(async () => {
    world = await startLibraryWorld();
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

  // The lane waits as long as the vendor is known to be busy with one command.
  test(
    'row 21, a duplicate is tried again until it is taken, and done once',
    { timeout: 150_000 },
    async () => {
      const open = async (home: typeof europe | typeof brazil) => {
        const here = await CommandedHome.open<'europe' | 'ccsp'>(world, home, ['other']);
        onTeardown(() => here.close());
        return here;
      };
      const homes = [await open(europe), await open(europeCci), await open(brazil)];
      world.cloud.requests.clear();
      await Promise.all(
        homes.map(async (here) => {
          const account = here.owner('other').username;
          const effect = refuses('duplicate');
          world.cloud.fault({ account, operation: 'command', times: 1, effect });
          const ending = await here.command('other', 'lock', { value: 'lock' }, 120_000);
          expect(ending).toMatchObject({ status: 'succeeded' });
          expect(here.statuses(ending).filter((status) => status === 'running')).toHaveLength(2);
          expect(here.car('other').count('lock', 'lock')).toBe(1);
          const sent = here.requests.of('command').filter((one) => one.account === account);
          expect(sent).toHaveLength(2);
        }),
      );
    },
  );
});
