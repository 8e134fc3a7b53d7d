import { z } from 'zod';
import { commandLimits } from './command-limits.js';
import {
  commonFields,
  commonFieldsSchema,
  readFields,
  refused,
  requestOf,
  type Parsed,
  type VehicleCommandName,
} from './command.js';
import { describeIssues } from './describe-issues.js';
import { climateFields } from './parse-climate.js';
import { navigationFields } from './parse-navigation.js';
import { scheduleFields } from './parse-schedule.js';
import { tripsFields } from './parse-trips.js';
import {
  anyNumber,
  numberField,
  numberOf,
  oneOfNumbers,
  startOrStop,
  switchOf,
  wordOf,
} from './parse-value.js';
import { windowsFields } from './parse-windows.js';
import { chargingCurrents, type Seat } from './remote-action.js';
import type { RemoteCommand, TripsCommand } from './remote-command.js';
import { seatLevels } from './state.js';

/** Every command to a car but `refresh`. */
export type RemoteName = Exclude<VehicleCommandName, 'refresh'>;

type Fields<Command = RemoteCommand> = z.ZodType<Command>;

const { charge_limit, climate_duration, v2l_limit } = commandLimits;

const valued = <T extends z.ZodType>(value: T) => z.strictObject({ value });

const onOrOff = switchOf({ on: true, true: true, 1: true, off: false, false: false, 0: false }, [
  'on',
  'off',
]);

const seat = (of: Seat): Fields =>
  valued(wordOf(seatLevels)).transform(({ value }) => ({
    name: `climate_seat_${of}` as const,
    level: value,
  }));

const chargeLimit = (name: 'charge_limit_ac' | 'charge_limit_dc'): Fields =>
  valued(numberOf(charge_limit)).transform(({ value }) => ({ name, percent: value }));

const press = (name: 'lights' | 'horn'): Fields =>
  z.strictObject({ value: wordOf(['press']).optional() }).transform(() => ({ name }));

/** The fields of each command, besides those that every command may have. */
export const remoteFields: Readonly<Record<Exclude<RemoteName, 'trips'>, Fields>> = {
  lock: valued(wordOf(['lock', 'unlock'])).transform(({ value }) => ({ name: 'lock', value })),
  climate: climateFields,
  climate_temperature: valued(anyNumber).transform(({ value }) => ({
    name: 'climate_temperature',
    temperature: value,
  })),
  climate_duration: valued(numberOf(climate_duration)).transform(({ value }) => ({
    name: 'climate_duration',
    minutes: value,
  })),
  climate_defrost: valued(onOrOff).transform(({ value }) => ({
    name: 'climate_defrost',
    on: value,
  })),
  climate_seat_front_left: seat('front_left'),
  climate_seat_front_right: seat('front_right'),
  climate_seat_rear_left: seat('rear_left'),
  climate_seat_rear_right: seat('rear_right'),
  charge: valued(switchOf(startOrStop, ['start', 'stop', 'on', 'off'])).transform(({ value }) => ({
    name: 'charge',
    value,
  })),
  charge_limit_ac: chargeLimit('charge_limit_ac'),
  charge_limit_dc: chargeLimit('charge_limit_dc'),
  charge_limits: z
    .strictObject({ ac: numberField(charge_limit), dc: numberField(charge_limit) })
    .transform((limits) => ({ name: 'charge_limits', ...limits })),
  charging_current: valued(oneOfNumbers(chargingCurrents)).transform(({ value }) => ({
    name: 'charging_current',
    percent: value,
  })),
  charge_port: valued(wordOf(['open', 'close'])).transform(({ value }) => ({
    name: 'charge_port',
    value,
  })),
  windows: windowsFields,
  lights: press('lights'),
  horn: press('horn'),
  valet_mode: valued(wordOf(['start', 'stop'])).transform(({ value }) => ({
    name: 'valet_mode',
    value,
  })),
  v2l_limit: valued(numberOf(v2l_limit)).transform(({ value }) => ({
    name: 'v2l_limit',
    percent: value,
  })),
  schedule: scheduleFields,
  navigation: navigationFields,
};

/**
 * Reads the payload of a command other than `refresh`: a bare word or number, or a JSON object. `now` (epoch
 * milliseconds) tells a month that has been from one that has not.
 */
export function parseRemote(
  name: RemoteName,
  payload: Uint8Array,
  now: number,
): Parsed<{ readonly command: RemoteCommand | TripsCommand }> {
  const fields = readFields(payload);
  if (!fields.ok) return fields;
  const common = commonFieldsOf(fields.value);
  const schema: Fields<RemoteCommand | TripsCommand> =
    name === 'trips' ? tripsFields(now) : remoteFields[name];
  const own = schema.safeParse(ownFieldsOf(fields.value));
  if (common.success && own.success) {
    return { ok: true, request: requestOf(common.data), command: own.data };
  }
  const faults = [common.error, own.error].filter((error) => error !== undefined);
  return refused(
    fields.value,
    faults.map((error) => describeIssues(error, fields.value)).join('; '),
  );
}

const commonSchema = commonFieldsSchema.refine(({ override }) => override !== true, {
  error: 'expected only with refresh',
  path: ['override'],
});

function commonFieldsOf(fields: Readonly<Record<string, unknown>>) {
  return commonSchema.safeParse(fields);
}

function ownFieldsOf(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const own = Object.entries(fields).filter(([field]) => !Object.hasOwn(commonFields, field));
  return Object.fromEntries(own);
}
