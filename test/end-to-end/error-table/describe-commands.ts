import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LifeCycleEvent } from '../../../src/vehicle/life-cycle.js';
import type { Cloud } from '../../cloud/cloud.js';
import {
  type LibraryWorld,
  hasLibraryWorld,
  startLibraryWorld,
} from '../../support/library-world.js';
import { hasOldLibrary } from '../../support/python.js';
import { waitUntil } from '../../support/wait.js';
import { isEnding } from '../published.js';
import { expectFailure } from './expect-failure.js';
import { CommandedHome, type Resident } from './commanded-home.js';
import type { AnyCommandRows, CommandRow, CommandRows, PinOf } from './command-row.js';
import type { Maker, Owner } from './homes.js';

/** Long enough for a dozen accounts to sign in at once, on a machine with much else to do. */
const opening_ms = 240_000;

/** A home with all that is around it, so that nothing that happens there is seen anywhere else. */
interface Opened {
  readonly world: LibraryWorld;
  readonly here: CommandedHome<Maker>;
}

/**
 * All rows of all these homes: a daemon, a cloud and a broker each. The homes stand side by side, as they mostly wait;
 * the rows of each come one after the other. All are opened before the first row: what is opened while tests run would
 * be closed with one of them.
 */
export function describeCommands(title: string, tables: readonly AnyCommandRows[]): void {
  describe.skipIf(!hasLibraryWorld || hasOldLibrary)(title, () => {
    const opened = new Map<CommandRows, Opened>();
    const all = tables as readonly unknown[] as readonly CommandRows[];

    beforeAll(async () => {
      await Promise.all(all.map(async (table) => opened.set(table, await open(table))));
    }, opening_ms);

    for (const table of all) {
      const of = () => opened.get(table) ?? expect.unreachable('it was not opened');
      describe.concurrent(table.home.name, () => {
        describeHome(table, of);
      });
    }
  });
}

async function open({ home, rows, pin }: CommandRows): Promise<Opened> {
  const world = await startLibraryWorld();
  const forPin: Resident[] = pin === undefined ? [] : ['wrong-pin', 'no-pin', 'other'];
  const forLimits = limitsOf(rows).map(({ who }) => who);
  return { world, here: await CommandedHome.open(world, home, ['main', ...forPin, ...forLimits]) };
}

function describeHome({ rows, unsupported, pin }: CommandRows, opened: () => Opened): void {
  describe('one row after the other', { concurrent: false }, () => {
    let here: CommandedHome<Maker>;
    let cloud: Cloud;

    beforeAll(() => {
      here = opened().here;
      cloud = opened().world.cloud;
    });

    afterAll(async () => {
      await here.close();
    });

    const others = rows.filter((row) => !isLimit(row));

    test.each(timedFirst(others))('row $row, $what', async (row) => {
      await expectRow(row, here, cloud, 'main');
    });

    test.each(limitsOf(rows))(
      'row $row.row, $row.what: nothing more of the account is sent',
      async ({ who, row }) => {
        const ending = await expectRow(row, here, cloud, who);
        await expectBlocked(here, who, ending);
      },
    );

    test('row 32, a cloud that cannot be connected to: tried until its time is over', async () => {
      const { car, before } = await unlocked(here, 'main');
      await here.door.down();
      const ending = await here.command('main', 'lock', { value: 'lock', expires_in: 3 });
      await here.door.up();
      expectFailure(ending, { code: 'unavailable', says: /could not be reached/ });
      expect(here.requests.of('command')).toEqual([]);
      expect(car.count('lock', 'lock')).toBe(before);
      await here.untilReady('main');
    });

    if (unsupported !== undefined) {
      const { row, effect } = unsupported;

      test(`row ${String(row)}, what the car does not have is no longer offered`, async () => {
        const fault = cloud.fault({ operation: 'command', effect });
        const ending = await here.command('main', 'climate', { value: 'stop' });
        fault.clear();
        expectFailure(ending, { code: 'unsupported' });
        await here.waitUntilOffered('main', 'climate', false);
        expect(here.offered('main')).toContain('lock');
        here.requests.clear();
        const refused = await here.command('main', 'climate', { value: 'stop' });
        expect(refused).toMatchObject({ status: 'rejected', code: 'unsupported' });
        expect(here.requests.of('command')).toEqual([]);
        expect(here.car('main').count('climate', 'stop')).toBe(0);
      });
    }

    if (pin !== undefined)
      describePin(
        pin,
        () => here,
        () => cloud,
      );
  });
}

function describePin<M extends Maker>(
  { row, path, tellsOfLock = false }: PinOf,
  theHome: () => CommandedHome<M>,
  theCloud: () => Cloud,
): void {
  const name = `row ${String(row)}`;

  if (path !== null) {
    test(`${name}, a PIN that cannot be checked is no wrong one`, async () => {
      const here = theHome();
      here.requests.clear();
      const fault = theCloud().fault({ path, effect: { is: 'gateway', status: 503 } });
      const ending = await here.command('other', 'lock', { value: 'lock', expires_in: 3 });
      fault.clear();
      expectFailure(ending, { code: 'unavailable' });
      expect(here.requests.of('command')).toEqual([]);
      await expectUntouched(here, 'other');
      expect(await here.command('other', 'lock', { value: 'lock' })).toMatchObject({
        status: 'succeeded',
      });
      expect(here.car('other').count('lock', 'lock')).toBe(1);
    });
  }

  if (tellsOfLock) {
    test(`${name}, a PIN that is locked for a while`, async () => {
      const here = theHome();
      const owner = here.owner('other');
      if (!('control' in owner)) expect.unreachable('no tokens for commands');
      // The client keeps what a PIN has opened: the vendor drops it.
      owner.control.revoke();
      Object.assign(owner.control, { lock_s: 3 });
      owner.control.lock();
      here.requests.clear();
      for (const says of [/locked/, /locked/]) {
        const ending = await here.command('other', 'lock', { value: 'lock' });
        expectFailure(ending, { code: 'pin_rejected', says });
        expect(ending.retry_after_s).toBeGreaterThan(0);
      }
      expect(here.requestsTo(path ?? /./)).toHaveLength(1);
      await here.untilReady('other');
      const unlocked = Date.now() + 4500;
      await waitUntil(
        () => Date.now() > unlocked,
        10_000,
        () => 'the PIN to be unlocked',
      );
      expect(await here.command('other', 'lock', { value: 'lock' })).toMatchObject({
        status: 'succeeded',
      });
    });
  }

  test(`${name}, a wrong PIN goes out once and not again`, async () => {
    const here = theHome();
    const owner = here.owner('wrong-pin');
    if ('pin' in owner) owner.pin += '-changed';
    here.requests.clear();
    for (const says of [/refused the PIN/, /not sent again/]) {
      const ending = await here.command('wrong-pin', 'lock', { value: 'lock' });
      expectFailure(ending, { code: 'pin_rejected', says });
    }
    const sent = path === null ? here.requests.of('command') : here.requestsTo(path);
    expect(sent).toHaveLength(1);
    if (path !== null) expect(here.requests.of('command')).toEqual([]);
    await expectUntouched(here, 'wrong-pin');
  });

  test(`${name}, without a PIN nothing is asked`, async () => {
    const here = theHome();
    here.requests.clear();
    const ending = await here.command('no-pin', 'lock', { value: 'lock' });
    expectFailure(ending, { code: 'pin_rejected', says: /no PIN in the configuration/ });
    expect(here.requests.of('command')).toEqual([]);
    if (path !== null) expect(here.requestsTo(path)).toEqual([]);
    await expectUntouched(here, 'no-pin');
  });
}

/** A PIN is no reason to take a command off the list. */
async function expectUntouched<M extends Maker>(
  here: CommandedHome<M>,
  name: Resident,
): Promise<void> {
  expect(here.car(name).executed).toEqual([]);
  expect(here.offered(name)).toContain('lock');
  await here.untilReady(name);
}

/**
 * Whether the row tells reports from before the command from those after it. What a car tells in the second in which
 * the command leaves counts as news.
 */
function isTimed<M extends Maker>({ ends }: CommandRow<M>): boolean {
  return 'code' in ends ? ends.outcome === 'unknown' : ends.confirmed_by === 'action_status';
}

/** Each report is a second after the one before, so that cars that report often run ahead of the clock. */
function timedFirst<M extends Maker>(rows: readonly CommandRow<M>[]): readonly CommandRow<M>[] {
  return [...rows.filter(isTimed), ...rows.filter((row) => !isTimed(row))];
}

/** The maker's own limit of requests. */
function isLimit<M extends Maker>({ ends }: CommandRow<M>): boolean {
  return 'code' in ends && ends.code === 'rate_limited';
}

/** An account is left alone after such a row, so each has one of its own. */
function limitsOf<M extends Maker>(rows: readonly CommandRow<M>[]) {
  return rows.filter(isLimit).map((row, place) => {
    const who: Resident = `limited-${place}`;
    return { who, row };
  });
}

/** Neither a command nor a read is sent for the time that the maker has named, or else until its next day. */
async function expectBlocked<M extends Maker>(
  here: CommandedHome<M>,
  name: Resident,
  { retry_after_s = 0 }: LifeCycleEvent,
): Promise<void> {
  const sent = here.requestsOf(name).length;
  const done = here.owner(name).commands.carriedOut.length;
  for (const [command, value] of [
    ['refresh', 'cached'],
    ['lock', 'lock'],
  ] as const) {
    const refused = await here.command(name, command, { value });
    expect(refused).toMatchObject({ status: 'rejected', code: 'rate_limited', retryable: true });
    expect(refused.retry_after_s).toBeGreaterThan(0);
    expect(refused.retry_after_s).toBeLessThanOrEqual(retry_after_s);
  }
  expect(here.requestsOf(name)).toHaveLength(sent);
  expect(here.owner(name).commands.carriedOut).toHaveLength(done);
  await here.untilReady(name);
}

/** The car as the row finds it, known to be so or to be anything, and how often it was locked before. */
async function unlocked<M extends Maker>(
  here: CommandedHome<M>,
  name: Resident,
  mayBeUnknown = false,
) {
  const car = here.car(name);
  const isKnown = mayBeUnknown || here.state(name).lock.state === 'unlocked';
  if (car.reported().state.locked || !isKnown) {
    car.change({ locked: false });
    car.wake();
    // A read that was under way before brings what was before.
    const isTold = async () => {
      await here.read(name);
      return here.state(name).lock.state === 'unlocked';
    };
    await waitUntil(isTold, 10_000, () => 'the car to be known as unlocked');
  }
  here.requests.clear();
  return { car, before: car.count('lock', 'lock') };
}

async function expectRow<M extends Maker>(
  row: CommandRow<M>,
  here: CommandedHome<M>,
  cloud: Cloud,
  name: Resident,
): Promise<LifeCycleEvent> {
  const { ends, refusedFirst = false, expires_in } = row;
  const isDone = 'confirmed_by' in ends;
  const isUnknown = !isDone && ends.outcome === 'unknown';
  const { car, before } = await unlocked(here, name, isUnknown);
  if (isTimed(row)) await here.pastReport(name);
  const ending = await brokenBy(row, here.owner(name), cloud, () =>
    here.command(name, 'lock', { value: 'lock', ...(expires_in && { expires_in }) }),
  );
  if (isDone) expect(ending).toMatchObject({ status: 'succeeded', ...ends });
  else expectFailure(ending, ends);
  expect(car.count('lock', 'lock') - before).toBe(row.done ?? Number(isDone));
  expect(refusedFirst ? [1, 2] : [1]).toContain(here.requests.of('command').length);
  const { lock } = await here.stateAfter(name, ending);
  expect(lock.state).toBe(isDone ? 'locked' : isUnknown ? null : 'unlocked');
  const events = here.events(ending);
  expect(events[0]?.status).toBe('accepted');
  expect(events.filter(isEnding)).toHaveLength(1);
  await here.untilReady(name);
  return ending;
}

/** Nothing of a row is left for the next one. */
async function brokenBy<M extends Maker, T>(
  { faults = [], before }: CommandRow<M>,
  owner: Owner<M>,
  cloud: Cloud,
  work: () => Promise<T>,
): Promise<T> {
  const asItWas = Object.fromEntries(Object.entries(owner));
  for (const fault of faults) cloud.fault(fault);
  before?.(owner, cloud);
  try {
    return await work();
  } finally {
    cloud.clearFaults();
    Object.assign(owner, asItWas);
    Object.assign(owner.commands, { delay_ms: 0, conduct: () => 'obeys', tells: 'truth' });
  }
}
