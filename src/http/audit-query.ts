import { z } from 'zod';
import { auditLimits, type AuditQuery } from '../vehicle/audit-entry.js';
import { idPattern } from '../vehicle/command.js';
import { describeIssues } from '../vehicle/describe-issues.js';
import { statuses } from '../vehicle/life-cycle.js';
import { failure, type Failure } from '../vehicle/outcome.js';

const limitWords = `a number from 1 to ${String(auditLimits.max)}`;

export const auditQuerySchema = z.strictObject({
  limit: z
    .string()
    .regex(/^([1-9]\d?|[1-4]\d\d|500)$/, limitWords)
    .transform(Number)
    .optional(),
  cursor: z.uuid('the cursor of the page before').optional(),
  status: z.enum(statuses, `one of ${statuses.join(', ')}`).optional(),
  vehicle: z.string().min(1, 'what a car is called').max(128, 'what a car is called').optional(),
  id: z.string().regex(idPattern, 'the id of a command').optional(),
  since: z.iso
    .datetime({ offset: true, error: 'ISO 8601 with an offset' })
    .transform((time) => Date.parse(time))
    .optional(),
});

type Read =
  | { readonly ok: true; readonly query: AuditQuery }
  | { readonly ok: false; readonly failure: Failure };

/** Which commands of the audit log are wanted, from the fields of a URL. */
export function readAuditQuery(fields: Readonly<Record<string, string>>): Read {
  const read = auditQuerySchema.safeParse(fields);
  if (!read.success) {
    return {
      ok: false,
      failure: failure('invalid_payload', describeIssues(read.error, fields)),
    };
  }
  const given = Object.entries(read.data).filter(([, value]) => value !== undefined);
  return { ok: true, query: { limit: auditLimits.default, ...Object.fromEntries(given) } };
}

/** The same, the other way round. */
export function writeAuditQuery({ since, limit, ...words }: AuditQuery): string {
  const fields = new URLSearchParams({ limit: String(limit), ...words });
  if (since !== undefined) fields.set('since', new Date(since).toISOString());
  return fields.toString();
}
