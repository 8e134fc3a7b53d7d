import { z } from 'zod';
import { failureSchema } from '../vehicle/outcome.js';
import { challengeSchema, listedVehicleSchema } from '../vehicle/task.js';

/** A car as its account lists it, with its topic id. */
const reportedVehicleSchema = listedVehicleSchema.extend({ vehicle: z.string() }).readonly();

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
