import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';

/** Wakes on their way to the car: the cloud only takes them, and the car reports in its own time. */
export class Wakes {
  /** What the cloud says; only an accepted wake goes to the car. */
  answer: 'accepted' | 'rate_limited' | 'duplicate' = 'accepted';
  /** How long the car takes to its report; `never` for one that does not hear. */
  delay_ms: number | 'never' = 1_000;
  readonly #timers = new Set<NodeJS.Timeout>();

  /** Never within the call: the caller reads the old report at once after it. */
  send(car: SimulatedCar): void {
    if (this.delay_ms === 'never') return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      car.wake();
    }, this.delay_ms);
    this.#timers.add(timer);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
