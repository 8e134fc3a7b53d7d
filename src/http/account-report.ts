import { z } from 'zod';
import { failureSchema } from '../vehicle/outcome.js';
import { drivetrains } from '../vehicle/state.js';
import { challengeSchema } from '../vehicle/task.js';

/** A car as its account lists it, with its topic id. */
const reportedVehicleSchema = z
  .object({
    /** The topic id. */
    vehicle: z.string(),
    /** The vendor's id. */
    id: z.string(),
    vin: z.string().nullable(),
    name: z.string().nullable(),
    model: z.string().nullable(),
    year: z.number().int().nullable(),
    brand: z.string().nullable(),
    drivetrain: z.enum(drivetrains).nullable(),
  })
  .readonly();

/** An account as a person who is to sign in needs to see it. Holds no secret. */
export const accountReportSchema = z
  .object({
    name: z.string(),
    state: z.enum(['ready', 'signing_in', 'otp_required', 'refused', 'unreachable']),
    /** Why it is not ready. */
    reason: failureSchema.nullable(),
    /** What the vendor offers while it waits for a one-time code. */
    challenge: challengeSchema.nullable(),
    session_expires_at: z.string().nullable(),
    library: z.string().nullable(),
    vehicles: z.array(reportedVehicleSchema).readonly(),
  })
  .readonly();

export type AccountReport = z.infer<typeof accountReportSchema>;
