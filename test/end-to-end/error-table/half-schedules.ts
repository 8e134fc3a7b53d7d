import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Effect } from '../../cloud/faults.js';
import type { CarCommand } from '../../../src/vehicle/simulated-command.js';
import type { StateDocument } from '../../../src/vehicle/state.js';
import type { LibraryWorld } from '../../support/library-world.js';
import { waitUntil } from '../../support/wait.js';
import { CommandedHome } from './commanded-home.js';
import { type Failed, refuses } from './command-row.js';
import { expectFailure } from './expect-failure.js';
import { europe } from './homes.js';

type Half = 'charging' | 'departures';

interface Broken {
  readonly row: number;
  readonly what: string;
  /** Instead of the answer to the second half. */
  readonly effect?: Effect;
  /** What the car itself refuses. */
  readonly refused?: Half;
  readonly ends: Failed;
  readonly done: readonly Half[];
}

const wanted = {
  enabled: true,
  offpeak_start: '22:15',
  offpeak_end: '05:45',
  offpeak_only: true,
  climate: { enabled: true, temperature: 22.5, defrost: true },
};

/** Whatever the reason: the sender hears which half it was. */
const half = /the charging part of the schedule is set, the rest is not/;

const rows: readonly Broken[] = [
  {
    row: 21,
    what: 'the second half comes while another command is under way',
    effect: refuses('duplicate'),
    ends: { code: 'duplicate_request', outcome: 'unknown', says: half },
    done: ['charging'],
  },
  {
    row: 28,
    what: 'the second half comes while the service is out of order',
    effect: refuses('unavailable'),
    ends: { code: 'unavailable', outcome: 'unknown', says: half },
    done: ['charging'],
  },
  {
    row: 33,
    what: 'the connection breaks before the second half is taken',
    effect: { is: 'reset' },
    ends: { code: 'unavailable', outcome: 'unknown', says: half },
    done: ['charging'],
  },
  {
    row: 55,
    what: 'the car refuses the second half',
    refused: 'departures',
    ends: { code: 'vehicle_refused', outcome: 'unknown', says: half },
    done: ['charging'],
  },
  {
    row: 55,
    what: 'the car refuses the first half, and is not sent the second',
    refused: 'charging',
    ends: { code: 'vehicle_refused', says: /the car refused it/ },
    done: [],
  },
];

const isHalf = (command: CarCommand, which: Half | undefined): boolean =>
  which !== undefined && command.name === 'schedule' && which in command.schedule;

/** Electric cars with CCS2 take the halves of a schedule one by one. */
export function describeHalfSchedules(theWorld: () => LibraryWorld): void {
  let here: CommandedHome<'europe'>;

  beforeAll(async () => {
    here = await CommandedHome.open(theWorld(), europe, ['half']);
  });

  afterAll(async () => {
    await here.close();
  });

  test.each(rows)('row $row, $what', async ({ effect, refused, ends, done }) => {
    const { cloud } = theWorld();
    const { commands } = here.owner('half');
    await here.pastReport('half');
    here.requests.clear();
    const before = commands.carriedOut.length;
    if (effect !== undefined) cloud.fault({ path: /reservation\/hvac$/, effect });
    commands.conduct = (command) => (isHalf(command, refused) ? 'refuses' : 'obeys');
    const ending = await here.command('half', 'schedule', wanted);
    cloud.clearFaults();
    commands.conduct = () => 'obeys';
    expectFailure(ending, ends);
    const halves = commands.carriedOut
      .slice(before)
      .flatMap(({ command }) => (command.name === 'schedule' ? Object.keys(command.schedule) : []));
    expect(halves).toEqual(done);
    expect(here.requests.of('command')).toHaveLength(refused === 'charging' ? 1 : 2);
    const isUnknown = ({ ev }: StateDocument) =>
      Object.values(ev.schedule).every((value) => value === null);
    if (ends.outcome === 'unknown') await here.stateAfter('half', ending, isUnknown);
    else expect(isUnknown(await here.stateAfter('half', ending))).toBe(false);
    await here.untilReady('half');
    // Until it has reported, nobody knows what it has planned.
    here.car('half').wake();
    const isKnown = async () => {
      await here.read('half');
      return here.state('half').ev.schedule.departures !== null;
    };
    await waitUntil(isKnown, 10_000, () => 'the schedule to be known');
  });

  test('a second half whose answer is lost is looked for', async () => {
    const { cloud } = theWorld();
    const { commands } = here.owner('half');
    here.requests.clear();
    const before = commands.carriedOut.length;
    cloud.fault({ path: /reservation\/hvac$/, processed: true, effect: { is: 'reset' } });
    const ending = await here.command('half', 'schedule', wanted);
    cloud.clearFaults();
    expect(ending).toMatchObject({ status: 'succeeded', confirmed_by: 'state' });
    expect(commands.carriedOut).toHaveLength(before + 2);
    expect(here.requests.of('command')).toHaveLength(2);
  });
}
