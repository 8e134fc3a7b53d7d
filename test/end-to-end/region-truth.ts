import { expect } from 'vitest';
import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import type { StateDocument } from '../../src/vehicle/state.js';
import type { RegionWorld } from './region-world.js';

/** Compares what the bridge publishes with what the car last reported. */
export function expectTruth(
  state: StateDocument,
  car: SimulatedCar,
  { untold = [] }: Pick<RegionWorld, 'untold'>,
): void {
  const truth = car.report();
  const { mode, target } = truth.climate;
  const isTargetTold = mode !== 'off' || !untold.includes('idle_target');
  const { vin, drivetrain, unit } = car.identity;
  const areLimitsTold = drivetrain !== 'phev' || !untold.includes('phev_limits');
  expect(state).toMatchObject({
    vin,
    drivetrain,
    reported_at: wholeSecond(truth.reported_at),
    stale: false,
    lock: truth.lock,
    doors: truth.doors,
    aux_battery: { level: untold.includes('aux_battery') ? null : truth.aux_battery.level },
    climate: { mode, target: isTargetTold ? target : null, unit },
    ev: {
      soc: truth.ev.soc,
      charging: truth.ev.charging,
      plugged: truth.ev.plugged,
      limit_ac: areLimitsTold ? truth.ev.limit_ac : null,
      limit_dc: areLimitsTold ? truth.ev.limit_dc : null,
    },
  });
  // Some clouds count in whole miles.
  expectNear(state.odometer_km, truth.odometer_km, 1);
  expectNear(state.ev.range_km, truth.ev.range_km, 1);
  expectNear(state.location.latitude, truth.location.latitude, 1e-6);
  expectNear(state.location.longitude, truth.location.longitude, 1e-6);
}

function expectNear(value: number | null, truth: number | null, tolerance: number): void {
  if (truth === null || value === null) {
    expect(value).toBe(truth);
    return;
  }
  expect(Math.abs(value - truth)).toBeLessThanOrEqual(tolerance);
}

/** Makers' times have no fractions. */
function wholeSecond(time: string | null): string | null {
  return time?.replace(/\.\d+Z$/, 'Z') ?? null;
}
