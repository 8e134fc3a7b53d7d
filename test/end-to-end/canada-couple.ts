import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import {
  type LifeCycleEvent,
  isEnding,
  lifeCycleEventSchema,
} from '../../src/vehicle/life-cycle.js';
import { type StateDocument, stateDocumentSchema } from '../../src/vehicle/state.js';
import type { CanadaAccount } from '../cloud/canada-account.js';
import type { LoggedRequest } from '../cloud/request-log.js';
import { LibraryBridge, libraryAccount } from '../support/library-bridge.js';
import type { LibraryWorld } from '../support/library-world.js';
import type { Recorded } from '../support/recorder.js';

export type Refresh = 'cached' | 'force' | 'smart';

/** A refresh of one of the two cars. */
export interface Wish {
  readonly place: 0 | 1;
  readonly what: Refresh;
}

/** What became of it: everything the bridge said of it, in order. */
export interface Life extends Wish {
  readonly events: readonly LifeCycleEvent[];
}

/** What is true of a car at any time: each request of a read brings something that the other car never has. */
const traits = [
  { km: 10_000, soc: 20, locked: true, limit_ac: 60, limit_dc: 70, latitude: 45, longitude: -73 },
  {
    km: 80_000,
    soc: 70,
    locked: false,
    limit_ac: 90,
    limit_dc: 100,
    latitude: 49,
    longitude: -123,
  },
] as const;
const places = [0, 1] as const;
/** How far the values of a car move. */
const span = 20;
/** More kilometres than a test has steps. */
const most = 10_000;
const patience_ms = 60_000;

/** Two electric cars of one account in Canada, and the bridge that both are refreshed by. */
export class CanadaCouple {
  readonly account: CanadaAccount;
  readonly bridge: LibraryBridge;
  readonly #world: LibraryWorld;

  private constructor(world: LibraryWorld, account: CanadaAccount, bridge: LibraryBridge) {
    this.#world = world;
    this.account = account;
    this.bridge = bridge;
  }

  static async start(world: LibraryWorld): Promise<CanadaCouple> {
    // These formats know whole seconds only.
    const clock = { now: () => Date.now(), report_step_ms: 1000 };
    const brand = 'kia';
    const account = world.cloud.accounts.canada({
      username: `${randomUUID()}@example.com`,
      password: 'open-sesame-of-two',
      pin: 'k2.z',
      brand,
      cars: places.map((place) =>
        SimulatedCar.create({ index: 0, seed: 500 + place, brand, region: 'canada' }, clock),
      ),
    });
    const bridge = await LibraryBridge.start({
      ...world,
      accounts: [libraryAccount(account, { name: 'couple', region: 'canada', brand })],
      // Broken connections are what it is about here.
      config: { breaker: { failures: 100 } },
    });
    const couple = new CanadaCouple(world, account, bridge);
    couple.drive(0);
    // What the cloud knows so far is of nobody in particular.
    for (const car of account.cars) car.wake();
    await bridge.waitForAccount('couple', 'ready');
    return couple;
  }

  /** Both cars move on, so that a client asks where they are. */
  drive(step: number): void {
    const drift = step % span;
    for (const [place, { km, soc, latitude, longitude, ...more }] of traits.entries()) {
      this.car(place).change({
        ...more,
        plug: 'none',
        charging: false,
        odometer_km: km + step,
        soc: soc + drift,
        position: {
          latitude: latitude + drift / 100,
          longitude: longitude + drift / 100,
          at: Date.now(),
        },
      });
    }
  }

  car(place: number): SimulatedCar {
    return this.account.cars[place] ?? expect.unreachable('no such car');
  }

  /** Sends them all at once, and waits until each has ended. */
  async refresh(wishes: readonly Wish[]): Promise<Life[]> {
    const { recorder } = this.#world;
    const from = recorder.messages.length;
    const sent = wishes.map((wish) => ({ ...wish, id: randomUUID() }));
    await Promise.all(
      sent.map(({ place, what, id }) => {
        const asked = what === 'smart' ? { value: what, max_age: 1 } : { value: what };
        const topic = `${this.#topic(place)}/commands/refresh`;
        return recorder.client.publishAsync(topic, JSON.stringify({ id, ...asked }), { qos: 1 });
      }),
    );
    for (const { id } of sent) {
      await recorder.waitFor((one) => endingOf(one)?.id === id, patience_ms, from);
    }
    const said = recorder.messages.slice(from).filter(isResult);
    return sent.map(({ place, what, id }) => {
      const own = said.filter(({ payload }) => payload.includes(id));
      const topics = new Set(own.map(({ topic }) => topic));
      expect([...topics]).toEqual([`${this.#topic(place)}/result`]);
      return { place, what, events: own.map(eventOf).filter((event) => event.id === id) };
    });
  }

  /** How often a car's cloud was asked for this. */
  asked(place: number, path: string): number {
    return this.requests(place).filter((one) => one.path.endsWith(`/api/${path}`)).length;
  }

  requests(place: number): readonly LoggedRequest[] {
    const { vin } = this.car(place).identity;
    return this.#world.cloud.requests.all.filter(({ vehicle }) => vehicle === vin);
  }

  wakes(place: number): number {
    return this.car(place).count('wake', 'wake');
  }

  /** Every state document of a car so far. */
  documents(place: number): StateDocument[] {
    const topic = `${this.#topic(place)}/state`;
    return this.#world.recorder
      .on(topic)
      .filter(({ payload }) => payload !== '')
      .map(({ payload }) => stateDocumentSchema.parse(JSON.parse(payload)));
  }

  #topic(place: number): string {
    return `${this.bridge.base}/${this.car(place).identity.vin.toLowerCase()}`;
  }
}

/** Fails unless what is told of a car is of this one and not of the other; what is not known may be null. */
export function expectOwn(document: StateDocument, place: 0 | 1): void {
  const { km, soc, latitude, longitude, locked, limit_ac, limit_dc } = traits[place];
  const { ev, location, lock, odometer_km } = document;
  const told = JSON.stringify(document);
  const within = (value: number | null, low: number, width: number): void => {
    if (value === null) return;
    expect(value, told).toBeGreaterThanOrEqual(low);
    expect(value, told).toBeLessThan(low + width);
  };
  within(odometer_km, km, most);
  within(ev.soc, soc, span);
  within(location.latitude, latitude, 1);
  within(location.longitude, longitude, 1);
  expect([locked ? 'locked' : 'unlocked', null], told).toContain(lock.state);
  expect([limit_ac, null], told).toContain(ev.limit_ac);
  expect([limit_dc, null], told).toContain(ev.limit_dc);
}

/** Fails unless every value is there that `expectOwn` would let be unknown. */
export function expectComplete(document: StateDocument | undefined): void {
  const { ev, location, lock, odometer_km } = document ?? expect.unreachable('no document');
  const told = [odometer_km, ev.soc, ev.limit_ac, ev.limit_dc, lock.state, location.latitude];
  expect(told).not.toContain(null);
}

/** How many calls of a kind the bridge has handed to a thread for these refreshes; who joins one has none of its own. */
export function callsOf(lives: readonly Life[], place: number, kind: 'cached' | 'force'): number {
  return lives
    .filter((life) => life.place === place)
    .flatMap(({ what, events }) =>
      events.filter(
        ({ status, shared_with, phase }) =>
          status === 'running' && shared_with === undefined && (phase ?? what) === kind,
      ),
    ).length;
}

export function endingsOf({ events }: Life): readonly LifeCycleEvent[] {
  return events.filter(isEnding);
}

const isResult = ({ topic }: Recorded): boolean => topic.endsWith('/result');

const eventOf = ({ payload }: Recorded): LifeCycleEvent =>
  lifeCycleEventSchema.parse(JSON.parse(payload));

function endingOf(message: Recorded): LifeCycleEvent | undefined {
  const event = isResult(message) ? eventOf(message) : undefined;
  return event !== undefined && isEnding(event) ? event : undefined;
}
