import type { Capabilities, Capability } from './capability.js';
import { commandLimits } from './command-limits.js';
import {
  chargingCurrents,
  heatings,
  seats,
  steeringWheelLevels,
  windowPositions,
  type RemoteActionName,
} from './remote-action.js';
import type { CarIdentity } from './simulated-state.js';
import { seatLevels, type Drivetrain } from './state.js';

type Fields = NonNullable<Capability['fields']>;

const flag = { values: [true, false] };
const startStop = { values: ['start', 'stop'] };
const press = { values: ['PRESS'] };
const temperatures = {
  C: { min: 14, max: 30, step: 0.5, unit: '°C' },
  F: { min: 62, max: 82, step: 1, unit: '°F' },
} as const;

/** The seats that are heated and those that are cooled too: the dearer the car, the more of them. */
const seatsOf: Readonly<Record<Drivetrain, { heated: number; cooled: number }>> = {
  ev: { heated: 4, cooled: 4 },
  phev: { heated: 4, cooled: 2 },
  hev: { heated: 2, cooled: 2 },
  ice: { heated: 2, cooled: 0 },
};

/** What a simulated car offers: an electric one everything, the others what they are built for. */
export function capabilitiesOf(identity: CarIdentity): Capabilities {
  return {
    lock: { values: ['lock', 'unlock'] },
    climate: { ...startStop, fields: climateFields(identity) },
    windows: {
      values: [...windowPositions],
      fields: Object.fromEntries(seats.map((seat) => [seat, { values: [...windowPositions] }])),
    },
    lights: press,
    horn: press,
    valet_mode: startStop,
    navigation: { fields: { pois: {} } },
    trips: { fields: { month: {}, day: {}, from: {}, to: {} } },
    ...(identity.battery_kwh > 0 && chargingOf(identity)),
  };
}

const commandOf = { climate_start: 'climate', climate_stop: 'climate' } as const;

/** Whether the car knows such a command at all. */
export function offers(identity: CarIdentity, name: RemoteActionName): boolean {
  const command = name === 'climate_start' || name === 'climate_stop' ? commandOf[name] : name;
  return capabilitiesOf(identity)[command] !== undefined;
}

function climateFields({ unit, drivetrain }: CarIdentity): Fields {
  const { heated, cooled } = seatsOf[drivetrain];
  const levels = (place: number) =>
    seatLevels.filter((level) => place < cooled || !level.startsWith('cool'));
  const ofSeats = seats
    .slice(0, heated)
    .map((seat, place) => [`seats.${seat}`, { values: levels(place) }] as const);
  return {
    temperature: temperatures[unit],
    duration: commandLimits.climate_duration,
    defrost: flag,
    heating: { values: [...heatings] },
    ...(drivetrain === 'ev' && { steering_wheel: { values: [...steeringWheelLevels] } }),
    ...Object.fromEntries(ofSeats),
  };
}

function chargingOf({ unit, drivetrain }: CarIdentity): Capabilities {
  return {
    charge: startStop,
    charge_limits: { fields: { ac: commandLimits.charge_limit, dc: commandLimits.charge_limit } },
    charge_port: { values: ['open', 'close'] },
    schedule: {
      fields: {
        enabled: flag,
        offpeak_start: {},
        offpeak_end: {},
        offpeak_only: flag,
        departures: {},
        'climate.enabled': flag,
        'climate.temperature': temperatures[unit],
        'climate.defrost': flag,
      },
    },
    ...(drivetrain === 'ev' && {
      charging_current: { values: [...chargingCurrents], unit: '%' },
      v2l_limit: commandLimits.v2l_limit,
    }),
  };
}
