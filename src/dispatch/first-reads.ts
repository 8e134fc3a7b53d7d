import { timerDelay } from '../daemon/clock.js';
import { retryDelay, type RetryPolicy } from '../daemon/retry.js';
import type { KnownVehicle } from '../vehicle/known-vehicle.js';
import type { Failure } from '../vehicle/outcome.js';
import type { Dispatcher } from './dispatcher.js';

const mostTries = 5;

/**
 * Reads each car once after the start, behind what people ask for; a person's own read shares the call. A read that
 * fails is a warning, never an error for anybody, and tried a few times more.
 */
export class FirstReads {
  readonly #dispatcher: Dispatcher;
  readonly #retry: RetryPolicy;
  readonly #onFailure: (car: KnownVehicle, failure: Failure) => void;
  readonly #asked = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(
    dispatcher: Dispatcher,
    retry: RetryPolicy,
    onFailure: (car: KnownVehicle, failure: Failure) => void,
  ) {
    this.#dispatcher = dispatcher;
    this.#retry = { ...retry, limit: mostTries };
    this.#onFailure = onFailure;
  }

  of(cars: readonly KnownVehicle[]): void {
    for (const car of cars.filter((one) => !this.#asked.has(one.listed.id))) {
      this.#asked.add(car.listed.id);
      this.#read(car, 1);
    }
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #read(car: KnownVehicle, attempt: number): void {
    this.#dispatcher.take(car.listed.id, 'cached', {
      priority: 'bridge',
      started: () => undefined,
      waitsAgain: () => undefined,
      ended: (outcome) => {
        if (outcome.ok) return;
        this.#onFailure(car, outcome.failure);
        if (outcome.failure.retryable) this.#readLater(car, attempt, outcome.failure);
      },
    });
  }

  #readLater(car: KnownVehicle, attempt: number, failure: Failure): void {
    const pause_ms = retryDelay(this.#retry, attempt);
    if (pause_ms === undefined) return;
    const asked_ms = (failure.retry_after_s ?? 0) * 1000;
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        this.#read(car, attempt + 1);
      },
      timerDelay(Math.max(pause_ms, asked_ms)),
    );
    this.#timers.add(timer);
  }
}
