import type { CarIdentity, CarState } from './simulated-state.js';

export const chargePowerKw = { none: 0, portable: 2.3, ac: 10.5, dc: 150 } as const;

const climateKw = 1.5;
const climateFuelLitresPerHour = 0.8;
const auxRisePerHour = 12;
const auxFallPerHour = 0.02;
const auxFull = 92;
const kmPerDegree = 111.32;
const msPerHour = 3_600_000;

/** The limit that ends the charging under way: a fast charger has its own. */
export function chargeLimit(state: CarState): number {
  return state.plug === 'dc' ? state.limit_dc : state.limit_ac;
}

export function electricRangeKm(identity: CarIdentity, soc: number): number {
  if (identity.battery_kwh === 0) return 0;
  return ((soc / 100) * identity.battery_kwh * 100) / identity.consumption_kwh_100km;
}

export function fuelRangeKm(identity: CarIdentity, fuel: number): number {
  if (identity.tank_l === 0) return 0;
  return ((fuel / 100) * identity.tank_l * 100) / identity.consumption_l_100km;
}

/** Hours until the charging under way reaches its limit; 0 when it does not charge. */
export function hoursToLimit(identity: CarIdentity, state: CarState): number {
  if (!state.charging) return 0;
  const missingKwh = ((chargeLimit(state) - state.soc) / 100) * identity.battery_kwh;
  return Math.max(0, missingKwh / chargePowerKw[state.plug]);
}

/** Lets time pass in the car up to `to` (epoch ms). A clock that went back changes nothing. */
export function advance(identity: CarIdentity, state: CarState, to: number): void {
  if (to <= state.at) return;
  const hours = (to - state.at) / msPerHour;
  supplyAuxBattery(identity, state, hours);
  useClimate(identity, state, to);
  charge(identity, state, hours);
  move(identity, state, hours, to);
  state.at = to;
}

function supplyAuxBattery(identity: CarIdentity, state: CarState, hours: number): void {
  const enginePowered = identity.battery_kwh === 0 && state.climate.on;
  const supplied = state.charging || state.drive !== null || enginePowered;
  state.aux_level =
    supplied && state.aux_level < auxFull
      ? Math.min(auxFull, state.aux_level + hours * auxRisePerHour)
      : Math.max(0, state.aux_level - hours * auxFallPerHour);
}

function useClimate(identity: CarIdentity, state: CarState, to: number): void {
  if (!state.climate.on) return;
  const hours = Math.max(0, Math.min(to, state.climate.ends_at) - state.at) / msPerHour;
  if (identity.battery_kwh === 0) {
    useFuel(identity, state, hours * climateFuelLitresPerHour);
  } else if (state.plug === 'none') {
    useEnergy(identity, state, hours * climateKw);
  }
  if (to >= state.climate.ends_at) stopClimate(state);
}

export function stopClimate(state: CarState): void {
  state.climate.on = false;
  state.climate.defrost = false;
  state.climate.rear_window_heat = false;
  state.climate.steering_wheel_heat = false;
  state.climate.seats = {
    front_left: 'off',
    front_right: 'off',
    rear_left: 'off',
    rear_right: 'off',
  };
}

function charge(identity: CarIdentity, state: CarState, hours: number): void {
  if (!state.charging) return;
  const needed = hoursToLimit(identity, state);
  if (needed <= hours) {
    state.soc = Math.max(state.soc, chargeLimit(state));
    state.charging = false;
    return;
  }
  state.soc += ((hours * chargePowerKw[state.plug]) / identity.battery_kwh) * 100;
}

/** A hybrid drives on its battery first; a car that has run dry stands still where it ran dry. */
function move(identity: CarIdentity, state: CarState, hours: number, to: number): void {
  if (state.drive === null) return;
  const electric = electricRangeKm(identity, state.soc);
  const wanted = state.drive.speed_kmh * hours;
  const driven = Math.min(wanted, electric + fuelRangeKm(identity, state.fuel));
  const onBattery = Math.min(driven, electric);
  useEnergy(identity, state, (onBattery * identity.consumption_kwh_100km) / 100);
  useFuel(identity, state, ((driven - onBattery) * identity.consumption_l_100km) / 100);
  state.odometer_km += driven;
  state.position = travel(state.position, driven, state.drive.heading, to);
  if (driven < wanted) state.drive = null;
}

function travel(
  from: CarState['position'],
  km: number,
  heading: number,
  at: number,
): CarState['position'] {
  const angle = (heading * Math.PI) / 180;
  const perDegreeEast = kmPerDegree * Math.cos((from.latitude * Math.PI) / 180);
  return {
    latitude: from.latitude + (km * Math.cos(angle)) / kmPerDegree,
    longitude: from.longitude + (km * Math.sin(angle)) / perDegreeEast,
    at,
  };
}

function useEnergy(identity: CarIdentity, state: CarState, kwh: number): void {
  if (identity.battery_kwh === 0) return;
  state.soc = Math.max(0, state.soc - (kwh / identity.battery_kwh) * 100);
}

function useFuel(identity: CarIdentity, state: CarState, litres: number): void {
  if (identity.tank_l === 0) return;
  state.fuel = Math.max(0, state.fuel - (litres / identity.tank_l) * 100);
}
