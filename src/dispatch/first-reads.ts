import type { KnownVehicle } from '../vehicle/known-vehicle.js';
import type { Failure } from '../vehicle/outcome.js';
import type { Dispatcher } from './dispatcher.js';

/**
 * Reads each car once after the start, behind what people ask for; a person's own read shares the call. A read that
 * fails is a warning, never an error for anybody.
 */
export class FirstReads {
  readonly #dispatcher: Dispatcher;
  readonly #onFailure: (car: KnownVehicle, failure: Failure) => void;
  readonly #asked = new Set<string>();

  constructor(dispatcher: Dispatcher, onFailure: (car: KnownVehicle, failure: Failure) => void) {
    this.#dispatcher = dispatcher;
    this.#onFailure = onFailure;
  }

  of(cars: readonly KnownVehicle[]): void {
    for (const car of cars) {
      if (this.#asked.has(car.listed.id)) continue;
      this.#asked.add(car.listed.id);
      this.#dispatcher.take(car.listed.id, 'cached', {
        priority: 'bridge',
        started: () => undefined,
        waitsAgain: () => undefined,
        ended: (outcome) => {
          if (!outcome.ok) this.#onFailure(car, outcome.failure);
        },
      });
    }
  }
}
