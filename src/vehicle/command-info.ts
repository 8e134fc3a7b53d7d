import type { Capability } from './capability.js';
import type { VehicleCommandName } from './command.js';
import { isValuePermitted, type AllowLists } from './permission.js';
import type { Drivetrain } from './state.js';

/** What the configuration allows a car to be asked. */
export interface CommandLimits {
  readonly allow: AllowLists;
  /** Every remote command is refused. */
  readonly readOnly: boolean;
  readonly drivetrain: Drivetrain | null;
}

/** What a command of a car takes, and whether any of it is allowed (contract, section 1). */
export interface CommandInfo extends Capability {
  readonly allowed: boolean;
}

type Value = string | number | boolean | undefined;

/** The values that are allowed; those that the car has where none is. */
export function commandInfo(
  name: VehicleCommandName,
  capability: Capability,
  limits: CommandLimits,
): CommandInfo {
  const isAllowed = (value: Value): boolean => allows(limits, name, value);
  const offered = valuesOf(capability);
  const allowed = offered.filter(isAllowed);
  if (allowed.length === 0) return { ...capability, allowed: false };
  const narrowed = allowed.length === offered.length ? capability : withValues(capability, allowed);
  return { ...(name === 'windows' ? withFields(narrowed, isAllowed) : narrowed), allowed: true };
}

function allows(
  { allow, readOnly, drivetrain }: CommandLimits,
  name: VehicleCommandName,
  value: Value,
) {
  const isRead = name === 'refresh' || name === 'trips';
  return (isRead || !readOnly) && isValuePermitted(name, value, allow, drivetrain);
}

/** Every value that a list may name. */
function valuesOf({ values, min, max, step }: Capability): Value[] {
  if (values !== undefined) return values;
  if (min === undefined || max === undefined || step === undefined) return [undefined];
  const count = Math.floor((max - min) / step) + 1;
  return Array.from({ length: count }, (_, at) => Number((min + at * step).toFixed(6)));
}

function withValues(
  { min: _, max: __, step: ___, ...rest }: Capability,
  values: Value[],
): Capability {
  return { ...rest, values: values.filter((value) => value !== undefined) };
}

/** A window by itself opens no more than all of them. */
function withFields(capability: Capability, isAllowed: (value: Value) => boolean): Capability {
  const { fields } = capability;
  if (fields === undefined) return capability;
  const allowed = Object.entries(fields).map(([field, { values, ...rest }]) => {
    const kept = values === undefined ? {} : { values: values.filter(isAllowed) };
    return [field, { ...rest, ...kept }] as const;
  });
  return { ...capability, fields: Object.fromEntries(allowed) };
}
