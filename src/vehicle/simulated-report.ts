import { withoutPlug, type VehicleReport } from './state.js';
import type { CarIdentity, CarState } from './simulated-state.js';
import {
  chargeLimit,
  chargePowerKw,
  electricRangeKm,
  fuelRangeKm,
  hoursToLimit,
} from './simulated-motion.js';

const lowFuel = 12;
const lowAuxBattery = 45;

/** The contract's complete report of a car whose newest words are `state`, spoken at `reportedAt` (epoch ms). */
export function toReport(
  identity: CarIdentity,
  state: CarState,
  reportedAt: number,
): VehicleReport {
  const electric = electricRangeKm(identity, state.soc);
  const onFuel = fuelRangeKm(identity, state.fuel);
  return {
    vin: identity.vin,
    brand: identity.brand,
    model: identity.model,
    year: identity.year,
    drivetrain: identity.drivetrain,
    reported_at: iso(reportedAt),
    lock: { state: state.locked ? 'locked' : 'unlocked' },
    doors: { ...state.doors },
    windows: {
      ...state.windows,
      all: Object.values(state.windows).some((open) => open) ? 'open' : 'closed',
    },
    climate: climate(identity, state),
    location: {
      latitude: rounded(state.position.latitude, 6),
      longitude: rounded(state.position.longitude, 6),
      accuracy_m: null,
      at: iso(state.position.at),
    },
    odometer_km: rounded(state.odometer_km, 1),
    range_km: Math.round(electric + onFuel),
    outside_temperature_c: state.outside_c,
    engine_running: engineRunning(identity, state),
    ignition_on: state.drive !== null,
    drive_mode: null,
    aux_battery: {
      level: Math.round(state.aux_level),
      fault: state.aux_level < lowAuxBattery,
    },
    tyres: tyres(state),
    warnings: {
      washer_fluid: state.warnings.washer_fluid,
      brake_fluid: state.warnings.brake_fluid,
      oil_level: identity.tank_l === 0 ? null : state.warnings.oil_level,
      key_battery: state.warnings.key_battery,
      lamp: state.warnings.lamp,
    },
    service: service(identity, state),
    dtc: { count: Object.values(state.warnings).filter((warning) => warning).length },
    ev: identity.battery_kwh === 0 ? withoutPlug : ev(identity, state, reportedAt),
    fuel:
      identity.tank_l === 0
        ? { level: null, range_km: null, low: null }
        : {
            level: Math.round(state.fuel),
            range_km: Math.round(onFuel),
            low: state.fuel < lowFuel,
          },
  };
}

/** Ready to drive, or a combustion engine that runs for the climate. */
export function engineRunning(identity: CarIdentity, state: CarState): boolean {
  return state.drive !== null || (identity.battery_kwh === 0 && state.climate.on);
}

export function inOwnUnit(identity: CarIdentity, celsius: number): number {
  return identity.unit === 'C' ? celsius : Math.round(celsius * 1.8 + 32);
}

function climate(identity: CarIdentity, state: CarState): VehicleReport['climate'] {
  return {
    mode: state.climate.on ? 'auto' : 'off',
    defrost: state.climate.defrost,
    rear_window_heat: state.climate.rear_window_heat,
    steering_wheel_heat: state.climate.steering_wheel_heat,
    seat_status: { ...state.climate.seats },
    unit: identity.unit,
    target: inOwnUnit(identity, state.climate.target_c),
    duration_min: null,
    start_defrost: null,
    seats: { front_left: null, front_right: null, rear_left: null, rear_right: null },
  };
}

function tyres(state: CarState): VehicleReport['tyres'] {
  return {
    front_left_kpa: state.tyres_kpa.front_left,
    front_right_kpa: state.tyres_kpa.front_right,
    rear_left_kpa: state.tyres_kpa.rear_left,
    rear_right_kpa: state.tyres_kpa.rear_right,
    warning: state.warnings.tyres,
  };
}

function service(identity: CarIdentity, state: CarState): VehicleReport['service'] {
  const interval = identity.service_interval_km;
  const last = Math.floor(state.odometer_km / interval) * interval;
  return { due_km: Math.round(last + interval - state.odometer_km), last_km: last };
}

function ev(identity: CarIdentity, state: CarState, reportedAt: number): VehicleReport['ev'] {
  const hours = hoursToLimit(identity, state);
  const minutesBy = (powerKw: number, limit: number): number =>
    Math.ceil((Math.max(0, ((limit - state.soc) / 100) * identity.battery_kwh) / powerKw) * 60);
  return {
    soc: Math.floor(state.soc),
    range_km: Math.round(electricRangeKm(identity, state.soc)),
    charging: state.charging,
    plugged: state.plug !== 'none',
    plug_type: state.plug,
    charge_state: chargeState(state),
    status: state.charging ? 'C' : state.plug === 'none' ? 'A' : 'B',
    charge_power_kw: state.charging ? chargePowerKw[state.plug] : 0,
    minutes_to_limit: state.charging ? Math.ceil(hours * 60) : null,
    finish_at: state.charging ? iso(wholeMinute(reportedAt + hours * 3_600_000)) : null,
    minutes_fast: minutesBy(chargePowerKw.dc, state.limit_dc),
    minutes_portable: minutesBy(chargePowerKw.portable, state.limit_ac),
    minutes_station: minutesBy(chargePowerKw.ac, state.limit_ac),
    limit_ac: state.limit_ac,
    limit_dc: state.limit_dc,
    charge_current: state.charge_current,
    port_open: state.port_open,
    range_at_ac_limit_km: Math.round(electricRangeKm(identity, state.limit_ac)),
    range_at_dc_limit_km: Math.round(electricRangeKm(identity, state.limit_dc)),
    energy_kwh: rounded((state.soc / 100) * identity.battery_kwh, 1),
    capacity_kwh: identity.battery_kwh,
    soh: 100,
    consumption_kwh_100km: identity.consumption_kwh_100km,
    used_90d_kwh: null,
    regenerated_90d_kwh: null,
    temp_min_c: Math.round(state.outside_c + 1),
    temp_max_c: Math.round(state.outside_c + (state.charging ? 6 : 2)),
    preconditioning: false,
    v2l_limit: state.v2l_limit,
    schedule: schedule(identity, state),
  };
}

/** The report has one climate for both departures: that of the first. */
function schedule(
  identity: CarIdentity,
  { schedule: { charging, departures } }: CarState,
): VehicleReport['ev']['schedule'] {
  const climate = departures[0]?.climate;
  return {
    ...charging,
    departures: departures.map(({ enabled, days, time }) => ({ enabled, days, time })),
    climate:
      climate === undefined
        ? null
        : {
            enabled: climate.enabled,
            temperature: inOwnUnit(identity, climate.target_c),
            unit: identity.unit,
            defrost: climate.defrost,
          },
  };
}

function chargeState(state: CarState): VehicleReport['ev']['charge_state'] {
  if (state.plug === 'none') return 'disconnected';
  if (state.charging) return 'charging';
  return state.soc >= chargeLimit(state) ? 'complete' : 'connected';
}

/** The end of the charging is told to the minute: otherwise each report would name another second. */
function wholeMinute(at: number): number {
  return Math.round(at / 60_000) * 60_000;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
