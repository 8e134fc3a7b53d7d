import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { z } from 'zod';
import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import type { LifeCycleEvent } from '../../../src/vehicle/life-cycle.js';
import { stateDocumentSchema, type StateDocument } from '../../../src/vehicle/state.js';
import { LibraryBridge, libraryAccount } from '../../support/library-bridge.js';
import type { Cuttable } from '../../support/cuttable.js';
import { type LibraryWorld, doorTo } from '../../support/library-world.js';
import { waitUntil } from '../../support/wait.js';
import type { Home, Maker, Owner } from './homes.js';

/** Longer than any row waits. */
const patience_ms = 30_000;

/**
 * Of one home, each for tests of its own: a PIN that is refused stays so until it is another one, and the account of a
 * limited one is left alone once the maker has named its limit of requests.
 */
export type Resident = 'main' | 'wrong-pin' | 'no-pin' | 'other' | 'half' | `limited-${number}`;

const settings = {
  // What reaches a server that does not answer is given up soon, but not before it has reached it.
  workers: { deadline: { command: '8s' } },
  confirm: { poll: '100ms', for: '400ms', read_back: ['100ms', '200ms'] },
  retry: { initial: '20ms', max: '20ms' },
  breaker: { failures: 100 },
  commands: { rate: '1000/1m' },
};

type Payload = Readonly<Record<string, unknown>>;

/** A built daemon with accounts of one home, whose cars are commanded over MQTT. */
export class CommandedHome<M extends Maker> {
  readonly owners: ReadonlyMap<Resident, Owner<M>>;
  /** Between the daemon and the cloud. */
  readonly door: Cuttable;
  readonly #world: LibraryWorld;
  readonly #start: (after?: LibraryBridge) => Promise<LibraryBridge>;
  #bridge: LibraryBridge;

  private constructor(
    world: LibraryWorld,
    door: Cuttable,
    owners: ReadonlyMap<Resident, Owner<M>>,
    start: (after?: LibraryBridge) => Promise<LibraryBridge>,
    bridge: LibraryBridge,
  ) {
    this.#world = world;
    this.door = door;
    this.#start = start;
    this.#bridge = bridge;
    this.owners = owners;
  }

  /** Resolves when all are signed in and their cars have been read. */
  static async open<M extends Maker>(
    world: LibraryWorld,
    home: Home<M>,
    names: readonly Resident[],
  ): Promise<CommandedHome<M>> {
    const owners = new Map(
      names.map((name) => {
        const username = `${name}@${home.name.replaceAll(' ', '-')}.example`;
        return [name, home.add(world.cloud, username)] as const;
      }),
    );
    const accounts = [...owners].map(([name, owner]) => accountOf(name, owner, home));
    const { door, environment } = await doorTo(world.cloud);
    const cloud = { environment };
    const start = async (after?: LibraryBridge): Promise<LibraryBridge> => {
      const options = { ...world, cloud, accounts, config: settings };
      const bridge = await LibraryBridge.start({ ...options, ...(after && { after }) });
      for (const name of names) await bridge.waitForAccount(name, 'ready');
      return bridge;
    };
    const here = new CommandedHome(world, door, owners, start, await start());
    for (const name of names) await here.read(name);
    return here;
  }

  /** Stops the daemon and starts it again with what it has left. */
  async restart(): Promise<void> {
    await this.#bridge.daemon.stop();
    this.#bridge = await this.#start(this.#bridge);
  }

  get requests() {
    return this.#world.cloud.requests;
  }

  /** Of one account, whatever for. */
  requestsOf(name: Resident) {
    const { username } = this.owner(name);
    return this.requests.all.filter(({ account }) => account === username);
  }

  /** Requests to a path, whatever else they are for. */
  requestsTo(path: RegExp) {
    return this.requests.all.filter((one) => path.test(one.path));
  }

  owner(name: Resident): Owner<M> {
    return this.owners.get(name) ?? expect.unreachable(`nobody is called ${name}`);
  }

  car(name: Resident): SimulatedCar {
    return this.owner(name).cars[0] ?? expect.unreachable('no car');
  }

  /** The bridge knows what the car has reported. */
  async read(name: Resident): Promise<void> {
    expect(await this.#bridge.refresh(name, 'cached')).toMatchObject({ status: 'succeeded' });
  }

  /** What the car has reported so far cannot be taken for news of what it is told now. */
  pastReport(name: Resident): Promise<void> {
    const car = this.car(name);
    const isPast = () => Date.now() > car.reported().at + 1500;
    return waitUntil(isPast, 10_000, () => 'the report to be older than the command');
  }

  /** Answers how it ended. */
  async command(
    name: Resident,
    command: string,
    payload: Payload,
    atMost_ms = patience_ms,
  ): Promise<LifeCycleEvent> {
    const id = randomUUID();
    const topic = `${this.#bridge.base}/${name}/commands/${command}`;
    await this.#world.recorder.publish(topic, JSON.stringify({ id, ...payload }));
    return this.#world.recorder.waitForStatus(
      id,
      ['succeeded', 'failed', 'rejected', 'expired'],
      atMost_ms,
    );
  }

  statuses({ id }: LifeCycleEvent): string[] {
    return this.#bridge.statuses(id);
  }

  events({ id }: LifeCycleEvent): LifeCycleEvent[] {
    return this.#bridge.events(id);
  }

  /** What is published of the car after a command, as soon as it is settled. */
  async stateAfter(
    name: Resident,
    { id, status }: LifeCycleEvent,
    isSettled = isNotUnderWay,
  ): Promise<StateDocument> {
    const topic = `${this.#bridge.base}/${name}/state`;
    const parsed = (payload: string) => stateDocumentSchema.parse(JSON.parse(payload));
    const found = await this.#world.recorder.waitFor((message) => {
      if (message.topic !== topic) return false;
      const state = parsed(message.payload);
      return state.command.id === id && state.command.state === status && isSettled(state);
    }, patience_ms);
    return parsed(found.payload);
  }

  /** The newest state of the car that was published. */
  state(name: Resident): StateDocument {
    const newest = this.#world.recorder.on(`${this.#bridge.base}/${name}/state`).at(-1);
    return stateDocumentSchema.parse(JSON.parse(newest?.payload ?? '{}'));
  }

  /** The commands that the car is offered with by now. */
  offered(name: Resident): string[] {
    const newest = this.#world.recorder.on(`${this.#bridge.base}/${name}/info`).at(-1);
    const { commands } = JSON.parse(newest?.payload ?? '{}') as { commands?: object };
    return Object.keys(commands ?? {});
  }

  waitUntilOffered(name: Resident, command: string, is: boolean): Promise<void> {
    const what = () => `${command} to be ${is ? 'offered' : 'taken away'}`;
    return waitUntil(() => this.offered(name).includes(command) === is, 10_000, what);
  }

  /** Until that is the newest state of the account that was published. */
  untilReady(name: Resident): Promise<void> {
    const accounts = z.object({ accounts: z.record(z.string(), z.object({ state: z.string() })) });
    const isReady = () => {
      const newest = this.#world.recorder.on(`${this.#bridge.base}/bridge/state`).at(-1);
      const state = accounts.parse(JSON.parse(newest?.payload ?? '{}'));
      return state.accounts[name]?.state === 'ready';
    };
    return waitUntil(isReady, 10_000, () => `${name} to be ready`);
  }

  async close(): Promise<void> {
    await this.#bridge.daemon.stop();
    await this.door.down();
  }
}

/** What a command was to change is told when it is stored that nobody knows it any more. */
function isNotUnderWay({ lock }: StateDocument): boolean {
  return lock.state !== 'locking' && lock.state !== 'unlocking';
}

function accountOf<M extends Maker>(name: Resident, owner: Owner<M>, { region, brand }: Home<M>) {
  const { pin: _, ...account } = libraryAccount(owner, { name, region, brand });
  const [car] = owner.cars;
  const id = car?.identity.id ?? expect.unreachable('no car');
  return {
    ...account,
    ...(name !== 'no-pin' && 'pin' in owner && { pin: owner.pin }),
    vehicles: { [id]: { alias: name } },
  };
}
