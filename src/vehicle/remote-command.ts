import { z } from 'zod';
import {
  chargingCurrents,
  clockTime,
  heatings,
  poi,
  seats,
  steeringWheelLevels,
  windowPositions,
} from './remote-action.js';
import { seatLevels, weekdays } from './state.js';

const perSeat = <T extends z.ZodType>(value: T) =>
  z.strictObject({
    front_left: value.exactOptional(),
    front_right: value.exactOptional(),
    rear_left: value.exactOptional(),
    rear_right: value.exactOptional(),
  });

const limit = z.int();

const departure = z.strictObject({
  enabled: z.boolean().exactOptional(),
  days: z.array(z.enum(weekdays)).exactOptional(),
  time: clockTime.exactOptional(),
});

const seatCommandNames = seats.map((seat) => `climate_seat_${seat}` as const);

/**
 * A remote command as its sender meant it, journalled in this form. What it leaves open (set-points, the other charge
 * limit, the rest of a schedule) is filled in when it leaves.
 */
export const remoteCommandSchema = z.union([
  z.strictObject({ name: z.literal('lock'), value: z.enum(['lock', 'unlock']) }),
  z.strictObject({
    name: z.literal('climate'),
    value: z.literal('start'),
    /** The word `auto`: a temperature may come with it. */
    awaits_temperature: z.boolean(),
    /** In the car's own unit. */
    temperature: z.number().exactOptional(),
    /** Minutes. */
    duration: z.int().exactOptional(),
    defrost: z.boolean().exactOptional(),
    heating: z.enum(heatings).exactOptional(),
    steering_wheel: z.enum(steeringWheelLevels).exactOptional(),
    seats: perSeat(z.enum(seatLevels)).exactOptional(),
  }),
  z.strictObject({ name: z.literal('climate'), value: z.literal('stop') }),
  z.strictObject({ name: z.literal('climate_temperature'), temperature: z.number() }),
  z.strictObject({ name: z.literal('climate_duration'), minutes: z.int() }),
  z.strictObject({ name: z.literal('climate_defrost'), on: z.boolean() }),
  z.strictObject({ name: z.enum(seatCommandNames), level: z.enum(seatLevels) }),
  z.strictObject({ name: z.literal('charge'), value: z.enum(['start', 'stop']) }),
  z.strictObject({ name: z.enum(['charge_limit_ac', 'charge_limit_dc']), percent: limit }),
  z.strictObject({ name: z.literal('charge_limits'), ac: limit, dc: limit }),
  z.strictObject({ name: z.literal('charging_current'), percent: z.literal(chargingCurrents) }),
  z.strictObject({ name: z.literal('charge_port'), value: z.enum(['open', 'close']) }),
  /** One word for all four is written as all four. */
  z.strictObject({ name: z.literal('windows'), windows: perSeat(z.enum(windowPositions)) }),
  z.strictObject({ name: z.enum(['lights', 'horn']) }),
  z.strictObject({ name: z.literal('valet_mode'), value: z.enum(['start', 'stop']) }),
  z.strictObject({ name: z.literal('v2l_limit'), percent: limit }),
  z.strictObject({
    name: z.literal('schedule'),
    enabled: z.boolean().exactOptional(),
    offpeak_start: clockTime.exactOptional(),
    offpeak_end: clockTime.exactOptional(),
    offpeak_only: z.boolean().exactOptional(),
    departures: z.array(departure).max(2).exactOptional(),
    climate: z
      .strictObject({
        enabled: z.boolean().exactOptional(),
        temperature: z.number().exactOptional(),
        defrost: z.boolean().exactOptional(),
      })
      .exactOptional(),
  }),
  z.strictObject({ name: z.literal('navigation'), pois: z.array(poi).min(1) }),
]);

export type RemoteCommand = z.infer<typeof remoteCommandSchema>;

const month = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/);

/** A long read of what a car has driven. */
export const tripsCommandSchema = z.union([
  z.strictObject({ name: z.literal('trips'), month }),
  z.strictObject({ name: z.literal('trips'), day: z.iso.date() }),
  /** Every month from the one to the other, each with all its days in detail. */
  z.strictObject({ name: z.literal('trips'), from: month, to: month }),
]);

export type TripsCommand = z.infer<typeof tripsCommandSchema>;
