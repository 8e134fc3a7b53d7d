import type { IdentityOptions } from './simulated-identity.js';
import type { CarIdentity, CarState } from './simulated-state.js';
import { createRandom } from './simulated-identity.js';

/** The first car of an account stands at a charger; the others are parked without a cable. */
export function firstState(identity: CarIdentity, options: IdentityOptions, at: number): CarState {
  const random = createRandom(options.seed, options.index + 10_000);
  const between = (low: number, high: number): number => low + Math.floor(random() * (high - low));
  const plugged = options.index === 0 && identity.battery_kwh > 0;
  const coldTyre = between(225, 240);
  return {
    at,
    locked: true,
    doors: { ...allClosed, trunk: false, hood: false },
    windows: { ...allClosed, sunroof: false },
    climate: {
      on: false,
      target_c: between(19, 24),
      duration_min: 10,
      ends_at: at,
      defrost: false,
      rear_window_heat: false,
      steering_wheel_heat: false,
      seats: { front_left: 'off', front_right: 'off', rear_left: 'off', rear_right: 'off' },
    },
    plug: plugged ? 'ac' : 'none',
    charging: plugged,
    port_open: plugged,
    soc: identity.battery_kwh === 0 ? 0 : between(40, 70),
    limit_ac: 80,
    limit_dc: 90,
    charge_current: 100,
    v2l_limit: 20,
    schedule: nothingPlanned(),
    valet: false,
    destinations: [],
    fuel: identity.tank_l === 0 ? 0 : between(25, 95),
    aux_level: between(80, 92),
    odometer_km: between(3_000, 90_000),
    position: {
      latitude: between(480_000, 530_000) / 10_000,
      longitude: between(70_000, 130_000) / 10_000,
      at,
    },
    drive: null,
    outside_c: between(2, 24),
    tyres_kpa: {
      front_left: coldTyre,
      front_right: coldTyre + 1,
      rear_left: coldTyre + 3,
      rear_right: coldTyre + 2,
    },
    warnings: {
      tyres: false,
      washer_fluid: false,
      brake_fluid: false,
      oil_level: false,
      key_battery: false,
      lamp: false,
    },
  };
}

const allClosed = { front_left: false, front_right: false, rear_left: false, rear_right: false };

function nothingPlanned(): CarState['schedule'] {
  const departure = (time: string): CarState['schedule']['departures'][number] => ({
    enabled: false,
    days: ['mon', 'tue', 'wed', 'thu', 'fri'],
    time,
    climate: { enabled: false, target_c: 21, defrost: false },
  });
  return {
    charging: {
      enabled: false,
      offpeak_start: '23:00',
      offpeak_end: '06:30',
      offpeak_only: false,
    },
    departures: [departure('07:30'), departure('17:00')],
  };
}
