import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import type { CarState } from '../../src/vehicle/simulated-state.js';
import {
  airStatus,
  corners,
  drvDistance,
  flag,
  located,
  minutes,
  plugTypes,
  seatHeaterVentInfo,
} from './status-words.js';
import { miles, psi } from './wire.js';

const mileUnit = 3;
const inMiles = (km: number | null) => ({ value: Math.round(miles(km ?? 0)), unit: mileUnit });
const isoTime = (at: number): string => new Date(at).toISOString().replace(/\.\d+/, '');

/** An entry of `enrolledVehicleDetails`. */
export function enrolled(car: SimulatedCar): object {
  const { identity } = car;
  return {
    vehicleDetails: {
      regid: identity.id,
      vin: identity.vin,
      nickName: identity.name,
      modelCode: identity.model.toUpperCase(),
      modelYear: String(identity.year),
      enrollmentDate: '20240115',
      enrollmentStatus: 'ACTIVE',
      evStatus: { ev: 'E', phev: 'P', hev: 'N', ice: 'N' }[identity.drivetrain],
      vehicleGeneration: '3',
      odometer: Math.round(miles(car.reported().state.odometer_km)),
    },
  };
}

/** The reply of `rcs/rfc/findMyCar`. */
export function location(car: SimulatedCar): object {
  return located(car, isoTime);
}

/** The object below `vehicleStatus` in the reply of the same name. */
export function vehicleStatus(car: SimulatedCar): object {
  const report = car.report();
  const { at, state } = car.reported();
  return {
    dateTime: isoTime(at),
    odometer: Math.round(miles(state.odometer_km)),
    engine: report.engine_running,
    battery: { batSoc: report.aux_battery.level, batState: 0 },
    ...climate(car),
    doorLock: state.locked,
    doorOpen: corners(state.doors),
    trunkOpen: state.doors.trunk,
    hoodOpen: state.doors.hood,
    windowOpen: corners(state.windows),
    tirePressureLamp: tyreLamps(state.warnings.tyres),
    tirePressure: tyrePressures(state.tyres_kpa),
    washerFluidStatus: state.warnings.washer_fluid,
    breakOilStatus: state.warnings.brake_fluid,
    smartKeyBatteryWarning: state.warnings.key_battery,
    lowFuelLight: report.fuel.low ?? false,
    fuelLevel: report.fuel.level ?? 0,
    ...(report.fuel.range_km !== null && { dte: inMiles(report.fuel.range_km) }),
    ...(car.identity.battery_kwh > 0 && { evStatus: evStatus(car) }),
    vehicleLocation: location(car),
  };
}

function climate(car: SimulatedCar): object {
  const { state } = car.reported();
  return {
    ...airStatus(state.climate),
    airTemp: { value: airTemp(car.report().climate.target ?? 72), unit: 1 },
    seatHeaterVentInfo: seatHeaterVentInfo(state.climate.seats),
  };
}

function airTemp(degreesF: number): string {
  if (degreesF < 62) return 'LO';
  return degreesF > 82 ? 'HI' : String(degreesF);
}

/** An idle car leaves out what belongs to charging. */
function evStatus(car: SimulatedCar): object {
  const { ev } = car.report();
  const { state } = car.reported();
  return {
    batteryStatus: ev.soc,
    batteryCharge: ev.charging,
    batteryPlugin: plugTypes[state.plug],
    ...(state.charging && { realTimePower: ev.charge_power_kw }),
    batteryStndChrgPower: state.plug === 'dc' ? 0 : ev.charge_power_kw,
    batteryFstChrgPower: state.plug === 'dc' ? ev.charge_power_kw : 0,
    drvDistance: drvDistance(car, inMiles),
    remainTime2: {
      ...(state.charging && {
        atc: minutes(ev.minutes_to_limit),
        etc1: minutes(ev.minutes_fast),
      }),
      etc2: minutes(ev.minutes_portable),
      etc3: minutes(ev.minutes_station),
    },
    reservChargeInfos: {
      targetSOClist: [
        { plugType: 0, targetSOClevel: state.limit_dc },
        { plugType: 1, targetSOClevel: state.limit_ac },
      ],
    },
  };
}

function tyreLamps(on: boolean): object {
  return {
    tirePressureWarningLampAll: flag(on),
    tirePressureWarningLampFrontLeft: flag(on),
    tirePressureWarningLampFrontRight: 0,
    tirePressureWarningLampRearLeft: 0,
    tirePressureWarningLampRearRight: 0,
  };
}

function tyrePressures(kpa: CarState['tyres_kpa']): object {
  return {
    tirePressureFrontLeft: Math.round(psi(kpa.front_left)),
    tirePressureFrontRight: Math.round(psi(kpa.front_right)),
    tirePressureRearLeft: Math.round(psi(kpa.rear_left)),
    tirePressureRearRight: Math.round(psi(kpa.rear_right)),
  };
}
