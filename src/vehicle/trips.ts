import { z } from 'zod';

const minutes = z.number().nonnegative().nullable();
const distance = z.number().nonnegative().nullable();
const speed = z.number().nonnegative().nullable();

const driven = {
  drive_min: minutes,
  idle_min: minutes,
  distance_km: distance,
  average_kmh: speed,
  max_kmh: speed,
};

/** One drive. `start` is the car's local time, `HH:MM:SS`. */
export const tripSchema = z.strictObject({
  start: z.string().regex(/^\d{2}:\d{2}:\d{2}$/),
  ...driven,
});

/** A day on which the car was driven. `list` is null until that day has been read in detail. */
export const tripDaySchema = z.strictObject({
  date: z.iso.date(),
  trips: z.int().nonnegative().nullable(),
  ...driven,
  list: z.array(tripSchema).nullable(),
});

export type TripDay = z.infer<typeof tripDaySchema>;

/** What a vendor answers for a month (days without lists) or for a day (that day alone, or none). */
export const tripDaysSchema = z.array(tripDaySchema);

/** The document on `<base>/<v>/trips/<yyyy-mm>` (contract, section 1). */
export const tripMonthSchema = z.strictObject({
  schema: z.literal(1),
  month: z.string().regex(/^\d{4}-\d{2}$/),
  days: tripDaysSchema,
  read_at: z.iso.datetime(),
});

export type TripMonth = z.infer<typeof tripMonthSchema>;

/** A month `yyyy-mm` or a day `yyyy-mm-dd`. */
export const tripPeriod = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?$/);
