import { z } from 'zod';
import { failureSchema } from './outcome.js';
import { drivetrains, vehicleReportSchema } from './state.js';

/** What a thread can be asked to do. `sign_in` also lists the cars; only it may sign in. */
export const operations = ['sign_in', 'cached', 'force'] as const;

export type Operation = (typeof operations)[number];

/** The library's token and what it needs to know of each car: opaque here, and a secret. */
export const sessionSchema = z.record(z.string(), z.unknown());

export type Session = z.infer<typeof sessionSchema>;

/** A task for a worker thread. It carries all that the thread needs: a thread remembers nothing of an account. */
export const taskSchema = z.strictObject({
  account: z.string(),
  /** Unique for each try; correlates log lines and tells late outcomes from awaited ones. */
  attempt: z.string(),
  /** The command it is done for, for the log; absent for what the bridge started itself. */
  command_id: z.string().optional(),
  operation: z.enum(operations),
  /** The vendor's id of the car; absent for `sign_in`. */
  vehicle: z.string().optional(),
  remaining_ms: z.number().positive(),
  session: sessionSchema.nullable(),
});

export type Task = z.infer<typeof taskSchema>;

/** A car as its account lists it. */
export const listedVehicleSchema = z.object({
  /** The vendor's id. */
  id: z.string().min(1),
  vin: z.string().nullable(),
  name: z.string().nullable(),
  model: z.string().nullable(),
  year: z.number().int().nullable(),
  brand: z.string().nullable(),
  drivetrain: z.enum(drivetrains).nullable(),
});

export type ListedVehicle = z.infer<typeof listedVehicleSchema>;

/** What a backend answers to a task that succeeded. */
export const resultSchema = z.discriminatedUnion('operation', [
  z.strictObject({ operation: z.literal('sign_in'), vehicles: z.array(listedVehicleSchema) }),
  z.strictObject({
    operation: z.literal('cached'),
    report: vehicleReportSchema,
    polled_at: z.iso.datetime(),
  }),
  z.strictObject({
    operation: z.literal('force'),
    report: vehicleReportSchema,
    polled_at: z.iso.datetime(),
    /** Whether the car itself reported anew; without it the values are the cloud's old ones. */
    advanced: z.boolean(),
  }),
]);

export type Result = z.infer<typeof resultSchema>;

/** A changed session comes back whatever became of the task: tokens rotate in failed calls too. */
const changed = {
  session: sessionSchema.optional(),
  /** Requests to the vendor that this task made. */
  requests: z.number().int().nonnegative(),
  /** What the backend runs on, for `<v>/info` (for example the library's name and version). */
  library: z.string().optional(),
};

/**
 * What became of a task, as plain data. A failure may come with a report: a `force` that woke nothing still read
 * the cloud.
 */
export const outcomeSchema = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true), result: resultSchema, ...changed }),
  z.strictObject({
    ok: z.literal(false),
    failure: failureSchema,
    cached: resultSchema.optional(),
    ...changed,
  }),
]);

export type Outcome = z.infer<typeof outcomeSchema>;
