import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import type { CarCommand } from '../../../src/vehicle/simulated-command.js';
import type { CarState } from '../../../src/vehicle/simulated-state.js';
import { type LifeCycleEvent, isEnding } from '../../../src/vehicle/life-cycle.js';
import { type StateDocument, stateDocumentSchema } from '../../../src/vehicle/state.js';
import type { LoggedRequest } from '../../cloud/request-log.js';
import { LibraryBridge, libraryAccount } from '../../support/library-bridge.js';
import type { LibraryWorld } from '../../support/library-world.js';
import { pythonWithShortSleeps } from '../../support/short-sleeps.js';
import type { CommandCar, CommandHome, CommandOwner } from './homes.js';
import type { Message, Order } from './order.js';

const patience_ms = 60_000;

/** Nothing is refused for what it is, and nothing waits longer than it has to. */
const config = {
  polling: { enabled: false },
  budget: { daily: 1_000_000 },
  confirm: { poll: '100ms', for: '20s', read_back: ['100ms', '300ms', '1s', '2s'] },
  commands: {
    rate: '1000/1s',
    allow: [
      ...['refresh', 'trips', 'lock', 'lock:unlock', 'climate', 'climate:start'],
      ...['climate_temperature', 'climate_duration', 'climate_defrost'],
      ...['climate_seat_front_left', 'climate_seat_front_right'],
      ...['climate_seat_rear_left', 'climate_seat_rear_right'],
      ...['charge', 'charge_limits', 'charge_limit_ac', 'charge_limit_dc', 'charging_current'],
      ...['charge_port', 'windows', 'windows:open', 'lights', 'horn', 'v2l_limit'],
      ...['valet_mode', 'valet_mode:stop', 'schedule', 'navigation'],
    ],
  },
};

/** A car of the fleet. */
export interface FleetCar {
  readonly home: CommandHome;
  readonly kind: CommandCar;
  readonly owner: CommandOwner;
  readonly simulated: SimulatedCar;
  /** Its name in the topics. */
  readonly topicId: string;
}

/** What came of an order. */
export interface Outcome {
  /** Of each message, in the order in which they were sent, everything that the bridge said of it. */
  readonly lives: readonly (readonly LifeCycleEvent[])[];
  /** The document right after the ending. */
  readonly state: StateDocument;
  /** What the car was, right after the ending. */
  readonly truth: CarState;
  /** The document of the next read; none where the car was told nothing. */
  readonly read: StateDocument | undefined;
  /** What the car has carried out from the first message to that read. */
  readonly carriedOut: readonly CarCommand[];
  /** What was asked of its cloud for it, up to there. */
  readonly requests: readonly LoggedRequest[];
}

/** Cars of one or more homes, all behind one bridge. */
export class Fleet {
  readonly world: LibraryWorld;
  readonly cars: readonly FleetCar[];
  readonly bridge: LibraryBridge;

  private constructor(world: LibraryWorld, cars: readonly FleetCar[], bridge: LibraryBridge) {
    this.world = world;
    this.cars = cars;
    this.bridge = bridge;
  }

  /** Resolves when every account is ready. */
  static async start(world: LibraryWorld, homes: readonly CommandHome[]): Promise<Fleet> {
    const cars = homes.flatMap((home, place) => settle(world, home, place));
    const accounts = homes.map((home) => {
      const { owner } = cars.find((car) => car.home === home) ?? expect.unreachable('no car');
      return libraryAccount(owner, home);
    });
    const python = await pythonWithShortSleeps(0.02);
    const bridge = await LibraryBridge.start({ ...world, accounts, config, python });
    for (const { name } of homes) await bridge.waitForAccount(name, 'ready');
    return new Fleet(world, cars, bridge);
  }

  car(home: CommandHome, kind: CommandCar): FleetCar {
    const found = this.cars.find((car) => car.home === home && car.kind === kind);
    return found ?? expect.unreachable('no such car');
  }

  /** Publishes a command with an id of its own, which it answers. */
  async send({ topicId }: FleetCar, { command, payload }: Message): Promise<string> {
    const id = randomUUID();
    const fields = typeof payload === 'object' ? payload : { value: payload };
    const topic = `${this.bridge.base}/${topicId}/commands/${command}`;
    await this.world.recorder.publish(topic, JSON.stringify({ id, ...fields }));
    return id;
  }

  /** Sends a message and answers everything that was said of it. */
  async life(car: FleetCar, message: Message): Promise<readonly LifeCycleEvent[]> {
    return this.#lifeOf(await this.send(car, message));
  }

  /** Tells a car something, and waits until all of it has ended and the car was read anew. */
  async carryOut(car: FleetCar, order: Order): Promise<Outcome> {
    const { simulated, owner } = car;
    const { requests } = this.world.cloud;
    await nextSecond(simulated);
    if (order.before !== undefined) simulated.change(order.before);
    const [asked, done] = [requests.all.length, owner.commands.carriedOut.length];
    const from = this.world.recorder.messages.length;
    const ids: string[] = [];
    for (const message of order.messages) ids.push(await this.send(car, message));
    const lives = await Promise.all(ids.map((id) => this.#lifeOf(id)));
    const truth = simulated.live();
    const read = order.does.length === 0 ? undefined : await this.#nextRead(car, lives, from);
    const state = await this.#stateAfter(car, lives, read);
    return {
      ...{ lives, state, truth, read },
      carriedOut: owner.commands.carriedOut
        .slice(done)
        .filter(({ vehicle }) => vehicle === simulated.identity.vin)
        .map(({ command }) => command),
      requests: this.requests(car, asked),
    };
  }

  /** A set-point that came with a start is the newest command, but has ended before. */
  #stateAfter(
    { topicId }: FleetCar,
    lives: Outcome['lives'],
    read: StateDocument | undefined,
  ): StateDocument | Promise<StateDocument> {
    const newest = lives.at(-1)?.at(-1) ?? expect.unreachable('no message');
    const last = lives.every((life) => (life.at(-1)?.at ?? '') <= newest.at);
    return last || read === undefined ? this.bridge.stateAfter(topicId, newest) : read;
  }

  /** What its cloud was asked for a car, from a place in the log on. */
  requests({ simulated }: FleetCar, from = 0): readonly LoggedRequest[] {
    const { vin } = simulated.identity;
    return this.world.cloud.requests.all.slice(from).filter(({ vehicle }) => vehicle === vin);
  }

  async #lifeOf(id: string): Promise<readonly LifeCycleEvent[]> {
    await this.world.recorder.waitForEnding(id, patience_ms);
    const events = this.bridge.events(id);
    expect(events.filter(isEnding)).toHaveLength(1);
    return events;
  }

  /** The first document of a read after the vendor has taken the command, but for those from before its ending. */
  async #nextRead(
    { topicId }: FleetCar,
    lives: Outcome['lives'],
    from: number,
  ): Promise<StateDocument> {
    const steps = lives.flat().filter(({ status }) => status === 'confirming');
    const since = steps[0]?.at ?? '';
    const topic = `${this.bridge.base}/${topicId}/state`;
    const parsed = (payload: string) => stateDocumentSchema.parse(JSON.parse(payload));
    const isWanted = (payload: string): boolean => {
      const { polled_at, lock } = parsed(payload);
      return (polled_at ?? '') > since && lock.state !== 'locking' && lock.state !== 'unlocking';
    };
    const found = await this.world.recorder.waitFor(
      (message) => message.topic === topic && isWanted(message.payload),
      patience_ms,
      from,
    );
    return parsed(found.payload);
  }
}

/** Makers' times have no fractions: of two reports in one second nobody could tell which is the newer one. */
export async function nextSecond(car: SimulatedCar): Promise<void> {
  const over = (Math.floor(car.reported().at / 1000) + 1) * 1000;
  await pause(Math.max(0, over - Date.now()));
}

/** Each car has a clock that counts as these makers' times do. */
function settle({ cloud }: LibraryWorld, home: CommandHome, place: number): FleetCar[] {
  const { brand, region } = home;
  const clock = { now: () => Date.now(), report_step_ms: 1000 };
  const seed = 600 + place;
  const cars = home.cars.map(({ index }) =>
    SimulatedCar.create({ index, seed, brand, region }, clock),
  );
  const owner = home.add(cloud, {
    username: `${home.name}@example.com`,
    password: `open-sesame-${home.name}`,
    pin: `k${String(place)}.z`,
    cars,
  });
  return home.cars.map((kind, at) => {
    const simulated = cars[at] ?? expect.unreachable('no such car');
    const topicId = simulated.identity.vin.toLowerCase();
    return { home, kind, owner, simulated, topicId };
  });
}
