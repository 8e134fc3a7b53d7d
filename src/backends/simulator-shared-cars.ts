import type { CarClock } from '../vehicle/simulated-car.js';
import type { CarIdentity } from '../vehicle/simulated-state.js';
import { createIdentity } from '../vehicle/simulated-identity.js';
import { SimulatedCar } from '../vehicle/simulated-car.js';
import { SharedText, sharedTextBytes } from './simulator-shared-text.js';

/** Memory for the cars of one account, to be handed to each of its threads. */
export function createSharedCars(vehicles: number): SharedArrayBuffer {
  return new SharedArrayBuffer((vehicles + 1) * sharedTextBytes);
}

export interface SharedCarsOptions {
  readonly shared: SharedArrayBuffer;
  readonly vehicles: number;
  readonly seed: number;
  readonly brand: string;
  readonly region: string;
}

/** The cars of one account as every thread of it sees them. A slot of memory each, and one for the fault counters. */
export class SharedCars {
  readonly identities: readonly CarIdentity[];
  /** How often each fault has struck, across threads. */
  readonly faultCounts: SharedText;
  readonly #options: SharedCarsOptions;
  readonly #clock: CarClock;
  readonly #indexes: ReadonlyMap<string, number>;

  constructor(options: SharedCarsOptions, clock: CarClock) {
    this.#options = options;
    this.#clock = clock;
    this.identities = Array.from({ length: options.vehicles }, (_, index) =>
      createIdentity({ ...options, index }),
    );
    this.#indexes = new Map(this.identities.map(({ id }, index) => [id, index]));
    this.faultCounts = new SharedText(options.shared, options.vehicles);
  }

  /** Looks at a car; `undefined` when the account has none of this id. */
  read<T>(id: string, look: (car: SimulatedCar) => T): T | undefined {
    return this.#with(id, (car) => ({ answer: look(car), changed: false }));
  }

  /** Does something with a car that the other threads shall see. */
  update<T>(id: string, act: (car: SimulatedCar) => T): T | undefined {
    return this.#with(id, (car) => ({ answer: act(car), changed: true }));
  }

  #with<T>(id: string, use: (car: SimulatedCar) => { answer: T; changed: boolean }): T | undefined {
    const index = this.#indexes.get(id);
    if (index === undefined) return undefined;
    return new SharedText(this.#options.shared, index).exchange((text) => {
      const car =
        text === ''
          ? SimulatedCar.create({ ...this.#options, index }, this.#clock)
          : SimulatedCar.fromSnapshot(JSON.parse(text), this.#clock);
      const { answer, changed } = use(car);
      const keep = changed || text === '';
      return keep ? { answer, text: JSON.stringify(car.snapshot()) } : { answer };
    });
  }
}
