import { z } from 'zod';
import { chargingCurrents, clockTime, poi } from './remote-action.js';
import { drivetrains, seatLevels, weekdays } from './state.js';

const percent = z.number().min(0).max(100);
const corners = <T extends z.ZodType>(value: T) => ({
  front_left: value,
  front_right: value,
  rear_left: value,
  rear_right: value,
});

/** Who a simulated car is and what it is built of: fixed for its life. */
export const carIdentitySchema = z.strictObject({
  id: z.string().min(1),
  vin: z.string().length(17),
  name: z.string(),
  brand: z.string(),
  model: z.string(),
  year: z.number().int(),
  drivetrain: z.enum(drivetrains),
  /** The unit that the car's own display shows temperatures in. */
  unit: z.enum(['C', 'F']),
  /** 0 without a battery that can be charged. */
  battery_kwh: z.number().nonnegative(),
  consumption_kwh_100km: z.number().nonnegative(),
  /** 0 without a tank. */
  tank_l: z.number().nonnegative(),
  consumption_l_100km: z.number().nonnegative(),
  service_interval_km: z.number().positive(),
});

export type CarIdentity = z.infer<typeof carIdentitySchema>;

/** When the car charges by itself, and what it makes ready before a departure. */
export const carScheduleSchema = z.strictObject({
  charging: z.strictObject({
    enabled: z.boolean(),
    offpeak_start: clockTime,
    offpeak_end: clockTime,
    offpeak_only: z.boolean(),
  }),
  /** The first and the second departure. */
  departures: z
    .array(
      z.strictObject({
        enabled: z.boolean(),
        days: z.array(z.enum(weekdays)),
        time: clockTime,
        climate: z.strictObject({
          enabled: z.boolean(),
          target_c: z.number(),
          defrost: z.boolean(),
        }),
      }),
    )
    .length(2),
});

export type CarSchedule = z.infer<typeof carScheduleSchema>;

/** What is true of the car at the time `at` (epoch ms). `ends_at` and `position.at` are epoch ms too. */
export const carStateSchema = z.strictObject({
  at: z.number(),
  locked: z.boolean(),
  doors: z.strictObject({ ...corners(z.boolean()), trunk: z.boolean(), hood: z.boolean() }),
  windows: z.strictObject({ ...corners(z.boolean()), sunroof: z.boolean() }),
  climate: z.strictObject({
    on: z.boolean(),
    target_c: z.number(),
    duration_min: z.number().int().positive(),
    ends_at: z.number(),
    defrost: z.boolean(),
    rear_window_heat: z.boolean(),
    steering_wheel_heat: z.boolean(),
    seats: z.strictObject(corners(z.enum(seatLevels))),
  }),
  plug: z.enum(['none', 'ac', 'dc', 'portable']),
  charging: z.boolean(),
  port_open: z.boolean(),
  soc: percent,
  limit_ac: percent,
  limit_dc: percent,
  /** How much of what a charger offers the car takes. */
  charge_current: z.literal(chargingCurrents),
  /** What is left of the battery when it stops giving energy to others. */
  v2l_limit: percent,
  schedule: carScheduleSchema,
  valet: z.boolean(),
  /** What the navigation was told last. */
  destinations: z.array(poi),
  fuel: percent,
  aux_level: percent,
  odometer_km: z.number().nonnegative(),
  position: z.strictObject({ latitude: z.number(), longitude: z.number(), at: z.number() }),
  /** `null` while the car is parked. Heading in degrees, 0 is north. */
  drive: z.strictObject({ speed_kmh: z.number().positive(), heading: z.number() }).nullable(),
  outside_c: z.number(),
  tyres_kpa: z.strictObject(corners(z.number())),
  warnings: z.strictObject({
    tyres: z.boolean(),
    washer_fluid: z.boolean(),
    brake_fluid: z.boolean(),
    oil_level: z.boolean(),
    key_battery: z.boolean(),
    lamp: z.boolean(),
  }),
});

export type CarState = z.infer<typeof carStateSchema>;

/** One thing that the car really did; `count` says how often it has done just that by now. */
export const executedSchema = z.strictObject({
  name: z.string(),
  value: z.string(),
  at: z.number(),
  count: z.number().int().positive(),
});

export type Executed = z.infer<typeof executedSchema>;

/** Everything of a simulated car as plain JSON, so that it can move between threads. */
export const carSnapshotSchema = z.strictObject({
  identity: carIdentitySchema,
  live: carStateSchema,
  reported: carStateSchema,
  reported_at: z.number(),
  executed: z.array(executedSchema),
  counts: z.record(z.string(), z.number().int()),
});

export type CarSnapshot = z.infer<typeof carSnapshotSchema>;
