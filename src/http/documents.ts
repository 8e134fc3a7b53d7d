import { z } from '@hono/zod-openapi';
import { auditPageSchema } from '../vehicle/audit-entry.js';
import { lifeCycleEventSchema, statuses } from '../vehicle/life-cycle.js';
import { failureCodes } from '../vehicle/outcome.js';
import { stateDocumentSchema } from '../vehicle/state.js';
import { accountReportSchema } from './account-report.js';

const schema = z.literal(1);

export const carName = "Topic id, VIN in any case, or the maker's id";

/** A schema of another folder, under its name: it was made before schemas knew of OpenAPI, so it is made anew. */
function named<T extends z.ZodType>(foreign: T, name: string): T {
  return foreign.meta({}).openapi(name);
}

/** What is answered over HTTP, for the OpenAPI document. */
export const refusalBody = z
  .object({
    schema,
    code: z.enum(failureCodes),
    message: z.string(),
    retryable: z.boolean(),
    retry_after_s: z.number().nonnegative().optional(),
  })
  .openapi('Refusal');

export const commandEvent = named(lifeCycleEventSchema, 'Event');

export const taken = z
  .object({ id: z.string(), status: z.enum(statuses), href: z.string() })
  .openapi('Taken');

export const commandLife = z
  .object({ schema, id: z.string(), status: z.enum(statuses), events: z.array(commandEvent) })
  .openapi('Command');

export const auditPage = auditPageSchema.extend({ schema }).openapi('AuditPage');

export const healthReport = z
  .object({ schema, ok: z.boolean(), reasons: z.array(z.string()) })
  .openapi('Health');

export const account = accountReportSchema.unwrap().extend({ schema }).openapi('Account');

export const accounts = z
  .object({ schema, accounts: z.array(accountReportSchema) })
  .openapi('Accounts');

const documents = {
  vehicle: z.string().openapi({ description: 'The topic id' }),
  available: z.boolean(),
  info: z.looseObject({ id: z.string(), vin: z.string().nullable(), name: z.string().nullable() }),
  state: stateDocumentSchema.nullable(),
};

export const vehicle = z.object({ schema, ...documents }).openapi('Vehicle');

export const vehicles = z
  .object({ schema, vehicles: z.array(z.object(documents)) })
  .openapi('Vehicles');

export const bridgeState = z.looseObject({ schema }).openapi('BridgeState');

export const session = z
  .object({
    schema,
    access: z.enum(['full', 'read']),
    /** Whether a token is configured. */
    token: z.boolean(),
    version: z.string(),
  })
  .openapi('Session');
