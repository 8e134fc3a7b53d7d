import { capabilitiesOfBridge } from './bridge-capabilities.js';
import type { Capabilities, Capability } from './capability.js';
import { failure, type Failure } from './outcome.js';
import type { RemoteCommand, TripsCommand } from './remote-command.js';
import { valueOfRemote } from './remote-value.js';

type Limits = Omit<Capability, 'fields'>;

/** A value of a command; without a field it is the command's own. */
interface Part {
  readonly field?: string;
  readonly value: unknown;
}

/** Why a car is not asked for this: it does not offer it, or not with this value. */
export function refusalOf(
  command: RemoteCommand | TripsCommand,
  told: Capabilities | undefined,
): Failure | undefined {
  const { name } = command;
  const capability = capabilitiesOfBridge(told ?? {})[name];
  if (capability === undefined) {
    return failure('unsupported', `${name}: this car does not offer it`);
  }
  for (const part of partsOf(command)) {
    const refusal = refusalOfPart(name, part, capability);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** The command with its temperature in the car's own steps. */
export function rounded(command: RemoteCommand, told: Capabilities): RemoteCommand {
  const { climate_temperature: limits = {} } = capabilitiesOfBridge(told);
  if (command.name === 'climate_temperature') {
    return { ...command, temperature: inSteps(command.temperature, limits) };
  }
  if (command.name === 'climate' && command.value === 'start') {
    return withRounded(command, limits);
  }
  if (command.name === 'schedule' && command.climate !== undefined) {
    const ofSchedule = told.schedule?.fields?.['climate.temperature'] ?? {};
    return { ...command, climate: withRounded(command.climate, ofSchedule) };
  }
  return command;
}

function withRounded<T extends { temperature?: number }>(fields: T, limits: Limits): T {
  const { temperature } = fields;
  if (temperature === undefined) return fields;
  return { ...fields, temperature: inSteps(temperature, limits) };
}

/** Steps are counted from the lowest value; the highest one need not be among them. What is out of range stays so. */
function inSteps(number: number, { min = 0, max = Infinity, step }: Limits): number {
  if (step === undefined || number < min || number > max) return number;
  const steps = Math.min(Math.round((number - min) / step), Math.floor((max - min) / step));
  return Number((min + steps * step).toFixed(6));
}

function partsOf(command: RemoteCommand | TripsCommand): Part[] {
  if (command.name === 'lights' || command.name === 'horn') return [];
  if (command.name === 'trips') {
    const { name: _, ...fields } = command;
    return fieldParts(fields);
  }
  const value = valueOfRemote(command);
  return typeof value === 'object' ? fieldParts(value) : [{ value }];
}

function fieldParts(fields: object, within = ''): Part[] {
  return Object.entries(fields).flatMap(([name, value]: [string, unknown]) => {
    const field = `${within}${name}`;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return [field === 'value' ? { value } : { field, value }];
    }
    return fieldParts(value, `${field}.`);
  });
}

function refusalOfPart(name: string, part: Part, capability: Capability): Failure | undefined {
  const limits = limitsOf(name, part, capability);
  if (limits === undefined) {
    return failure('unsupported', `${name}: this car has no ${part.field ?? 'value'}`);
  }
  return valueRefusal(name, part, limits);
}

/** Undefined where the car has no such field. */
function limitsOf(
  name: string,
  { field }: Part,
  { fields, ...own }: Capability,
): Limits | undefined {
  if (field === undefined) return own;
  if (fields !== undefined) return Object.hasOwn(fields, field) ? fields[field] : undefined;
  // What these take besides a word is an extra; other commands consist of their fields.
  return name === 'climate' || name === 'windows' ? undefined : {};
}

function valueRefusal(
  name: string,
  { field = 'value', value }: Part,
  { values, min = -Infinity, max = Infinity, unit = '' }: Limits,
): Failure | undefined {
  if (values !== undefined && !values.some((one) => one === value)) {
    const offered = values.map(String).join(', ');
    return failure(
      'unsupported',
      `${name}: ${field}: expected what this car offers (${offered}), got ${JSON.stringify(value)}`,
    );
  }
  if (typeof value === 'number' && (value < min || value > max)) {
    const range = `${String(min)} to ${String(max)} ${unit}`.trim();
    return failure('invalid_payload', `${field}: expected ${range}, got ${String(value)}`);
  }
  return undefined;
}
