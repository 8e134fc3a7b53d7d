import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import { type CloudRequest, at, compactTime } from '../wire.js';
import type { CarProtocol } from './account.js';

const day_ms = 24 * 3600 * 1000;
/** What the history tells of: this car's driving of a month and of all the time that is kept. */
const kept_km = { month: 900, all: 2700 };

/** Where the car was when it reported; its time is wall time. */
export function position(car: SimulatedCar, timeZone: string): object {
  const { latitude, longitude, at: time } = car.reported().state.position;
  return {
    coord: { lat: latitude, lon: longitude, alt: 0, type: 0 },
    head: 0,
    speed: { value: 0, unit: 0 },
    time: compactTime(time, timeZone),
  };
}

/** What was driven and used (Wh): `periodTarget` 0 asks for a month with its days, 1 for all of it. */
export function drivingHistory(car: SimulatedCar, request: CloudRequest): object {
  const isMonth = at(request.body, 'periodTarget') === 0;
  const whole = drive(car, isMonth ? kept_km.month : kept_km.all);
  const yesterday = compactTime(car.reported().at - day_ms).slice(0, 8);
  const details = isMonth ? { ...drive(car, 30), drivingDate: yesterday } : whole;
  return {
    drivingInfo: [{ drivingPeriod: isMonth ? 0 : 1, ...whole }],
    drivingInfoDetail: [details],
  };
}

function drive(car: SimulatedCar, longest_km: number): Record<string, number> {
  const driven = Math.min(longest_km, Math.floor(car.reported().state.odometer_km));
  const used = Math.round(driven * car.identity.consumption_kwh_100km * 10);
  const share = (part: number): number => Math.round(used * part);
  return {
    totalPwrCsp: used,
    motorPwrCsp: share(0.8),
    climatePwrCsp: share(0.15),
    eDPwrCsp: share(0.04),
    batteryMgPwrCsp: share(0.01),
    regenPwr: share(0.2),
    calculativeOdo: driven,
  };
}

/** The reply of `charge/target`. */
export function chargeTarget(car: SimulatedCar): object {
  const { limit_ac, limit_dc } = car.reported().state;
  return {
    targetSOClist: [
      { plugType: 0, targetSOClevel: limit_dc },
      { plugType: 1, targetSOClevel: limit_ac },
    ],
  };
}

/** The reply of `setting/alert/maintenance`. */
export function maintenance(car: SimulatedCar): object {
  const { odometer_km, service } = car.report();
  return { odometer: odometer_km, remainDistance: service.due_km };
}

/** An entry of the list of cars. */
export function listed(car: SimulatedCar, protocol: CarProtocol | undefined): object {
  const { identity } = car;
  return {
    vehicleId: identity.id,
    vin: identity.vin,
    nickname: identity.name,
    vehicleName: identity.model,
    year: String(identity.year),
    type: { ev: 'EV', phev: 'PHEV', hev: 'HV', ice: 'GN' }[identity.drivetrain],
    regDate: '2024-01-15 08:00:00.000',
    master: true,
    ...(protocol !== undefined && { ccuCCS2ProtocolSupport: protocol === 'ccs2' ? 1 : 0 }),
  };
}
