import {
  vendorCommandNames,
  type Capabilities,
  type Capability,
  type VendorCommandName,
} from './capability.js';
import { commandLimits } from './command-limits.js';
import type { RemoteName } from './parse-remote.js';
import {
  chargingCurrents,
  heatings,
  seats,
  steeringWheelLevels,
  windowPositions,
} from './remote-action.js';
import { seatLevels } from './state.js';

/** The commands that a car is offered with, by the names that a sender uses. */
export type BridgeCapabilities = Readonly<Partial<Record<RemoteName, Capability>>>;

const startOrStop = { values: ['start', 'stop'] };
const press = { values: ['PRESS'] };

const perSeat = (prefix: string, limits: Capability) =>
  Object.fromEntries(seats.map((seat) => [`${prefix}${seat}`, limits]));

/** What the commands take where a backend leaves it open (contract, section 3.2). */
const contractCapabilities: Capabilities = {
  lock: { values: ['lock', 'unlock'] },
  climate: {
    ...startOrStop,
    fields: {
      duration: commandLimits.climate_duration,
      defrost: { values: [true, false] },
      heating: { values: [...heatings] },
      steering_wheel: { values: [...steeringWheelLevels] },
      ...perSeat('seats.', { values: [...seatLevels] }),
    },
  },
  charge: startOrStop,
  charging_current: { values: [...chargingCurrents], unit: '%' },
  charge_port: { values: ['open', 'close'] },
  windows: {
    values: [...windowPositions],
    fields: perSeat('', { values: [...windowPositions] }),
  },
  lights: press,
  horn: press,
  valet_mode: startOrStop,
  v2l_limit: commandLimits.v2l_limit,
};

/** What a sender can ask of a car, from what its backend tells. */
export function capabilitiesOfBridge(told: Capabilities): BridgeCapabilities {
  const named = vendorCommandNames.flatMap((name) => {
    const capability = told[name];
    return capability === undefined ? [] : [[name, completed(name, capability)] as const];
  });
  const offered: Capabilities = Object.fromEntries(named);
  return {
    ...offered,
    ...setPoints(offered.climate?.fields ?? {}),
    ...(told.charge_limits === undefined ? {} : chargeLimits(told.charge_limits)),
  };
}

function completed(name: VendorCommandName, { fields, ...limits }: Capability): Capability {
  const contract = contractCapabilities[name] ?? {};
  const own = { ...contract, ...limits };
  delete own.fields;
  if (fields === undefined) return own;
  const each = Object.entries(fields).map(
    ([field, told]) => [field, { ...contract.fields?.[field], ...told }] as const,
  );
  return { ...own, fields: Object.fromEntries(each) };
}

/** What a start can be told can be told beforehand, too. */
function setPoints(fields: NonNullable<Capability['fields']>): BridgeCapabilities {
  const { temperature, duration, defrost } = fields;
  const ofSeats = seats.flatMap((seat) => {
    const levels = fields[`seats.${seat}`];
    return levels === undefined ? [] : [[`climate_seat_${seat}`, levels] as const];
  });
  return {
    ...(temperature === undefined ? {} : { climate_temperature: temperature }),
    ...(duration === undefined ? {} : { climate_duration: duration }),
    ...(defrost === undefined ? {} : { climate_defrost: onOrOff(defrost) }),
    ...Object.fromEntries(ofSeats),
  };
}

function onOrOff({ values = [true, false] }: Capability): Capability {
  return { values: values.map((value) => (value === true ? 'on' : 'off')) };
}

/** Both limits of a car may be told in one, or each as a field of its own. */
function chargeLimits({ fields, ...both }: Capability): BridgeCapabilities {
  const limit = { ...commandLimits.charge_limit, ...both };
  const { ac, dc } = fields ?? { ac: {}, dc: {} };
  return {
    charge_limits: {
      fields: {
        ...(ac === undefined ? {} : { ac: { ...limit, ...ac } }),
        ...(dc === undefined ? {} : { dc: { ...limit, ...dc } }),
      },
    },
    ...(ac === undefined ? {} : { charge_limit_ac: { ...limit, ...ac } }),
    ...(dc === undefined ? {} : { charge_limit_dc: { ...limit, ...dc } }),
  };
}
