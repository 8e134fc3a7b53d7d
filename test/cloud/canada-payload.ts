import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import {
  airStatus,
  corners,
  drvDistance,
  flag,
  located,
  plugTypes,
  remainTime2,
  seatHeaterVentInfo,
  tyreLamps,
} from './status-words.js';
import { compactTime } from './wire.js';

const kilometres = 1;
const inKm = (km: number | null) => ({ value: km ?? 0, unit: kilometres });

/** The set point that is written as 0; each step from it is half a degree. */
export function lowestSetPoint_c(car: SimulatedCar): number {
  return car.identity.year >= 2020 ? 14 : 16;
}

/** An entry of `vhcllst`. It knows no hybrids: they are cars with a tank. */
export function listed(car: SimulatedCar): object {
  const { identity } = car;
  return {
    vehicleId: identity.id,
    nickName: identity.name,
    modelCode: identity.model.toUpperCase().replaceAll(' ', ''),
    modelName: identity.model,
    modelYear: String(identity.year),
    vin: identity.vin,
    fuelKindCode: { ev: 'E', phev: 'P', hev: 'G', ice: 'G' }[identity.drivetrain],
    dtcCount: car.report().dtc.count ?? 0,
    subscriptionStatus: 'A',
  };
}

/** `maintenanceInfo` of `nxtsvc`: readings of the odometer, not distances. */
export function maintenance(car: SimulatedCar): object {
  const { service } = car.report();
  const odometer = Math.round(car.reported().state.odometer_km);
  return {
    currentOdometer: odometer,
    currentOdometerUnit: kilometres,
    imatServiceOdometer: odometer + (service.due_km ?? 0),
    imatServiceOdometerUnit: kilometres,
    msopServiceOdometer: service.last_km ?? 0,
    msopServiceOdometerUnit: kilometres,
  };
}

/** The result of `fndmcr`. */
export function position(car: SimulatedCar): object {
  return located(car, compactTime);
}

/** The result of `evc/selsoc`: plug type 0 is DC, 1 is AC. */
export function limits(car: SimulatedCar): object[] {
  const { state } = car.reported();
  return [
    { plugType: 0, level: state.limit_dc },
    { plugType: 1, level: state.limit_ac },
  ];
}

/** `status` of `lstvhclsts` and `rltmvhclsts`, its time as clocks in this zone show it. */
export function status(car: SimulatedCar, zone: string): object {
  const report = car.report();
  const { at, state } = car.reported();
  const ready = state.drive !== null;
  return {
    lastStatusDate: compactTime(at, zone),
    engine: report.engine_running,
    acc: ready,
    ign3: ready,
    remoteIgnition: state.climate.on && car.identity.battery_kwh === 0,
    sleepModeCheck: !ready,
    battery: { batSoc: report.aux_battery.level, batState: 0 },
    ...climate(car),
    doorLock: state.locked,
    doorOpen: corners(state.doors),
    trunkOpen: state.doors.trunk,
    hoodOpen: state.doors.hood,
    windowOpen: corners(state.windows),
    sunroofOpen: flag(state.windows.sunroof),
    tirePressureLamp: tyreLamps(state.warnings.tyres),
    washerFluidStatus: state.warnings.washer_fluid,
    breakOilStatus: state.warnings.brake_fluid,
    lowFuelLight: report.fuel.low ?? false,
    fuelLevel: report.fuel.level ?? 0,
    dte: report.fuel.range_km === null ? {} : inKm(report.fuel.range_km),
    ...(car.identity.battery_kwh > 0 && { evStatus: evStatus(car) }),
  };
}

function climate(car: SimulatedCar): object {
  const { climate } = car.reported().state;
  return {
    ...airStatus(climate),
    airTemp: { value: climate.on ? setPoint(car, climate.target_c) : '00H', unit: 0 },
    seatHeaterVentInfo: seatHeaterVentInfo(climate.seats),
  };
}

function setPoint(car: SimulatedCar, target_c: number): string {
  const highest = (31.5 - lowestSetPoint_c(car)) * 2;
  const step = Math.round((target_c - lowestSetPoint_c(car)) * 2);
  const hex = Math.min(highest, Math.max(0, step)).toString(16);
  return `${hex.toUpperCase().padStart(2, '0')}H`;
}

function evStatus(car: SimulatedCar): object {
  const { ev } = car.report();
  const { state } = car.reported();
  return {
    batteryStatus: ev.soc,
    batteryCharge: ev.charging,
    batteryPlugin: plugTypes[state.plug],
    // The real word is cut off like this.
    batteryPreconditiong: ev.preconditioning,
    drvDistance: drvDistance(car, inKm),
    remainTime2: remainTime2(car),
  };
}
