import { SimulatedCar } from '../../src/vehicle/simulated-car.js';

/** A number of new cars (made by `seed`), or cars that the test has made itself. */
export type Cars = number | readonly SimulatedCar[];

/** Cars whose reports the makers' formats can tell apart: these know whole seconds only. */
export function carsOf(
  cars: Cars,
  options: {
    readonly brand: string;
    readonly region: string;
    readonly seed: number;
    readonly now: () => number;
  },
): readonly SimulatedCar[] {
  if (typeof cars !== 'number') return cars;
  const clock = { now: options.now, report_step_ms: 1000 };
  return Array.from({ length: cars }, (_, index) =>
    SimulatedCar.create({ ...options, index }, clock),
  );
}
