import { z } from 'zod';
import { seatLevels, weekdays } from './state.js';

export const seats = ['front_left', 'front_right', 'rear_left', 'rear_right'] as const;
export type Seat = (typeof seats)[number];

/** The four windows that can be told something have the names of the seats. */
export const windowPositions = ['close', 'open', 'vent'] as const;
export const heatings = ['off', 'all', 'rear_window', 'steering_wheel'] as const;
export const steeringWheelLevels = ['off', 'low', 'high'] as const;
export const chargingCurrents = [100, 90, 60] as const;

/** `HH:MM`, 24 hours. */
export const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);

const seatLevel = z.enum(seatLevels);
const windowPosition = z.enum(windowPositions);

const departure = z.strictObject({
  enabled: z.boolean(),
  days: z.array(z.enum(weekdays)),
  time: clockTime,
});

/**
 * A charging and climate schedule with every value filled in: the vendor's library overwrites what it is not told.
 * `part` says which half is to be sent where a car takes them one by one.
 */
export const scheduleActionSchema = z.strictObject({
  name: z.literal('schedule'),
  part: z.enum(['all', 'charge', 'climate']),
  enabled: z.boolean(),
  offpeak_start: clockTime,
  offpeak_end: clockTime,
  offpeak_only: z.boolean(),
  /** The first and the second departure. */
  departures: z.array(departure).length(2),
  climate: z.strictObject({
    enabled: z.boolean(),
    temperature: z.number(),
    unit: z.enum(['C', 'F']),
    defrost: z.boolean(),
  }),
});

export const poi = z.strictObject({
  name: z.string(),
  latitude: z.number(),
  longitude: z.number(),
  address: z.string(),
});

/**
 * What a car is told to do, with nothing left open: set-points and the car's present values are filled in. It is
 * carried out at most once.
 */
export const remoteActionSchema = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('lock'), value: z.enum(['lock', 'unlock']) }),
  z.strictObject({
    name: z.literal('climate_start'),
    /** In the car's own unit; null where nobody has said one: then it is the vendor's normal one. */
    temperature: z.number().nullable(),
    unit: z.enum(['C', 'F']),
    duration_min: z.int().positive(),
    defrost: z.boolean(),
    heating: z.enum(heatings),
    /** Null: not named. */
    steering_wheel: z.enum(steeringWheelLevels).nullable(),
    /** Null for a seat that is not named. */
    seats: z.strictObject({
      front_left: seatLevel.nullable(),
      front_right: seatLevel.nullable(),
      rear_left: seatLevel.nullable(),
      rear_right: seatLevel.nullable(),
    }),
  }),
  z.strictObject({ name: z.literal('climate_stop') }),
  z.strictObject({ name: z.literal('charge'), value: z.enum(['start', 'stop']) }),
  /** Percent. */
  z.strictObject({ name: z.literal('charge_limits'), ac: z.int(), dc: z.int() }),
  z.strictObject({ name: z.literal('charging_current'), percent: z.literal(chargingCurrents) }),
  z.strictObject({ name: z.literal('charge_port'), value: z.enum(['open', 'close']) }),
  /** Null for a window that is to stay as it is. */
  z.strictObject({
    name: z.literal('windows'),
    front_left: windowPosition.nullable(),
    front_right: windowPosition.nullable(),
    rear_left: windowPosition.nullable(),
    rear_right: windowPosition.nullable(),
  }),
  z.strictObject({ name: z.literal('lights') }),
  z.strictObject({ name: z.literal('horn') }),
  z.strictObject({ name: z.literal('valet_mode'), value: z.enum(['start', 'stop']) }),
  z.strictObject({ name: z.literal('v2l_limit'), percent: z.int() }),
  scheduleActionSchema,
  z.strictObject({ name: z.literal('navigation'), pois: z.array(poi).min(1) }),
]);

export type RemoteAction = z.infer<typeof remoteActionSchema>;
export type RemoteActionName = RemoteAction['name'];
export type ScheduleAction = z.infer<typeof scheduleActionSchema>;
export type ClimateStart = Extract<RemoteAction, { name: 'climate_start' }>;
