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

/** With 20 of them their Python processes keep two cores busy for a minute. */
const count = Number(process.env['BLUELINK2MQTT_TEST_FLEET_ACCOUNTS'] ?? 6);
const patience_ms = 60_000 + count * 10_000;
/** What a move of an account waits at least for what has begun. */
const finish_ms = 10_000;
/** So that moves meet commands that are being confirmed. */
const carTakes_ms = 1000;
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

      const statusOf = (id: string) => world.recorder.events(id).find(isEnding)?.status;
      const lives = traffic.sent.map(({ id }) => world.recorder.events(id));
      expect(lives.filter((life) => !isWhole(life))).toEqual([]);
      for (const { owner, vin, car } of owners) {
        const asked = world.cloud.requests.all.filter(({ account }) => account === owner.username);
        const times = (operation: string): number =>
          asked.filter((one) => one.operation === operation).length;
        expect([times('sign_in'), times('refresh'), times('otp')]).toEqual([1, 0, 0]);
        const told = traffic.sent.filter((one) => one.car === car && one.command === 'lock');
        expect(world.cloud.requests.of('command', vin).length).toBeLessThanOrEqual(told.length);
        const done = told.filter(({ id }) => statusOf(id) === 'succeeded');
        expect(owner.commands.carriedOut.length).toBeGreaterThanOrEqual(done.length);
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
    owner.commands.delay_ms = carTakes_ms;
    const vin = owner.cars[0]?.identity.vin ?? expect.unreachable('no car');
    return { owner, vin, entry, car: `${name}-0` };
  });
}

/** Accepted, and ended once and well: as if nobody had ever moved. */
function isWhole(life: readonly LifeCycleEvent[]): boolean {
  const distinct = [...new Map(life.map((event) => [event.seq, event])).values()];
  const [first] = distinct;
  const [ending, ...others] = distinct.filter(isEnding);
  if (first?.status !== 'accepted' || ending === undefined || others.length > 0) return false;
  return ending.status === 'succeeded' || wasTooSlow(first, ending);
}

/** On a machine with much else to do a command may take longer than a move waits for it: then that is what it is told. */
function wasTooSlow(accepted: LifeCycleEvent, { command, code, at }: LifeCycleEvent): boolean {
  const lasted_ms = Date.parse(at) - Date.parse(accepted.at);
  return command === 'lock' && code === 'interrupted' && lasted_ms > finish_ms;
}

function tell(open: readonly Sent[]): string {
  return open.map(({ id, car, command, value }) => `${id} ${car} ${command} ${value}`).join(', ');
}
