import { z } from 'zod';
import { commandSourceSchema, type CommandSource } from './command-source.js';
import { stepOf, stepSchema, withStep, type CommandStep } from './command-step.js';
import type { JournalRecord } from './journal-record.js';
import {
  isEnding,
  lifeCycleEventSchema,
  statuses,
  type LifeCycleEvent,
  type Status,
} from './life-cycle.js';
import { failureCodes } from './outcome.js';

/** A command in the audit log: who asked for what, and what became of it. */
export const auditEntrySchema = z.object({
  /** Rises with time, over all accounts. */
  key: z.string(),
  id: z.string(),
  /** null for a command to the bridge. */
  account: z.string().nullable(),
  vehicle: z.string().nullable(),
  command: z.string().nullable(),
  value: z.unknown().optional(),
  /** null where it was not kept: an earlier release took the command. */
  source: commandSourceSchema.nullable(),
  received_at: z.iso.datetime(),
  ended_at: z.iso.datetime().nullable(),
  status: z.enum(statuses),
  code: z.enum(failureCodes).optional(),
  message: z.string().optional(),
  /** Oldest first; the last one is what `status` says. */
  steps: z.array(stepSchema),
});

export type AuditEntry = z.infer<typeof auditEntrySchema>;

/** Which commands, newest first. */
export interface AuditQuery {
  readonly limit: number;
  /** Only what is older than this: the `cursor` of the page before. */
  readonly cursor?: string;
  readonly status?: Status;
  /** However a car may be called; `bridge` for the bridge's own. */
  readonly vehicle?: string;
  readonly id?: string;
  /** Epoch milliseconds. */
  readonly since?: number;
}

export const auditLimits = { default: 50, max: 500 } as const;

/** A page may hold fewer than asked for, and even none, and still not be the last: that one has no cursor. */
export const auditPageSchema = z.object({
  commands: z.array(auditEntrySchema),
  cursor: z.string().nullable(),
});

export type AuditPage = z.infer<typeof auditPageSchema>;

/** A command that was not taken. */
export const refusalSchema = z.object({
  key: z.string(),
  account: z.string().nullable(),
  event: lifeCycleEventSchema,
  source: commandSourceSchema.optional(),
});

export type StoredRefusal = z.infer<typeof refusalSchema>;

export function entryOfRecord(record: JournalRecord, account: string | null): AuditEntry {
  return entryOf(record.event, {
    key: record.key,
    account,
    source: record.source,
    received_at: iso(record.received_at),
    ended_at: record.ended_at === undefined ? null : iso(record.ended_at),
    // Records of earlier releases hold the newest event alone.
    steps: record.steps.length > 0 ? record.steps : [stepOf(record.event)],
  });
}

/** The entry with what has happened since. */
export function withLaterSteps(entry: AuditEntry, later: readonly CommandStep[]): AuditEntry {
  const last = later.at(-1);
  if (last === undefined) return entry;
  return {
    ...entry,
    ...standingOf(last),
    ended_at: isEnding(last) ? last.at : null,
    steps: [...later.reduce<readonly CommandStep[]>(withStep, entry.steps)],
  };
}

export function entryOfRefusal({ key, account, event, source }: StoredRefusal): AuditEntry {
  const { at } = event;
  return entryOf(event, {
    ...{ key, account, source, received_at: at, ended_at: at },
    steps: [stepOf(event)],
  });
}

/** The events that an entry was made of. */
export function eventsOf({ id, vehicle, command, value, steps }: AuditEntry): LifeCycleEvent[] {
  const about = {
    schema: 1,
    id,
    vehicle,
    command,
    ...(value === undefined ? {} : { value }),
  } as const;
  return steps.map((step) => ({ ...about, ...step }));
}

interface Life {
  readonly key: string;
  readonly account: string | null;
  readonly source: CommandSource | undefined;
  readonly received_at: string;
  readonly ended_at: string | null;
  readonly steps: readonly CommandStep[];
}

function entryOf(event: LifeCycleEvent, { source, steps, ...life }: Life): AuditEntry {
  const { id, vehicle, command, value } = event;
  return {
    ...life,
    ...{ id, vehicle, command },
    ...(value === undefined ? {} : { value }),
    ...standingOf(steps.at(-1) ?? stepOf(event)),
    source: source ?? null,
    steps: [...steps],
  };
}

function standingOf({ status, code, message }: CommandStep) {
  return {
    status,
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
  };
}

function iso(epoch_ms: number): string {
  return new Date(epoch_ms).toISOString();
}
