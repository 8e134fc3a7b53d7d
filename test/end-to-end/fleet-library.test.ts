import { expect, describe, test } from 'vitest';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import { isEnding } from '../../src/vehicle/life-cycle.js';
import { hyundaiAccount, kiaAccount } from '../support/library-bridge.js';
import { LibraryFleet } from '../support/library-fleet.js';
import {
  type LibraryWorld,
  addHyundai,
  addKia,
  hasLibraryWorld,
  startLibraryWorld,
} from '../support/library-world.js';
import { hasNats, startNats } from '../support/nats.js';
import { waitUntil } from '../support/wait.js';
import { type Sent, SteadyTraffic } from './steady-traffic.js';

const count = 20;
const patience_ms = 200_000;
const instances = ['one', 'two', 'three'];
const turns = [
  ['refresh', 'cached'],
  ['lock', 'lock'],
  ['refresh', 'cached'],
  ['refresh', 'force'],
] as const;

describe.skipIf(!hasLibraryWorld || !hasNats)('a fleet with the real library', () => {
  test(
    'each instance in turn is restarted under load: nothing is lost, and nobody signs in again',
    { timeout: 4 * patience_ms },
    async () => {
      const world = await startLibraryWorld();
      const owners = addAccounts(world);
      const fleet = await LibraryFleet.start({
        ...world,
        ...{ nats: await startNats(), instances, workers: Math.ceil(count / 3) + 4 },
        accounts: owners.map(({ entry }) => entry),
      });
      await fleet.waitForAll(instances, patience_ms);
      const cars = owners.map(({ car }) => car);
      const { client } = world.recorder;
      const underWay = Math.ceil(count / 3);
      const traffic = new SteadyTraffic({ client, base: fleet.base, cars, turns, underWay });
      const someMore = (what: string): Promise<void> => {
        const wanted = traffic.ended + underWay;
        const isSo = (): boolean => traffic.ended >= wanted;
        return waitUntil(isSo, patience_ms, () => `commands to end ${what}: ${tell(traffic.open)}`);
      };
      traffic.start();
      await someMore('before anything');
      for (const name of instances) {
        await fleet.restart(name, patience_ms);
        await someMore(`while ${name} starts`);
        await fleet.waitForAll(instances, patience_ms);
        await someMore(`when ${name} is back`);
      }
      traffic.stop();
      const isOver = (): boolean => traffic.open.length === 0;
      await waitUntil(isOver, patience_ms, () => `the last to end: ${tell(traffic.open)}`);

      const lives = traffic.sent.map(({ id }) => world.recorder.events(id));
      expect(lives.filter((life) => !isWhole(life))).toEqual([]);
      for (const { username, vin, car } of owners) {
        const asked = world.cloud.requests.all.filter(({ account }) => account === username);
        const times = (operation: string): number =>
          asked.filter((one) => one.operation === operation).length;
        expect([times('sign_in'), times('refresh'), times('otp')]).toEqual([1, 0, 0]);
        const told = traffic.sent.filter((one) => one.car === car && one.command === 'lock');
        expect(world.cloud.requests.of('command', vin)).toHaveLength(told.length);
      }
      await fleet.waitForAll(instances, patience_ms);
      expect(Object.keys(fleet.state.accounts)).toHaveLength(count);
    },
  );
});

function addAccounts(world: LibraryWorld) {
  return Array.from({ length: count }, (_, place) => {
    const name = `home${String(place)}`;
    const owner = place % 2 === 0 ? addHyundai(world) : addKia(world);
    const entry = 'pin' in owner ? hyundaiAccount(owner, name) : kiaAccount(owner, name);
    const vin = owner.cars[0]?.identity.vin ?? expect.unreachable('no car');
    return { username: owner.username, vin, entry, car: `${name}-0` };
  });
}

/** Accepted once, begun once, and ended well: as if nobody had ever moved. */
function isWhole(life: readonly LifeCycleEvent[]): boolean {
  const distinct = [...new Map(life.map((event) => [event.seq, event])).values()];
  const ended = distinct.filter(isEnding);
  return (
    distinct[0]?.status === 'accepted' && ended.length === 1 && ended[0]?.status === 'succeeded'
  );
}

function tell(open: readonly Sent[]): string {
  return open.map(({ id, car, command, value }) => `${id} ${car} ${command} ${value}`).join(', ');
}
