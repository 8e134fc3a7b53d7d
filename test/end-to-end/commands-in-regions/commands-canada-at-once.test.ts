import { beforeAll, describe, expect, test } from 'vitest';
import type { CanadaAccount } from '../../cloud/canada-account.js';
import { hasLibraryWorld, startLibraryWorld } from '../../support/library-world.js';
import { Fleet, type FleetCar } from './fleet.js';
import { canada } from './canada-home.js';

const rounds = 20;

// The library keeps the car of a command in headers that all its requests share, and repeats what got no answer.
describe.skipIf(!hasLibraryWorld)('two cars of one account in Canada, told at once', () => {
  let fleet: Fleet;
  let account: CanadaAccount;

  beforeAll(async () => {
    const world = await startLibraryWorld();
    const home = canada('kia');
    fleet = await Fleet.start(world, [
      {
        ...home,
        add: (cloud, credentials) => {
          account = cloud.accounts.canada({ ...credentials, brand: 'kia' });
          return account;
        },
      },
    ]);
    for (const { topicId } of fleet.cars) {
      expect(await fleet.bridge.refresh(topicId, 'cached')).toMatchObject({ status: 'succeeded' });
    }
  });

  test(`${String(rounds)} times: each does what it was told, once, and nothing else`, async () => {
    const { cloud } = fleet.world;
    // As servers do, this one takes its time: so requests for both cars are under way together.
    cloud.fault({ operation: ['pin', 'command', 'poll'], effect: { is: 'latency', ms: 40 } });
    const [locked, heated] = fleet.cars;
    if (locked === undefined || heated === undefined) expect.unreachable('two cars');
    const wanted = { locked: [] as string[], heated: [] as string[] };
    for (let round = 0; round < rounds; round += 1) {
      const isEven = round % 2 === 0;
      const [lock, climate] = [isEven ? 'unlock' : 'lock', isEven ? 'start' : 'stop'];
      const lives = await Promise.all([
        fleet.life(locked, { command: 'lock', payload: lock }),
        fleet.life(heated, { command: 'climate', payload: climate }),
      ]);
      for (const life of lives) {
        expect(life.at(-1), JSON.stringify(life)).toMatchObject({
          status: 'succeeded',
          confirmed_by: 'action_status',
        });
      }
      expect(locked.simulated.live().locked).toBe(!isEven);
      expect(heated.simulated.live().climate.on).toBe(isEven);
      wanted.locked.push(`lock ${lock}`);
      wanted.heated.push(`climate ${climate}`);
    }
    expect(carriedOutBy(locked)).toEqual(wanted.locked);
    expect(carriedOutBy(heated)).toEqual(wanted.heated);
    for (const car of [locked, heated]) {
      const sent = fleet.requests(car).filter(({ operation }) => operation === 'command');
      expect(sent).toHaveLength(rounds);
    }
    expect(account.mixUps).toEqual([]);
    expect(cloud.requests.repeats()).toEqual([]);
    const ofTwoCars = cloud.requests
      .overlaps()
      .filter(([one, other]) => isOfACommand(one.operation) && one.vehicle !== other.vehicle);
    // Without that it would say nothing.
    expect(ofTwoCars.length).toBeGreaterThan(rounds);
  }, 240_000);

  function carriedOutBy({ owner, simulated }: FleetCar): string[] {
    return owner.commands.carriedOut
      .filter(({ vehicle }) => vehicle === simulated.identity.vin)
      .map(({ command }) => `${command.name} ${'value' in command ? command.value : ''}`);
  }
});

function isOfACommand(operation: string): boolean {
  return ['pin', 'command', 'poll'].includes(operation);
}
