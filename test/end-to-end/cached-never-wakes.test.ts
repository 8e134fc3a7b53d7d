import { beforeAll, describe, expect, test } from 'vitest';
import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import type { StateDocument } from '../../src/vehicle/state.js';
import { stateDocumentSchema } from '../../src/vehicle/state.js';
import type { CloudOperation } from '../cloud/wire.js';
import { type CloudAccount, LibraryBridge, libraryAccount } from '../support/library-bridge.js';
import { type LibraryWorld, hasLibraryWorld, startLibraryWorld } from '../support/library-world.js';
import { hasOldLibrary } from '../support/python.js';
import { pythonWithShortSleeps } from '../support/short-sleeps.js';
import { type Home, homes } from './cached-never-wakes-homes.js';
import { expectValidDocuments } from './published.js';

/** A dozen accounts start side by side. */
const patience_ms = 90_000;
/** How often a person reads each car before the restart. */
const rounds = 2;

/** What reaches a car, in every maker's cloud. */
const waking: readonly CloudOperation[] = ['force', 'command'];

/** What was seen of one car from the outside. */
interface Life {
  /** The document of each cached read: the first after the start, a person's, the first after the restart, a person's. */
  readonly cached: StateDocument[];
  /** What its cloud and the car itself say of wakes, after all of those. */
  asleep?: Wakes;
  forced?: StateDocument;
  awake?: Wakes;
  /** When the car had last told its cloud, before it was woken (epoch ms). */
  reported_at: number;
  /** What went wrong in this region; the others go on. */
  trouble?: unknown;
}

interface Wakes {
  readonly requests: number;
  /** Requests of the car's account, of any kind: that none wakes means nothing where there are none. */
  readonly all: number;
  readonly felt: number;
}

describe.skipIf(!hasLibraryWorld || hasOldLibrary)("what the maker's cloud knows is read", () => {
  const owners = new Map<string, CloudAccount>();
  const lives = new Map<string, Life>();
  let shared: LibraryWorld;
  let bridge: LibraryBridge;
  let python: string;

  const carOf = ({ name }: Home): SimulatedCar =>
    owners.get(name)?.cars[0] ?? expect.unreachable(`no car in ${name}`);
  const lifeOf = ({ name }: Home): Life =>
    lives.get(name) ?? expect.unreachable(`nothing was seen in ${name}`);
  const topicOf = (home: Home): string => carOf(home).identity.vin.toLowerCase();

  function wakesOf(home: Home): Wakes {
    const username = owners.get(home.name)?.username;
    const asked = shared.cloud.requests.all.filter(({ account }) => account === username);
    return {
      requests: asked.filter(({ operation }) => waking.some((one) => one === operation)).length,
      all: asked.length,
      felt: carOf(home).count('wake', 'wake'),
    };
  }

  async function start(after?: LibraryBridge): Promise<void> {
    const accounts = homes.map((home) => {
      const owner = owners.get(home.name) ?? expect.unreachable(home.name);
      return libraryAccount(owner, home);
    });
    bridge = await LibraryBridge.start({
      ...shared,
      ...{ accounts, python },
      ...(after !== undefined && { after }),
      config: { refresh: { on_start: 'cached' } },
    });
  }

  /** The first document of a car that was read after the one before. */
  async function nextRead(home: Home, from: number): Promise<StateDocument> {
    const before = lifeOf(home).cached.at(-1)?.polled_at ?? '';
    const topic = `${bridge.base}/${topicOf(home)}/state`;
    const isNewer = (payload: string): boolean => (stateOf(payload).polled_at ?? '') > before;
    const { payload } = await shared.recorder.waitFor(
      (message) => message.topic === topic && isNewer(message.payload),
      patience_ms,
      from,
    );
    return stateOf(payload);
  }

  async function refresh(home: Home, word: string): Promise<StateDocument> {
    const ending = await bridge.refresh(topicOf(home), word);
    expect(ending, `${word} in ${home.name}`).toMatchObject({ status: 'succeeded' });
    return bridge.stateAfter(topicOf(home), ending);
  }

  async function everywhere(live: (home: Home, life: Life) => Promise<void>): Promise<void> {
    const going = homes.filter((home) => lifeOf(home).trouble === undefined);
    const lived = going.map((home) =>
      live(home, lifeOf(home)).catch((error: unknown) => {
        lifeOf(home).trouble = error;
      }),
    );
    await Promise.all(lived);
  }

  /** From a start of the bridge on: its own read, then those that a person asks for. */
  async function readEverywhere(from: number, times: number): Promise<void> {
    await everywhere(async (home, life) => {
      life.cached.push(await nextRead(home, from));
      for (let time = 0; time < times; time += 1) life.cached.push(await refresh(home, 'cached'));
    });
  }

  beforeAll(async () => {
    shared = await startLibraryWorld();
    python = await pythonWithShortSleeps(0.04);
    for (const [place, home] of homes.entries()) {
      const owner = home.add(shared.cloud, {
        username: `${home.name}@example.com`,
        password: `open-sesame-${String(place)}`,
        pin: `k${String(place)}.z`,
        cars: 1,
        seed: 600 + place,
      });
      owners.set(home.name, owner);
      const car = carOf(home);
      lives.set(home.name, { cached: [], reported_at: car.reported().at });
      // What happens to a car that sleeps, its cloud does not hear of.
      car.change({ locked: false });
    }
    await start();
    await readEverywhere(0, rounds);
    await bridge.daemon.stop();
    const restarted = shared.recorder.messages.length;
    await start(bridge);
    await readEverywhere(restarted, 1);
    for (const home of homes) lifeOf(home).asleep = wakesOf(home);
    await everywhere(async (home, life) => {
      life.forced = await refresh(home, 'force');
      life.awake = wakesOf(home);
    });
  }, 4 * patience_ms);

  describe.each(homes)('$name', (home) => {
    test('and the car sleeps on: at a start, when a person asks, at a restart', () => {
      const { trouble, cached, asleep, forced, awake } = lifeOf(home);
      expect(trouble).toBeUndefined();
      expect(cached.map(({ source }) => source)).toEqual(cached.map(() => 'cached'));
      expect(cached.length).toBe(rounds + 3);
      expect(asleep).toMatchObject({ requests: 0, felt: 0 });
      expect(asleep?.all).toBeGreaterThanOrEqual(cached.length);
      // What is counted here can be seen.
      expect(awake).toMatchObject({ requests: 1, felt: 1 });
      expect(forced?.lock.state).toBe('unlocked');
    });

    test("and its age is the car's own, whenever the bridge has read it", () => {
      const { cached, forced, reported_at } = lifeOf(home);
      const told = new Date(Math.floor(reported_at / 1000) * 1000).toISOString();
      const ages = cached.map((state) => Date.parse(state.reported_at ?? ''));
      expect(ages).toEqual(cached.map(() => Date.parse(told)));
      const polls = [...cached, forced].map((state) => Date.parse(state?.polled_at ?? ''));
      expect(polls).toEqual([...new Set(polls)].sort((one, other) => one - other));
      expect(cached.map(({ lock, stale }) => ({ ...lock, stale }))).toEqual(
        cached.map(() => ({ state: 'locked', stale: false })),
      );
      expect(Date.parse(forced?.reported_at ?? '')).toBeGreaterThan(reported_at);
    });
  });

  test('all of it fits its schema, and nobody asked for what no maker knows', async () => {
    await expectValidDocuments(shared.recorder.messages);
    expect(shared.cloud.requests.unknown).toEqual([]);
  });
});

function stateOf(payload: string): StateDocument {
  return stateDocumentSchema.parse(JSON.parse(payload));
}
