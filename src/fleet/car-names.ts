import { isCalled } from '../vehicle/known-vehicle.js';

/** A car as every instance of the fleet knows it. */
export interface DirectoryCar {
  /** The vendor's. */
  readonly id: string;
  readonly vin: string | null;
  readonly topic_id: string;
  /** Whether the account lists it no more. It may be back. */
  readonly is_gone: boolean;
}

export interface FoundCar {
  readonly account: string;
  readonly topic_id: string;
  /** False for a VIN in mixed case: nobody subscribes to the topics of all the ways to write it so. */
  readonly exact: boolean;
}

interface OwnedCar {
  readonly account: string;
  readonly car: DirectoryCar;
}

/** Finds a car of the fleet by whatever it may be called. */
export class CarNames {
  readonly #cars = new Map<string, readonly DirectoryCar[]>();
  /** By every name in lower case: a few candidates, of which `isCalled` decides. */
  readonly #byName = new Map<string, readonly OwnedCar[]>();

  carsOf(account: string): readonly DirectoryCar[] {
    return this.#cars.get(account) ?? [];
  }

  /** These are the account's cars now; none forgets the account. */
  set(account: string, cars: readonly DirectoryCar[]): void {
    for (const name of this.carsOf(account).flatMap(namesOf)) {
      const others = (this.#byName.get(name) ?? []).filter((one) => one.account !== account);
      if (others.length === 0) this.#byName.delete(name);
      else this.#byName.set(name, others);
    }
    if (cars.length === 0) this.#cars.delete(account);
    else this.#cars.set(account, cars);
    for (const car of cars) {
      for (const name of namesOf(car)) {
        this.#byName.set(name, [...(this.#byName.get(name) ?? []), { account, car }]);
      }
    }
  }

  /** Where two accounts have a car that is called so, every instance finds the same one. */
  find(name: string): FoundCar | undefined {
    const called = (this.#byName.get(name.toLowerCase()) ?? []).filter(({ car }) =>
      isCalled({ topic_id: car.topic_id, listed: car }, name),
    );
    const [found] = called.toSorted((one, other) => (one.account < other.account ? -1 : 1));
    if (found === undefined) return undefined;
    const { account, car } = found;
    return { account, topic_id: car.topic_id, exact: exactNamesOf(car).includes(name) };
  }
}

/** The names whose topics the owner of the car subscribes to. */
export function exactNamesOf({ topic_id, id, vin }: Omit<DirectoryCar, 'is_gone'>): string[] {
  const vins = vin === null ? [] : [vin.toLowerCase(), vin.toUpperCase()];
  return [...new Set([topic_id, id, ...vins])];
}

function namesOf(car: DirectoryCar): string[] {
  return [...new Set(exactNamesOf(car).map((name) => name.toLowerCase()))];
}
