import { z } from 'zod';
import { commandSourceSchema } from './command-source.js';
import { stepSchema } from './command-step.js';
import { lifeCycleEventSchema } from './life-cycle.js';

/** Where a sender wants the events as well (MQTT 5); the correlation data in base64. */
const responseSchema = z.object({ topic: z.string(), correlation: z.string().optional() });

/** One command in the journal. The newest event in it is `accepted` or the ending. */
export const journalRecordSchema = z.object({
  key: z.string(),
  id: z.string(),
  /** The vendor's id of the car, or null for a command to the bridge. */
  vehicle: z.string().nullable(),
  command: z.string(),
  /** The payload as read, to run it again after a restart. */
  request: z.unknown(),
  /** The same for two requests only if command, car and payload are the same. */
  fingerprint: z.string(),
  received_at: z.number(),
  deadline: z.number(),
  /** A wake left for it: it is never sent a second time. */
  started: z.boolean(),
  /** When that was stored first. */
  started_at: z.number().optional(),
  /** Where a job goes on after a restart; the job alone knows its shape. */
  checkpoint: z.unknown().optional(),
  ended_at: z.number().optional(),
  /** The start of the daemon in which `seq` was reached. */
  boot: z.number(),
  seq: z.number(),
  event: lifeCycleEventSchema,
  /** What was said of it when this was written, oldest first; records of earlier releases have none. */
  steps: z.array(stepSchema).default([]),
  source: commandSourceSchema.optional(),
  response: responseSchema.optional(),
});

export type JournalRecord = z.infer<typeof journalRecordSchema>;
export type ResponseAddress = z.infer<typeof responseSchema>;

/** An event that has to reach the broker, byte for byte, before it is forgotten. */
export const outgoingSchema = z.object({
  topic: z.string(),
  payload: z.string(),
  correlation: z.string().optional(),
});

export type Outgoing = z.infer<typeof outgoingSchema>;

/** A journalled event's messages and the key under which they wait for the broker. */
export interface Parcel {
  readonly key: string;
  readonly messages: readonly Outgoing[];
}
