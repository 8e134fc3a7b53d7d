import { withoutPlug, type Drivetrain, type VehicleReport } from '../../vehicle/state.js';
import { chargingOf } from './charging.js';
import {
  at,
  distance,
  flag,
  isoTime,
  kmOfMiles,
  number,
  percent,
  pressure,
  rounded,
  time,
} from './values.js';
import { seatLevelByNumber } from '../../vehicle/seat-numbers.js';

/** What the account's list says of a car. */
export interface CarFacts {
  readonly id: string;
  readonly vin: string | null;
  readonly name: string | null;
  readonly model: string | null;
  readonly year: number | null;
  readonly drivetrain: Drivetrain | null;
}

/** A clock of the car or the cloud may run ahead; further ahead the time is wrong. */
const aheadTolerance_ms = 5 * 60_000;

/** When the car last told the cloud, in epoch milliseconds. */
export function reportedAt(status: unknown, polledAt: number): number | null {
  const found = time(at(status, 'dateTime'));
  return found !== null && found > polledAt + aheadTolerance_ms ? polledAt : found;
}

/** The report of a car from `vehicleStatus` as Hyundai in the USA sends it, and its odometer in miles. */
export function vehicleReport(
  car: CarFacts,
  status: unknown,
  odometer: unknown,
  polledAt: number,
): VehicleReport {
  const reported = reportedAt(status, polledAt);
  const ev = hasPlug(car, status) ? chargingOf(at(status, 'evStatus'), reported) : withoutPlug;
  const fuel = fuelOf(car, status, ev);
  return {
    vin: car.vin,
    brand: 'hyundai',
    model: car.model,
    year: car.year,
    drivetrain: car.drivetrain,
    reported_at: isoTime(reported),
    lock: lockOf(status),
    ...bodyOf(status),
    climate: climateOf(status),
    location: locationOf(at(status, 'vehicleLocation')),
    odometer_km: kmOfMiles(odometer),
    range_km: rangeOf(status) ?? fuel.range_km,
    outside_temperature_c: null,
    engine_running: flag(at(status, 'engine')),
    ignition_on: null,
    drive_mode: null,
    aux_battery: { level: wholePercent(at(status, 'battery', 'batSoc')), fault: null },
    tyres: tyresOf(status),
    warnings: {
      washer_fluid: flag(at(status, 'washerFluidStatus')),
      brake_fluid: flag(at(status, 'breakOilStatus')),
      oil_level: null,
      key_battery: flag(at(status, 'smartKeyBatteryWarning')),
      lamp: null,
    },
    service: { due_km: null, last_km: null },
    dtc: { count: null },
    ev,
    fuel,
  };
}

function hasPlug({ drivetrain }: CarFacts, status: unknown): boolean {
  if (drivetrain === null) return percent(at(status, 'evStatus', 'batteryStatus')) !== null;
  return drivetrain === 'ev' || drivetrain === 'phev';
}

const ranges = ['evStatus', 'drvDistance', 0, 'rangeByFuel'] as const;

function rangeOf(status: unknown): number | null {
  return distance(at(status, ...ranges, 'totalAvailableRange'));
}

function fuelOf(
  { drivetrain }: CarFacts,
  status: unknown,
  ev: VehicleReport['ev'],
): VehicleReport['fuel'] {
  const level = percent(at(status, 'fuelLevel'));
  const range_km = distance(at(status, ...ranges, 'gasModeRange')) ?? distance(at(status, 'dte'));
  const unsure = drivetrain === null && (ev.soc !== null || (level === null && range_km === null));
  if (drivetrain === 'ev' || unsure) return { level: null, range_km: null, low: null };
  return { level, range_km, low: flag(at(status, 'lowFuelLight')) };
}

function lockOf(status: unknown): VehicleReport['lock'] {
  const locked = flag(at(status, 'doorLock'));
  return { state: locked === null ? null : locked ? 'locked' : 'unlocked' };
}

function cornersOf(corners: unknown) {
  return {
    front_left: flag(at(corners, 'frontLeft')),
    front_right: flag(at(corners, 'frontRight')),
    rear_left: flag(at(corners, 'backLeft')),
    rear_right: flag(at(corners, 'backRight')),
  };
}

function bodyOf(status: unknown): Pick<VehicleReport, 'doors' | 'windows'> {
  const windows = cornersOf(at(status, 'windowOpen'));
  const open = Object.values(windows);
  const all = open.includes(true) ? 'open' : open.includes(null) ? null : 'closed';
  return {
    doors: {
      ...cornersOf(at(status, 'doorOpen')),
      trunk: flag(at(status, 'trunkOpen')),
      hood: flag(at(status, 'hoodOpen')),
    },
    windows: { ...windows, sunroof: null, all },
  };
}

function seatsOf(status: unknown): VehicleReport['climate']['seats'] {
  // The newer name, and the one of older cars.
  const seat = (newer: string, older: string) => {
    const code =
      number(at(status, 'seatHeaterVentInfo', `${newer}SeatHeatState`)) ??
      number(at(status, 'seatHeaterVentState', `${older}SeatHeatState`));
    return (code === null ? undefined : seatLevelByNumber[code]) ?? null;
  };
  return {
    front_left: seat('drv', 'fl'),
    front_right: seat('ast', 'fr'),
    rear_left: seat('rl', 'rl'),
    rear_right: seat('rr', 'rr'),
  };
}

function climateOf(status: unknown): VehicleReport['climate'] {
  const on = flag(at(status, 'airCtrlOn'));
  const seats = seatsOf(status);
  return {
    mode: on === null ? null : on ? 'auto' : 'off',
    defrost: flag(at(status, 'defrost')),
    rear_window_heat: flag(at(status, 'sideBackWindowHeat')),
    steering_wheel_heat: flag(at(status, 'steerWheelHeat')),
    seat_status: seats,
    unit: at(status, 'airTemp', 'unit') === 0 ? 'C' : 'F',
    target: number(at(status, 'airTemp', 'value')),
    duration_min: null,
    start_defrost: false,
    seats: { ...seats },
  };
}

const nowhere = { latitude: null, longitude: null, accuracy_m: null, at: null };

function locationOf(place: unknown): VehicleReport['location'] {
  const latitude = number(at(place, 'coord', 'lat'));
  const longitude = number(at(place, 'coord', 'lon'));
  if (latitude === null || longitude === null) return nowhere;
  if (latitude === 0 && longitude === 0) return nowhere;
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return nowhere;
  return {
    latitude: rounded(latitude, 6),
    longitude: rounded(longitude, 6),
    accuracy_m: null,
    at: isoTime(time(at(place, 'time'))),
  };
}

const tyreLamps = ['All', 'FrontLeft', 'FrontRight', 'RearLeft', 'RearRight'];

function tyresOf(status: unknown): VehicleReport['tyres'] {
  const kpa = (place: string) => pressure(at(status, 'tirePressure', `tirePressure${place}`));
  const lamps = tyreLamps
    .map((lamp) => flag(at(status, 'tirePressureLamp', `tirePressureWarningLamp${lamp}`)))
    .filter((lamp) => lamp !== null);
  return {
    front_left_kpa: kpa('FrontLeft'),
    front_right_kpa: kpa('FrontRight'),
    rear_left_kpa: kpa('RearLeft'),
    rear_right_kpa: kpa('RearRight'),
    warning: lamps.length === 0 ? null : lamps.includes(true),
  };
}

function wholePercent(value: unknown): number | null {
  const found = percent(value);
  return found === null ? null : Math.round(found);
}
