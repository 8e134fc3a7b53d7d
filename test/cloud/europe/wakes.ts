import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';

/** Wakes on their way to the car: the cloud only takes them, and the car reports in its own time. */
export class Wakes {
  /** What the cloud says; only an accepted wake goes to the car. */
  answer: 'accepted' | 'rate_limited' | 'duplicate' = 'accepted';
  /** How long the car takes to its report; `never` for one that does not hear. */
  delay_ms: number | 'never' = 1_000;
  readonly #underWay = new Map<NodeJS.Timeout, SimulatedCar>();

  /** Never within the call: the caller reads the old report at once after it. */
  send(car: SimulatedCar): void {
    if (this.delay_ms === 'never') return;
    const timer = setTimeout(() => {
      this.#underWay.delete(timer);
      car.wake();
    }, this.delay_ms);
    this.#underWay.set(timer, car);
  }

  /** What is under way is there now, for a test that waits for no clock. */
  arrive(): void {
    const cars = [...this.#underWay.values()];
    this.stop();
    for (const car of cars) car.wake();
  }

  stop(): void {
    for (const timer of this.#underWay.keys()) clearTimeout(timer);
    this.#underWay.clear();
  }
}
