import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import type { CarState } from '../../../src/vehicle/simulated-state.js';
import {
  airStatus,
  corners,
  drvDistance,
  plugTypes,
  remainTime2,
  seatStates,
  tyreLamps,
} from '../status-words.js';
import { compactTime } from '../wire.js';
import { legacySchedule } from './schedule-status.js';

/** What one region's legacy status has of its own. */
export interface LegacyStyle {
  /** The zone of its wall times. */
  readonly timeZone: string;
  /** The temperatures that its codes can say; one step is half a degree. */
  readonly coldest_c: number;
  readonly hottest_c: number;
  /** Whether the front seats are told by their side or by who sits there, on the right of the car the driver. */
  readonly frontSeats: 'by_side' | 'driver_right';
}

const kilometres = 1;
const inKm = (km: number | null) => ({ value: Math.round(km ?? 0), unit: kilometres });

/** The state of a car without CCS2, as of its last report. */
export function legacyStatus(car: SimulatedCar, style: LegacyStyle): object {
  const report = car.report();
  const { at, state } = car.reported();
  return {
    time: compactTime(at, style.timeZone),
    odometer: { value: report.odometer_km, unit: kilometres },
    battery: { batSoc: report.aux_battery.level, batState: 0 },
    engine: report.engine_running,
    acc: report.ignition_on,
    ...climate(state, style),
    doorLock: state.locked,
    doorOpen: corners(state.doors),
    trunkOpen: state.doors.trunk,
    hoodOpen: state.doors.hood,
    windowOpen: corners(state.windows),
    sunroofOpen: state.windows.sunroof,
    tirePressureLamp: tyreLamps(state.warnings.tyres),
    washerFluidStatus: state.warnings.washer_fluid,
    breakOilStatus: state.warnings.brake_fluid,
    smartKeyBatteryWarning: state.warnings.key_battery,
    lowFuelLight: report.fuel.low ?? false,
    fuelLevel: report.fuel.level ?? 0,
    ...(report.fuel.range_km !== null && { dte: inKm(report.fuel.range_km) }),
    ...(car.identity.battery_kwh > 0 && { evStatus: evStatus(car, style) }),
  };
}

/** `10H`: half degrees above the coldest one, in hexadecimal. */
function airTemp(target_c: number, style: LegacyStyle): string {
  const within = Math.min(Math.max(target_c, style.coldest_c), style.hottest_c);
  const index = Math.round((within - style.coldest_c) * 2);
  return `${index.toString(16).toUpperCase().padStart(2, '0')}H`;
}

function climate(state: CarState, style: LegacyStyle): object {
  const { climate: air } = state;
  return {
    ...airStatus(air),
    airTemp: { value: airTemp(air.target_c, style), unit: 0 },
    seatHeaterVentState: seats(air.seats, style.frontSeats),
  };
}

function seats(
  of: CarState['climate']['seats'],
  frontSeats: LegacyStyle['frontSeats'],
): Record<string, number> {
  const [left, right] =
    frontSeats === 'by_side'
      ? ['flSeatHeatState', 'frSeatHeatState']
      : ['astSeatHeatState', 'drvSeatHeatState'];
  return {
    [left]: seatStates[of.front_left],
    [right]: seatStates[of.front_right],
    rlSeatHeatState: seatStates[of.rear_left],
    rrSeatHeatState: seatStates[of.rear_right],
  };
}

function evStatus(car: SimulatedCar, style: LegacyStyle): object {
  const { ev } = car.report();
  const { state } = car.reported();
  const target = (plugType: number, level: number, rangeKm: number | null) => {
    const rangeByFuel = { evModeRange: inKm(rangeKm), totalAvailableRange: inKm(rangeKm) };
    return { plugType, targetSOClevel: level, dte: { type: 2, rangeByFuel } };
  };
  return {
    batteryStatus: ev.soc,
    batteryCharge: ev.charging,
    batteryPlugin: plugTypes[state.plug],
    batteryPower: {
      batteryStndChrgPower: state.plug === 'dc' ? 0 : ev.charge_power_kw,
      batteryFstChrgPower: state.plug === 'dc' ? ev.charge_power_kw : 0,
    },
    chargePortDoorOpenStatus: state.port_open ? 1 : 2,
    drvDistance: drvDistance(car, inKm),
    remainTime2: remainTime2(car),
    reservChargeInfos: {
      targetSOClist: [
        target(0, state.limit_dc, ev.range_at_dc_limit_km),
        target(1, state.limit_ac, ev.range_at_ac_limit_km),
      ],
      ...legacySchedule(state.schedule, (target_c) => airTemp(target_c, style)),
    },
  };
}
