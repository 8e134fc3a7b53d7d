import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import type { CarState } from '../../src/vehicle/simulated-state.js';

export const flag = (value: boolean | null): 0 | 1 => (value ? 1 : 0);

export const plugTypes = { none: 0, dc: 1, portable: 2, ac: 3 } as const;

export const seatStates: Record<CarState['climate']['seats']['front_left'], number> = {
  off: 2,
  cool_low: 3,
  cool_medium: 4,
  cool_high: 5,
  heat_low: 6,
  heat_medium: 7,
  heat_high: 8,
};

/** A distance in the maker's unit. */
type Distance = (km: number | null) => { readonly value: number; readonly unit: number };

export const minutes = (value: number | null) => ({ value: value ?? 0, unit: 1 });

export function corners(
  of: Record<'front_left' | 'front_right' | 'rear_left' | 'rear_right', boolean>,
) {
  return {
    frontLeft: flag(of.front_left),
    frontRight: flag(of.front_right),
    backLeft: flag(of.rear_left),
    backRight: flag(of.rear_right),
  };
}

/** Which tyre it is no simulated car knows. */
export function tyreLamps(on: boolean) {
  return {
    tirePressureLampAll: flag(on),
    tirePressureLampFL: flag(on),
    tirePressureLampFR: 0,
    tirePressureLampRL: 0,
    tirePressureLampRR: 0,
  };
}

/** The climate, but for the set point and the seats. */
export function airStatus({ on, defrost, ...heats }: CarState['climate']) {
  return {
    airCtrlOn: on,
    defrost,
    sideBackWindowHeat: flag(heats.rear_window_heat),
    sideMirrorHeat: flag(heats.rear_window_heat),
    steerWheelHeat: flag(heats.steering_wheel_heat),
  };
}

export function seatHeaterVentInfo(seats: CarState['climate']['seats']) {
  return {
    drvSeatHeatState: seatStates[seats.front_left],
    astSeatHeatState: seatStates[seats.front_right],
    rlSeatHeatState: seatStates[seats.rear_left],
    rrSeatHeatState: seatStates[seats.rear_right],
  };
}

export function drvDistance(car: SimulatedCar, distance: Distance) {
  const { ev, fuel, range_km } = car.report();
  return [
    {
      type: 2,
      rangeByFuel: {
        evModeRange: distance(ev.range_km),
        totalAvailableRange: distance(range_km),
        ...(fuel.range_km !== null && { gasModeRange: distance(fuel.range_km) }),
      },
    },
  ];
}

export function remainTime2(car: SimulatedCar) {
  const { ev } = car.report();
  return {
    atc: minutes(ev.minutes_to_limit),
    etc1: minutes(ev.minutes_fast),
    etc2: minutes(ev.minutes_portable),
    etc3: minutes(ev.minutes_station),
  };
}

/** Where the car is, with the time in the maker's form. */
export function located(car: SimulatedCar, timeOf: (at: number) => string) {
  const { latitude, longitude, at } = car.reported().state.position;
  return {
    coord: { lat: latitude, lon: longitude, alt: 0, type: 0 },
    head: 0,
    speed: { value: 0, unit: 0 },
    time: timeOf(at),
  };
}
