import { capabilitiesOfBridge } from './bridge-capabilities.js';
import type { Capabilities, Capability } from './capability.js';
import { maxAgeLimits_s, refreshModes, vehicleCommandNames } from './command.js';
import { commandInfo, type CommandInfo, type CommandLimits } from './command-info.js';
import type { KnownVehicle } from './known-vehicle.js';
import type { Drivetrain } from './state.js';

/** What a car can do and may be asked. */
export interface InfoLimits extends CommandLimits {
  readonly capabilities: Capabilities;
}

const refresh: Capability = {
  values: [...refreshModes],
  fields: { max_age: { ...maxAgeLimits_s, unit: 's' } },
};

/** Who a car is and what it can do: the document on `<base>/<v>/info` (contract, section 1). */
export interface VehicleInfo {
  readonly schema: 1;
  readonly id: string;
  readonly vin: string | null;
  readonly name: string | null;
  readonly brand: string | null;
  readonly model: string | null;
  readonly year: number | null;
  readonly drivetrain: Drivetrain | null;
  readonly region: string;
  readonly account: string;
  readonly backend: string;
  readonly library: string | null;
  readonly commands: Readonly<Record<string, CommandInfo>>;
}

export function vehicleInfo(
  car: KnownVehicle,
  account: Pick<VehicleInfo, 'region' | 'account' | 'backend' | 'library'>,
  limits: InfoLimits,
): VehicleInfo {
  const { vin, brand, model, year } = car.listed;
  return {
    schema: 1,
    id: car.topic_id,
    vin: vin?.toUpperCase() ?? null,
    name: car.name,
    brand,
    model,
    year,
    drivetrain: limits.drivetrain,
    ...account,
    commands: commandsOf(limits),
  };
}

function commandsOf(limits: InfoLimits): VehicleInfo['commands'] {
  const offered = { refresh, ...capabilitiesOfBridge(limits.capabilities) };
  const infos = vehicleCommandNames.flatMap((name) => {
    const capability = offered[name];
    return capability === undefined ? [] : [[name, commandInfo(name, capability, limits)] as const];
  });
  return Object.fromEntries(infos);
}
