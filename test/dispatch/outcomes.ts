import { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { failure, type Failure, type FailureCode } from '../../src/vehicle/outcome.js';
import type { Outcome, Session } from '../../src/vehicle/task.js';

const time = Date.UTC(2026, 10, 22, 9, 0, 0);
const car = SimulatedCar.create({ index: 0, seed: 7 }, { now: () => time });

export function aReading(): Outcome & { ok: true } {
  return {
    ok: true,
    result: { operation: 'cached', report: car.report(), polled_at: new Date(time).toISOString() },
    requests: 1,
  };
}

export function aSignIn(session: Session): Outcome & { ok: true } {
  return { ok: true, result: { operation: 'sign_in', vehicles: [] }, session, requests: 1 };
}

export function aFailure(
  code: FailureCode,
  more: Partial<Pick<Failure, 'outcome' | 'sent' | 'retry_after_s'>> = {},
): Outcome & { ok: false } {
  return { ok: false, failure: failure(code, `the test says ${code}`, more), requests: 0 };
}

/** A promise that the test keeps when it likes. */
export function later<T>(): { readonly promise: Promise<T>; readonly keep: (value: T) => void } {
  let keep: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    keep = resolve;
  });
  return { promise, keep };
}
