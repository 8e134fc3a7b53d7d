import { z } from 'zod';
import { statuses } from './life-cycle.js';

/** A time as the contract writes it: ISO 8601 in UTC with `Z`. */
export const utcTime = z.iso.datetime();

const flag = z.boolean().nullable();
const number = z.number().nullable();
const percent = z.number().min(0).max(100).nullable();
const distance = z.number().nonnegative().nullable();
const minutes = z.number().int().nonnegative().nullable();
const time = utcTime.nullable();
const clockTime = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/)
  .nullable();

export const drivetrains = ['ev', 'phev', 'hev', 'ice'] as const;
export type Drivetrain = (typeof drivetrains)[number];
export const seatLevels = [
  'off',
  'heat_low',
  'heat_medium',
  'heat_high',
  'cool_low',
  'cool_medium',
  'cool_high',
] as const;
export const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

const corners = <T extends z.ZodType>(value: T) => ({
  front_left: value,
  front_right: value,
  rear_left: value,
  rear_right: value,
});
const seats = z.strictObject(corners(z.enum(seatLevels).nullable()));

const departure = z.strictObject({
  enabled: flag,
  days: z.array(z.enum(weekdays)).nullable(),
  time: clockTime,
});

const departureClimate = z.strictObject({
  enabled: flag,
  temperature: number,
  unit: z.enum(['C', 'F']).nullable(),
  defrost: flag,
});

const ev = z.strictObject({
  soc: percent,
  range_km: distance,
  charging: flag,
  plugged: flag,
  plug_type: z.enum(['none', 'ac', 'dc', 'portable', 'v2l']).nullable(),
  charge_state: z
    .enum(['disconnected', 'connected', 'scheduled', 'charging', 'complete', 'error'])
    .nullable(),
  status: z.enum(['A', 'B', 'C']).nullable(),
  charge_power_kw: z.number().nonnegative().nullable(),
  minutes_to_limit: minutes,
  finish_at: time,
  minutes_fast: minutes,
  minutes_portable: minutes,
  minutes_station: minutes,
  limit_ac: percent,
  limit_dc: percent,
  charge_current: percent,
  port_open: flag,
  range_at_ac_limit_km: distance,
  range_at_dc_limit_km: distance,
  energy_kwh: z.number().nonnegative().nullable(),
  capacity_kwh: z.number().nonnegative().nullable(),
  soh: percent,
  consumption_kwh_100km: number,
  used_90d_kwh: number,
  regenerated_90d_kwh: number,
  temp_min_c: number,
  temp_max_c: number,
  preconditioning: flag,
  v2l_limit: percent,
  schedule: z.strictObject({
    enabled: flag,
    offpeak_start: clockTime,
    offpeak_end: clockTime,
    offpeak_only: flag,
    departures: z.array(departure).nullable(),
    climate: departureClimate.nullable(),
  }),
});

/**
 * What a backend says of a car after a read: the state document without what only the bridge knows.
 * Always metric, every key present, `null` where unknown (contract, section 5).
 */
export const vehicleReportSchema = z.strictObject({
  vin: z.string().min(1).nullable(),
  brand: z.string().nullable(),
  model: z.string().nullable(),
  year: z.number().int().nullable(),
  drivetrain: z.enum(drivetrains).nullable(),
  reported_at: time,
  lock: z.strictObject({
    state: z.enum(['locked', 'unlocked', 'locking', 'unlocking']).nullable(),
  }),
  doors: z.strictObject({ ...corners(flag), trunk: flag, hood: flag }),
  windows: z.strictObject({
    ...corners(flag),
    sunroof: flag,
    all: z.enum(['open', 'closed']).nullable(),
  }),
  climate: z.strictObject({
    mode: z.enum(['off', 'auto']).nullable(),
    defrost: flag,
    rear_window_heat: flag,
    steering_wheel_heat: flag,
    seat_status: seats,
    unit: z.enum(['C', 'F']),
    target: number,
    duration_min: minutes,
    start_defrost: flag,
    seats,
  }),
  location: z.strictObject({
    latitude: z.number().min(-90).max(90).nullable(),
    longitude: z.number().min(-180).max(180).nullable(),
    accuracy_m: distance,
    at: time,
  }),
  odometer_km: distance,
  range_km: distance,
  outside_temperature_c: number,
  engine_running: flag,
  ignition_on: flag,
  drive_mode: z.string().nullable(),
  aux_battery: z.strictObject({ level: percent, fault: flag }),
  tyres: z.strictObject({
    front_left_kpa: number,
    front_right_kpa: number,
    rear_left_kpa: number,
    rear_right_kpa: number,
    warning: flag,
  }),
  warnings: z.strictObject({
    washer_fluid: flag,
    brake_fluid: flag,
    oil_level: flag,
    key_battery: flag,
    lamp: flag,
  }),
  service: z.strictObject({ due_km: number, last_km: number }),
  dtc: z.strictObject({ count: z.number().int().nonnegative().nullable() }),
  ev,
  fuel: z.strictObject({ level: percent, range_km: distance, low: flag }),
});

export type VehicleReport = z.infer<typeof vehicleReportSchema>;

/** The newest command of a car, as its state document shows it. */
const newestCommand = z.strictObject({
  state: z.enum(['idle', ...statuses]),
  id: z.string().nullable(),
  command: z.string().nullable(),
  code: z.string().nullable(),
  at: time,
});

/** The complete document on `<base>/<v>/state` (contract, section 5). */
export const stateDocumentSchema = z.strictObject({
  schema: z.literal(1),
  id: z.string(),
  name: z.string().nullable(),
  ...vehicleReportSchema.shape,
  polled_at: time,
  source: z.enum(['cached', 'force']).nullable(),
  stale: z.boolean(),
  command: newestCommand,
});

export type StateDocument = z.infer<typeof stateDocumentSchema>;
export type NewestCommand = StateDocument['command'];

/** What is said of the battery of a car without a plug: every key, nothing known. */
export const withoutPlug: VehicleReport['ev'] = {
  soc: null,
  range_km: null,
  charging: null,
  plugged: null,
  plug_type: null,
  charge_state: null,
  status: null,
  charge_power_kw: null,
  minutes_to_limit: null,
  finish_at: null,
  minutes_fast: null,
  minutes_portable: null,
  minutes_station: null,
  limit_ac: null,
  limit_dc: null,
  charge_current: null,
  port_open: null,
  range_at_ac_limit_km: null,
  range_at_dc_limit_km: null,
  energy_kwh: null,
  capacity_kwh: null,
  soh: null,
  consumption_kwh_100km: null,
  used_90d_kwh: null,
  regenerated_90d_kwh: null,
  temp_min_c: null,
  temp_max_c: null,
  preconditioning: null,
  v2l_limit: null,
  schedule: {
    enabled: null,
    offpeak_start: null,
    offpeak_end: null,
    offpeak_only: null,
    departures: null,
    climate: null,
  },
};
