import { beforeAll, describe, expect, test } from 'vitest';
import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import type { StateDocument } from '../../src/vehicle/state.js';
import { LibraryBridge, type LibraryAccount, libraryAccount } from '../support/library-bridge.js';
import { type LibraryWorld, hasLibraryWorld, startLibraryWorld } from '../support/library-world.js';
import { hasOldLibrary } from '../support/python.js';
import { expectValidDocuments } from './published.js';
import { expectTruth } from './region-truth.js';
import {
  type RegionAccount,
  type RegionWorld,
  RequestsOf,
  refusedTryOf,
  signingIn,
} from './region-world.js';

const day_ms = 24 * 3600 * 1000;

/** An owner who lives in one of the worlds. */
interface Resident extends RegionAccount {
  readonly requests: RequestsOf;
  readonly car: SimulatedCar;
}

interface RegionOptions {
  /** An interpreter for the bridge, where the usual one would wait too long. */
  readonly python?: () => Promise<string>;
}

/** A life of one account in each world, all in one bridge: from the first start to a refused password and back. */
export function describeRegions(
  title: string,
  worlds: readonly RegionWorld[],
  options: RegionOptions = {},
): void {
  describe.skipIf(!hasLibraryWorld || hasOldLibrary)(title, () => {
    const clock = { ahead_ms: 0 };
    const withCodes = worlds.filter(({ code }) => code !== undefined);
    const residents = new Map<string, Resident>();
    let shared: LibraryWorld;
    let bridge: LibraryBridge;
    let python: string | undefined;

    const residentOf = ({ name }: RegionWorld): Resident =>
      residents.get(name) ?? expect.unreachable(`nobody lives in ${name}`);
    const entries = (): LibraryAccount[] =>
      worlds.map((world) => {
        const { name, brand, region, regionNumber } = world;
        return libraryAccount(residentOf(world).owner, {
          name,
          brand,
          region: regionNumber ?? region,
        });
      });
    const carOf = (world: RegionWorld, place = 0): string =>
      residentOf(world).owner.cars[place]?.identity.vin.toLowerCase() ??
      expect.unreachable('no such car');
    const firstCached = ({ firstCached, cached }: RegionWorld) => firstCached ?? cached;

    async function start(accounts: readonly LibraryAccount[], after?: LibraryBridge) {
      bridge = await LibraryBridge.start({
        ...shared,
        accounts,
        ...(after !== undefined && { after }),
        ...(python !== undefined && { python }),
        config: {
          // Pauses that stay short, however often sessions end here.
          retry: { initial: '20ms', max: '20ms' },
          confirm: { read_back: ['1s', '2s', '4s'] },
        },
      });
    }

    /** For the accounts at rest: everything that they have asked is forgotten. */
    function lookAway(): void {
      for (const { requests } of residents.values()) requests.look();
    }

    beforeAll(async () => {
      shared = await startLibraryWorld({ clock: () => Date.now() + clock.ahead_ms });
      for (const [place, world] of worlds.entries()) {
        const account = world.add(shared.cloud, {
          username: `${world.name}@example.com`,
          password: `open-sesame-${String(place)}`,
          pin: `k${String(place)}.z`,
          cars: 2,
          seed: 300 + place,
        });
        const { owner } = account;
        if (world.code !== undefined) owner.otpRequired = true;
        const car = owner.cars[0] ?? expect.unreachable('no car');
        const requests = new RequestsOf(shared.cloud.requests, owner.username);
        residents.set(world.name, { ...account, requests, car });
        account.setLifetime?.(world.shortLife_s ?? 9);
      }
      python = await options.python?.();
      await start(entries());
    });

    describe('at the first start', () => {
      test.each(worlds)('$name is signed in to once, or asks for a code', async (world) => {
        const { requests } = residentOf(world);
        await bridge.waitForAccount(
          world.name,
          world.code === undefined ? 'ready' : 'otp_required',
        );
        const listed = world.code === undefined ? ['list'] : [];
        expect(requests.look()).toEqual([...world.signIn, ...listed]);
      });
    });

    describe.runIf(withCodes.length > 0)('between asking for a code and giving it', () => {
      beforeAll(async () => {
        for (const { name, code } of withCodes) {
          const { method = 'email' } = code ?? {};
          expect(await bridge.otp(name, { method })).toMatchObject({ status: 'succeeded' });
        }
        bridge.daemon.kill('SIGKILL');
        await bridge.daemon.exit;
        await bridge.daemon.expectNothingLeft();
        await start(entries(), bridge);
      });

      test.each(withCodes)('$name has forgotten nothing after a kill', async (world) => {
        const { name, code } = world;
        const { owner, requests } = residentOf(world);
        await bridge.waitForAccount(name, 'otp_required');
        const sent = owner.lastCode ?? expect.unreachable('no code was sent');
        if (code?.wrongFirst === true) {
          const wrong = String(999_999 - Number(sent)).padStart(6, '0');
          const ending = await bridge.otp(name, { code: wrong });
          expect(ending).toMatchObject({ status: 'failed', code: 'otp_required' });
        }
        expect(await bridge.otp(name, { code: sent })).toMatchObject({ status: 'succeeded' });
        await bridge.waitForAccount(name, 'ready');
        expect(requests.look()).toEqual([...(world.byCode ?? []), 'list']);
      });
    });

    describe.each(worlds)('$name', (world) => {
      test('has the cars that its maker lists', async () => {
        const { owner, setLifetime } = residentOf(world);
        setLifetime?.(24 * 3600);
        const state = await bridge.waitForAccount(world.name, 'ready');
        const topics = owner.cars.map((_, place) => carOf(world, place));
        expect(state.accounts[world.name]?.vehicles).toEqual(topics);
        for (const [place, { identity }] of owner.cars.entries()) {
          const { vin, name } = identity;
          const { brand, region, untold = [] } = world;
          const isTold = identity.drivetrain !== 'phev' || !untold.includes('listed_phev');
          const drivetrain = isTold ? identity.drivetrain : null;
          const info = await bridge.info(carOf(world, place));
          expect(info).toMatchObject({ vin, name, drivetrain, brand, region });
        }
      });

      test('a session whose time is over is renewed before the next read', async () => {
        const { requests, setLifetime } = residentOf(world);
        // A maker that does not tell how long its sessions live drops them all the same.
        const isTold = setLifetime !== undefined;
        if (!isTold) clock.ahead_ms = 2 * day_ms;
        const ending = await bridge.refresh(carOf(world), 'cached');
        clock.ahead_ms = 0;
        expect(ending).toMatchObject({ status: 'succeeded' });
        const dropped = isTold ? [] : world.cached.slice(0, 1);
        const read = firstCached(world).filter((one) => one !== 'list');
        expect(requests.look()).toEqual([...dropped, ...world.renewal, 'list', ...read]);
      });

      test('`cached` reads what the cloud knows, and leaves the car alone', async () => {
        const { requests, car } = residentOf(world);
        driveAway(car);
        const ending = await bridge.refresh(carOf(world), 'cached');
        expect(ending).toMatchObject({ status: 'succeeded' });
        const state = await bridge.stateAfter(carOf(world), ending);
        expectTruth(state, car, world);
        expect(state).toMatchObject({ source: 'cached', lock: { state: 'locked' } });
        expect(requests.look()).toEqual(world.cached);
        expect(car.count('wake', 'wake')).toBe(0);
      });

      test('`force` wakes the car just once, and tells what is true now', async () => {
        const { requests, car } = residentOf(world);
        const before = car.reported().at;
        const ending = await bridge.refresh(carOf(world), 'force');
        expect(ending).toMatchObject({ status: 'succeeded' });
        const woken = await bridge.stateAfter(carOf(world), ending);
        expect(woken).toMatchObject({ source: 'force', lock: { state: 'unlocked' } });
        expect(Date.parse(woken.reported_at ?? '')).toBeGreaterThan(before);
        expect(requests.look()).toEqual(world.force);
        const isWhole = world.untold?.includes('woken_odometer') !== true;
        expectTruth(isWhole ? woken : await readAgain(world), car, world);
        expect(car.count('wake', 'wake')).toBe(1);
      });
    });

    describe('after a clean restart', () => {
      beforeAll(async () => {
        await bridge.daemon.stop();
        lookAway();
        await start(entries(), bridge);
      });

      test.each(worlds)('$name goes on without any sign-in', goesOn);
    });

    describe('after a kill', () => {
      beforeAll(async () => {
        bridge.daemon.kill('SIGKILL');
        await bridge.daemon.exit;
        await bridge.daemon.expectNothingLeft();
        lookAway();
        await start(entries(), bridge);
      });

      test.each(worlds)('$name goes on without any sign-in', goesOn);

      test.each(worlds)('$name: one renewal serves all who hold a dead session', async (world) => {
        const { owner, requests } = residentOf(world);
        owner.revokeSession();
        const held = shared.cloud.hold({ account: owner.username, operation: 'cached' });
        const ids = [
          await bridge.send(carOf(world), 'cached'),
          await bridge.send(carOf(world, 1), 'cached'),
          await bridge.send(carOf(world), 'cached'),
        ];
        held.release();
        const endings = await Promise.all(ids.map((id) => bridge.ending(id)));
        expect(endings.map(({ status }) => status)).toEqual(ids.map(() => 'succeeded'));
        const other = owner.cars[1] ?? expect.unreachable('no second car');
        const ending = endings[1] ?? expect.unreachable('no second ending');
        expectTruth(await bridge.stateAfter(carOf(world, 1), ending), other, world);
        const asked = requests.look().filter((one) => [...signingIn, 'list'].includes(one));
        expect(asked).toEqual([...(world.renewalAfterRestart ?? world.renewal), 'list']);
      });
    });

    describe('with a password that the maker no longer takes', () => {
      let before: LibraryAccount[];

      beforeAll(() => {
        before = entries();
        for (const { owner } of residents.values()) {
          owner.password += '-changed';
          owner.revokeSession();
          // With it would go what spares the owner another code.
          if (owner.otpRequired !== true) owner.revokeRefreshToken?.();
        }
        lookAway();
      });

      test.each(worlds)('$name is tried three times and not once more', async (world) => {
        const { requests } = residentOf(world);
        const failed = await bridge.refresh(carOf(world), 'cached');
        expect(failed).toMatchObject({ status: 'failed', code: 'auth_failed' });
        const state = await bridge.waitForAccount(world.name, 'refused');
        expect(state.last_error).toMatchObject({ code: 'auth_failed' });
        const oneTry = refusedTryOf(world);
        expect(requests.look()).toEqual(['cached', ...oneTry, ...oneTry, ...oneTry]);
        await expectRefusal(world);
        await expectRefusal(world);
      });

      test('a restart asks no maker anything', async () => {
        await bridge.daemon.stop();
        await start(before, bridge);
        for (const world of worlds) {
          await bridge.waitForAccount(world.name, 'refused');
          await expectRefusal(world);
        }
        for (const { requests } of residents.values()) expect(requests.look()).toEqual([]);
      });

      test('with the right one all are ready again', async () => {
        await bridge.daemon.stop();
        await start(entries(), bridge);
        for (const world of worlds) {
          await bridge.waitForAccount(world.name, 'ready');
          const ending = await bridge.refresh(carOf(world), 'cached');
          expect(ending).toMatchObject({ status: 'succeeded' });
        }
      });
    });

    test('all that was published fits its schema, and nobody asked for what no maker knows', async () => {
      await expectValidDocuments(shared.recorder.messages);
      expect(shared.cloud.requests.unknown).toEqual([]);
    });

    async function readAgain(world: RegionWorld): Promise<StateDocument> {
      const ending = await bridge.refresh(carOf(world), 'cached');
      const state = await bridge.stateAfter(carOf(world), ending);
      expect(residentOf(world).requests.look()).toEqual(world.cached);
      return state;
    }

    async function goesOn(world: RegionWorld): Promise<void> {
      const { requests } = residentOf(world);
      await bridge.waitForAccount(world.name, 'ready');
      expect(requests.look()).toEqual([]);
      const ending = await bridge.refresh(carOf(world), 'cached');
      expect(ending).toMatchObject({ status: 'succeeded' });
      expect(requests.look()).toEqual(firstCached(world));
    }

    /** At once: before it a command of an account that is ready has `accepted`. */
    async function expectRefusal(world: RegionWorld): Promise<void> {
      const { requests } = residentOf(world);
      const id = await bridge.send(carOf(world), 'cached');
      expect(bridge.events(id)).toMatchObject([
        { status: 'rejected', code: 'auth_failed', seq: 0 },
      ]);
      expect(requests.look()).toEqual([]);
    }
  });
}

/** What the maker hears of when the car is woken. */
function driveAway(car: SimulatedCar): void {
  const { odometer_km, position, climate } = car.live();
  const now = Date.now();
  car.change({
    locked: false,
    soc: 41,
    odometer_km: odometer_km + 12,
    position: { latitude: position.latitude + 0.1, longitude: position.longitude, at: now },
    climate: { ...climate, on: true, ends_at: now + day_ms },
  });
}
