import { beforeAll, describe, expect, test } from 'vitest';
import { at } from '../../cloud/wire.js';
import {
  type LibraryWorld,
  hasLibraryWorld,
  startLibraryWorld,
} from '../../support/library-world.js';
import { hasOldLibrary } from '../../support/python.js';
import { expectLawfulLives, expectValidDocuments } from '../published.js';
import { drivesOf, expectDrives, tripsAfter } from './drives.js';
import { Fleet, type FleetCar, type Outcome } from './fleet.js';
import type { CommandCar, CommandHome } from './homes.js';
import { type Message, type Order, titleOf } from './order.js';
import { ordersFor, ordersOfLock } from './orders.js';

/** Long enough for all that a car is told before, on a machine with much else to do. */
const wholeSeries_ms = 280_000;

/** A payload for each command that nothing but the car could refuse. */
const harmless: readonly Message[] = [
  ...['charge', 'valet_mode'].map((command) => ({ command, payload: 'start' })),
  ...['charge_limit_ac', 'charge_limit_dc'].map((command) => ({ command, payload: 80 })),
  { command: 'charge_limits', payload: { ac: 80, dc: 90 } },
  { command: 'charging_current', payload: 100 },
  { command: 'charge_port', payload: 'close' },
  { command: 'windows', payload: 'close' },
  ...['lights', 'horn'].map((command) => ({ command, payload: 'PRESS' })),
  { command: 'v2l_limit', payload: 40 },
  { command: 'schedule', payload: { enabled: true } },
  {
    command: 'navigation',
    payload: { pois: [{ name: 'Pier', latitude: 1, longitude: 2, address: '' }] },
  },
  { command: 'trips', payload: { month: '2024-05' } },
  { command: 'climate_duration', payload: 5 },
  ...['front_left', 'front_right', 'rear_left', 'rear_right'].map((seat) => ({
    command: `climate_seat_${seat}`,
    payload: 'off',
  })),
];

/** Every command that is offered in these homes, to every kind of car, each once through everything. */
export function describeCommands(title: string, homes: readonly CommandHome[]): void {
  describe.skipIf(!hasLibraryWorld || hasOldLibrary)(title, () => {
    let world: LibraryWorld;
    let fleet: Fleet;
    const outcomes = new Map<Order, Promise<Outcome>>();
    const orders = new Map<CommandCar, readonly Order[]>();
    for (const car of homes.flatMap(({ cars }) => cars))
      orders.set(
        car,
        ordersFor(car).map((one) => ({ ...one })),
      );

    beforeAll(async () => {
      world = await startLibraryWorld();
      fleet = await Fleet.start(world, homes);
      for (const { topicId } of fleet.cars) {
        expect(await fleet.bridge.refresh(topicId, 'cached')).toMatchObject({
          status: 'succeeded',
        });
      }
    }, wholeSeries_ms);

    const kinds = homes.flatMap((home) => home.cars.map((kind) => ({ home, kind })));

    describe.each(kinds)('$home.name, $kind.title', ({ home, kind }) => {
      const car = (): FleetCar => fleet.car(home, kind);

      test('its `info` lists what is offered there, and nothing else', async () => {
        const commands = await offeredBy(car());
        expect(Object.keys(commands).toSorted()).toEqual(kind.offered);
        const { range } = kind.climate;
        expect(at(commands, 'climate', 'fields', 'temperature')).toEqual(range);
        expect(commands['climate_temperature']).toEqual({ ...range, allowed: true });
        const fields = at(commands, 'climate', 'fields') as object;
        expect(Object.keys(fields).toSorted()).toEqual(climateFields(kind));
      });

      const refused = harmless.filter(({ command }) => !kind.offered.includes(command));
      test.each(refused)('$command is refused, and nothing is asked', async (message) => {
        const asked = world.cloud.requests.all.length;
        const life = await fleet.life(car(), message);
        expect(life).toMatchObject([{ seq: 0, status: 'rejected', code: 'unsupported' }]);
        expect(fleet.requests(car(), asked)).toEqual([]);
      });
    });

    describe('told everything, all cars side by side', () => {
      beforeAll(() => {
        for (const { home, kind } of kinds) tellAll(home, kind);
      });

      describe.each(kinds)('$home.name, $kind.title', ({ home, kind }) => {
        const told = (orders.get(kind) ?? []).map((order) => ({ order, title: titleOf(order) }));
        test.each(told)('$title', { timeout: wholeSeries_ms }, async ({ order }) => {
          const outcome = await (outcomes.get(order) ?? expect.unreachable('it was not told'));
          expectLife(order, outcome, home);
          expect(outcome.carriedOut).toEqual(order.does);
          const sent = outcome.requests.filter(({ operation }) => operation === 'command');
          expect(sent).toHaveLength(order.does.length);
          expect(outcome.truth).toMatchObject(order.truth ?? {});
          expectShown(order.shows, outcome.state, []);
          if (outcome.read !== undefined) {
            expectShown(order.shows, outcome.read, kind.untold ?? []);
          }
        });
      });
    });

    const driven = kinds.filter(({ kind }) => kind.offered.includes('trips'));

    describe.runIf(driven.length > 0).each(driven)('$home.name, $kind.title', ({ home, kind }) => {
      test('trips of a month', async () => {
        const car = fleet.car(home, kind);
        const { month, days } = drivesOf(car);
        const document = await read(car, { month }, month);
        expect(document.days).toMatchObject(
          days.map(({ date, trips }) => ({ date, trips, list: null })),
        );
      });

      test('trips of a day', async () => {
        const car = fleet.car(home, kind);
        const { month, days } = drivesOf(car);
        const day = days.at(-1) ?? expect.unreachable('nothing was driven');
        expectDrives(await read(car, { day: day.date }, month), day);
      });
    });

    describe('where the maker says nothing of what it has taken', () => {
      beforeAll(async () => {
        await Promise.allSettled(outcomes.values());
      }, wholeSeries_ms);

      test.each(homes)('$name: the state of the car tells', async (home) => {
        const [kind = expect.unreachable('no car')] = home.cars;
        const car = fleet.car(home, kind);
        car.owner.commands.tells = 'nothing';
        for (const order of ordersOfLock) {
          const { lives, carriedOut, read } = await fleet.carryOut(car, order);
          expect(lives[0]?.at(-1)).toMatchObject({ status: 'succeeded', confirmed_by: 'state' });
          expect(carriedOut).toEqual(order.does);
          expectShown(order.shows, read ?? {}, []);
        }
      });
    });

    test(
      'all that was published fits its schema, and nobody asked for what no maker knows',
      async () => {
        await Promise.allSettled(outcomes.values());
        await expectValidDocuments(world.recorder.messages);
        expectLawfulLives(world.recorder.messages);
        expect(world.cloud.requests.unknown).toEqual([]);
        expect(world.cloud.requests.repeats()).toEqual([]);
      },
      wholeSeries_ms,
    );

    async function offeredBy({ topicId }: FleetCar): Promise<Record<string, unknown>> {
      const topic = `${fleet.bridge.base}/${topicId}/info`;
      await fleet.bridge.info(topicId);
      const newest = world.recorder.on(topic).at(-1)?.payload ?? '{}';
      return at(JSON.parse(newest), 'commands') as Record<string, unknown>;
    }

    /** One after another; a failure is told by its own test, and the next order is told all the same. */
    function tellAll(home: CommandHome, kind: CommandCar): void {
      let before: Promise<unknown> = Promise.resolve();
      for (const order of orders.get(kind) ?? []) {
        const outcome = before.then(() => fleet.carryOut(fleet.car(home, kind), order));
        outcomes.set(order, outcome);
        before = outcome.catch(() => undefined);
      }
    }

    async function read(car: FleetCar, period: object, month: string) {
      const from = world.recorder.messages.length;
      const [asked, done] = [world.cloud.requests.all.length, car.owner.commands.carriedOut.length];
      const life = await fleet.life(car, { command: 'trips', payload: { ...period } });
      expect(life[0]).toMatchObject({ status: 'accepted' });
      expect(life.at(-1)).toMatchObject({ status: 'succeeded' });
      const document = await tripsAfter(fleet, car, month, from);
      const requests = fleet.requests(car, asked).map(({ operation }) => operation);
      expect(requests.filter((one) => one !== 'detail')).toEqual([]);
      expect(car.owner.commands.carriedOut).toHaveLength(done);
      return document;
    }
  });
}

/** From the acceptance to the ending, without a detour. */
function expectLife({ does }: Order, { lives }: Outcome, { confirmedBy }: CommandHome): void {
  for (const life of lives) {
    const statuses = life.map(({ status }) => status);
    const command = life[0]?.command ?? '';
    // The bridge keeps a set-point that does not start anything.
    const isKept = does.length === 0 || (command.startsWith('climate_') && statuses.length === 2);
    expect(statuses, JSON.stringify(life.at(-1))).toEqual(
      isKept ? ['accepted', 'succeeded'] : ['accepted', 'running', 'confirming', 'succeeded'],
    );
    if (!isKept) expect(life.at(-1)).toMatchObject({ confirmed_by: confirmedBy(command) });
  }
}

function expectShown(shows: Order['shows'], state: object, untold: readonly string[]): void {
  for (const [place, value] of Object.entries(shows)) {
    const shown = at(state, ...place.split('.'));
    expect(shown, place).toEqual(untold.includes(place) ? null : value);
  }
}

function climateFields({ climate }: CommandCar): readonly string[] {
  const { longest_min, hasWheelLevels, seats } = climate;
  return [
    'temperature',
    ...(longest_min === null ? [] : ['duration']),
    'defrost',
    'heating',
    ...(hasWheelLevels ? ['steering_wheel'] : []),
    ...seats.map((seat) => `seats.${seat}`),
  ].toSorted();
}
