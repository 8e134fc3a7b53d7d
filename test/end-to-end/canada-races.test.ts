import { beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from '../cloud/faults.js';
import { Chance } from '../support/crash-random.js';
import { type LibraryWorld, hasLibraryWorld, startLibraryWorld } from '../support/library-world.js';
import {
  CanadaCouple,
  type Life,
  type Refresh,
  type Wish,
  callsOf,
  endingsOf,
  expectComplete,
  expectOwn,
} from './canada-couple.js';
import { expectValidDocuments } from './published.js';

const places = [0, 1] as const;
const refreshes = ['cached', 'force', 'smart'] as const;
const state = { cached: 'lstvhclsts', force: 'rltmvhclsts' } as const;
/** Besides the state: once in every read and every wake. */
const side = ['nxtsvc', 'evc/selsoc', 'alerts/maintenance/evTripDetails'] as const;
/** Where a position is wanted. */
const position = ['vrfypin', 'fndmcr'] as const;

const times = 100;
/** So many refreshes of each car are sent together: equal ones share a call, and far more may wait. */
const together = 4;
/** Each with a read and a wake of both cars at once. */
const disturbedTimes = 40;

// The library keeps the car of a command in headers that all its requests share, and repeats what got no answer.
describe.skipIf(!hasLibraryWorld)('two cars of one account in Canada, refreshed at once', () => {
  const chance = Chance.ofThisRun();
  const seed = `CRASH_SEED=${String(chance.seed)}`;
  let world: LibraryWorld;
  let couple: CanadaCouple;

  beforeAll(async () => {
    world = await startLibraryWorld();
    couple = await CanadaCouple.start(world);
  });

  test(`${String(times)} times: each request is for its car, and each state goes to its topic (${seed})`, async () => {
    // As servers do, this one takes its time: so requests for both cars are under way together.
    world.cloud.fault({ operation: ['cached', 'force'], effect: { is: 'latency', ms: 40 } });
    const before = places.map((place) => couple.wakes(place));
    const lives: Life[] = [];
    for (let step = 0; step < times; step += together) {
      couple.drive(step);
      const wishes = Array.from({ length: together }, () =>
        places.map((place): Wish => ({ place, what: chance.oneOf<Refresh>(...refreshes) })),
      ).flat();
      lives.push(...(await couple.refresh(wishes)));
    }
    expect(lives).toHaveLength(times * 2);
    for (const life of lives) expect(endingsOf(life)).toMatchObject([{ status: 'succeeded' }]);

    for (const place of places) {
      const [cached, force] = [callsOf(lives, place, 'cached'), callsOf(lives, place, 'force')];
      expect(Math.min(cached, force)).toBeGreaterThan(times / together / 4);
      expect(couple.asked(place, state.cached)).toBe(cached);
      expect(couple.asked(place, state.force)).toBe(force);
      for (const path of side) expect(couple.asked(place, path), path).toBe(cached + force);
      expect(couple.wakes(place) - (before[place] ?? 0)).toBe(force);
      const [checked, found] = position.map((path) => couple.asked(place, path));
      expect(found).toBe(checked);
      expect(found).toBeGreaterThan(times / together / 4);
      expectComplete(couple.documents(place).at(-1));
    }
    const ofTwoCars = world.cloud.requests
      .overlaps()
      .filter(([one, other]) => one.vehicle !== other.vehicle);
    expect(ofTwoCars.length).toBeGreaterThan(times / together / 4);
    expect(world.cloud.requests.repeats()).toEqual([]);
    expectNothingMixedUp();
  }, 240_000);

  test(`${String(disturbedTimes)} times while connections break: no car is woken twice (${seed})`, async () => {
    const seen = { strikes: 0, lostWakes: 0, failures: 0 };
    for (let step = 0; step < disturbedTimes; step += 1) {
      couple.drive(times + step);
      world.cloud.requests.clear();
      const before = places.map((place) => couple.wakes(place));
      const faults = Array.from({ length: chance.whole(1, 4) }, () => world.cloud.fault(aBreak()));
      const lives = await couple.refresh(
        places.flatMap((place): Wish[] => [
          { place, what: chance.in(0.7) ? 'force' : 'smart' },
          { place, what: 'cached' },
        ]),
      );
      world.cloud.clearFaults();
      for (const { struck } of faults) seen.strikes += struck;
      for (const place of places) {
        const wakes = couple.wakes(place) - (before[place] ?? 0);
        seen.lostWakes += expectOnce(lives, place, wakes);
      }
      for (const life of lives) seen.failures += expectHonest(life);
    }
    expectNothingMixedUp();
    // That much has to go wrong for this to say anything.
    expect(seen.strikes).toBeGreaterThan(disturbedTimes / 2);
    expect(seen.lostWakes).toBeGreaterThan(2);
    expect(seen.failures).toBeGreaterThan(disturbedTimes / 4);
    const [sound] = await couple.refresh([{ place: 0, what: 'force' }]);
    expect(sound && endingsOf(sound)).toMatchObject([{ status: 'succeeded' }]);
  }, 240_000);

  /** A connection that breaks before or after the server has taken a request. */
  function aBreak(): Fault {
    const path = chance.oneOf(
      state.force,
      state.force,
      state.cached,
      chance.oneOf(...side),
      chance.oneOf(...position),
    );
    return {
      path: new RegExp(`/${path}$`),
      vehicle: couple.car(chance.oneOf(...places)).identity.vin,
      times: 1,
      processed: chance.in(0.5),
      effect: { is: chance.oneOf('reset', 'close') },
    };
  }

  /** Nothing was asked more often than by the calls of the bridge. Answers how many wakes got no answer. */
  function expectOnce(lives: readonly Life[], place: 0 | 1, wakes: number): number {
    const [cached, force] = [callsOf(lives, place, 'cached'), callsOf(lives, place, 'force')];
    // Of each car one command wants a wake.
    expect(force).toBeLessThanOrEqual(1);
    expect(couple.asked(place, state.force), seed).toBe(force);
    expect(wakes, seed).toBeLessThanOrEqual(force);
    expect(couple.asked(place, state.cached), seed).toBe(cached);
    for (const path of [...side, ...position]) {
      expect(couple.asked(place, path), `${path} ${seed}`).toBeLessThanOrEqual(cached + force);
    }
    const unanswered = couple
      .requests(place)
      .filter(({ operation, status }) => operation === 'force' && status === null);
    return wakes === 1 ? unanswered.length : 0;
  }

  /** One ending, and none that hides what happened. Answers 1 for a failure. */
  function expectHonest(life: Life): number {
    const [ending, ...more] = endingsOf(life);
    expect(more, seed).toEqual([]);
    if (ending?.status === 'succeeded') return 0;
    expect(ending, seed).toMatchObject({ status: 'failed', code: 'unavailable' });
    return 1;
  }

  function expectNothingMixedUp(): void {
    for (const place of places) {
      const documents = couple.documents(place);
      expect(documents.length).toBeGreaterThan(times / together);
      for (const document of documents) expectOwn(document, place);
      expect(documents.at(-1)?.vin).toBe(couple.car(place).identity.vin);
    }
    expect(couple.account.mixUps).toEqual([]);
    const { requests } = world.cloud;
    expect(requests.unknown).toEqual([]);
    const nobodys = requests.all.filter(({ vehicle }) => vehicle === null);
    const kinds = nobodys.map(({ operation }) => operation);
    expect(kinds.filter((kind) => kind !== 'sign_in' && kind !== 'list')).toEqual([]);
    expect(kinds.filter((kind) => kind === 'sign_in').length).toBeLessThanOrEqual(1);
  }

  test('all that was published fits its schema', async () => {
    await expectValidDocuments(world.recorder.messages);
  });
});
