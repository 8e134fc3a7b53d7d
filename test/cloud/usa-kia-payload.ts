import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { compactTime, miles } from './wire.js';

const mileUnit = 3;
const plugTypes = { none: 0, dc: 1, portable: 2, ac: 3 } as const;
const flag = (value: boolean): 0 | 1 => (value ? 1 : 0);
const inMiles = (km: number | null): { value: number; unit: number } => ({
  value: Math.round(miles(km ?? 0)),
  unit: mileUnit,
});

/** An entry of `ownr/gvl`. */
export function summary(car: SimulatedCar, vehicleKey: string): object {
  const { identity } = car;
  return {
    vin: identity.vin,
    vehicleIdentifier: identity.id,
    modelName: identity.model,
    modelYear: String(identity.year),
    nickName: identity.name,
    fuelType: { ev: 4, phev: 3, hev: 2, ice: 1 }[identity.drivetrain],
    vehicleKey,
    enrollmentStatus: 1,
  };
}

/** An entry of `vehicleInfoList` in the reply of `cmm/gvi`. */
export function vehicleInfo(car: SimulatedCar): object {
  const report = car.report();
  const { state } = car.reported();
  return {
    vehicleConfig: {
      vehicleDetail: {
        vehicle: {
          vin: car.identity.vin,
          mileage: miles(state.odometer_km).toFixed(1),
          trim: { modelName: car.identity.model, modelYear: String(car.identity.year) },
        },
      },
      maintenance: { nextServiceMile: Math.round(miles(report.service.due_km ?? 0)) },
    },
    lastVehicleInfo: {
      vehicleStatusRpt: { vehicleStatus: vehicleStatus(car) },
      location: {
        coord: { lat: report.location.latitude, lon: report.location.longitude },
        syncDate: { utc: compactTime(state.position.at) },
      },
      activeDTC: { dtcActiveCount: String(report.dtc.count ?? 0), dtcCategory: [] },
    },
  };
}

/** The status below `vehicleStatusRpt`, of `cmm/gvi` and of `rems/rvs`. */
export function vehicleStatus(car: SimulatedCar): object {
  const report = car.report();
  const { at, state } = car.reported();
  return {
    syncDate: { utc: compactTime(at) },
    batteryStatus: { stateOfCharge: report.aux_battery.level },
    engine: report.engine_running,
    climate: climate(car),
    washerFluidStatus: state.warnings.washer_fluid,
    breakOilStatus: state.warnings.brake_fluid,
    smartKeyBatteryWarning: state.warnings.key_battery,
    tirePressure: { all: flag(state.warnings.tyres) },
    doorLock: state.locked,
    doorStatus: {
      ...corners(state.doors),
      trunk: flag(state.doors.trunk),
      hood: flag(state.doors.hood),
    },
    windowOpen: corners(state.windows),
    sunroofOpen: flag(state.windows.sunroof),
    lowFuelLight: report.fuel.low ?? false,
    fuelLevel: report.fuel.level ?? 0,
    ...(report.fuel.range_km !== null && { distanceToEmpty: inMiles(report.fuel.range_km) }),
    ...(car.identity.battery_kwh > 0 && { evStatus: evStatus(car) }),
  };
}

/** The reply of `evc/gts` and the limits inside a forced status. */
export function targets(car: SimulatedCar): object[] {
  const { state } = car.reported();
  return [
    { plugType: 0, targetSOClevel: state.limit_dc },
    { plugType: 1, targetSOClevel: state.limit_ac },
  ];
}

function climate(car: SimulatedCar): object {
  const { state } = car.reported();
  const { target } = car.report().climate;
  return {
    airCtrl: state.climate.on,
    defrost: state.climate.defrost,
    airTemp: { value: airTemp(target ?? 72), unit: 1 },
    heatingAccessory: {
      steeringWheel: flag(state.climate.steering_wheel_heat),
      rearWindow: flag(state.climate.rear_window_heat),
      sideMirror: flag(state.climate.rear_window_heat),
    },
  };
}

function airTemp(degreesF: number): string {
  if (degreesF < 62) return 'LOW';
  return degreesF > 82 ? 'HIGH' : String(degreesF);
}

function evStatus(car: SimulatedCar): object {
  const { ev, fuel, range_km } = car.report();
  const { state } = car.reported();
  return {
    batteryStatus: ev.soc,
    batteryCharge: ev.charging,
    batteryPlugin: plugTypes[state.plug],
    realTimePower: ev.charge_power_kw,
    batteryPrecondition: ev.preconditioning,
    targetSOC: targets(car),
    drvDistance: [
      {
        type: 2,
        rangeByFuel: {
          evModeRange: inMiles(ev.range_km),
          totalAvailableRange: inMiles(range_km),
          ...(fuel.range_km !== null && { gasModeRange: inMiles(fuel.range_km) }),
        },
      },
    ],
    remainChargeTime: [
      {
        remainChargeType: 1,
        timeInterval: { value: ev.minutes_to_limit ?? 0, unit: 4 },
        etc1: { value: ev.minutes_fast, unit: 4 },
        etc2: { value: ev.minutes_portable, unit: 4 },
        etc3: { value: ev.minutes_station, unit: 4 },
      },
    ],
  };
}

function corners(of: Record<'front_left' | 'front_right' | 'rear_left' | 'rear_right', boolean>) {
  return {
    frontLeft: flag(of.front_left),
    frontRight: flag(of.front_right),
    backLeft: flag(of.rear_left),
    backRight: flag(of.rear_right),
  };
}
