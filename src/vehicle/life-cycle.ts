import { z } from 'zod';
import { failureCodes } from './outcome.js';

export const endings = [
  'succeeded',
  'failed',
  'rejected',
  'expired',
  'superseded',
  'cancelled',
] as const;
export const statuses = ['accepted', 'running', 'confirming', 'progress', ...endings] as const;

export type Status = (typeof statuses)[number];
export type Ending = (typeof endings)[number];

/** Why a `smart` refresh woke the car or did not (contract, section 3.1). */
export const decisions = [
  'fresh_enough',
  'forced',
  'joined',
  'wake_lane_busy',
  'guard_aux_battery',
  'guard_gap',
  'guard_budget',
  'breaker_open',
] as const;

export type Decision = (typeof decisions)[number];

/** One event of a command's life on `<base>/<v>/result` or `<base>/bridge/result` (contract, section 4). */
export const lifeCycleEventSchema = z.strictObject({
  schema: z.literal(1),
  id: z.string(),
  seq: z.number().int().nonnegative(),
  vehicle: z.string().nullable(),
  command: z.string().nullable(),
  value: z.unknown().optional(),
  status: z.enum(statuses),
  at: z.iso.datetime(),
  position: z.number().int().nonnegative().optional(),
  attempt: z.number().int().positive().optional(),
  phase: z.string().optional(),
  queued_ms: z.number().int().nonnegative().optional(),
  duration_ms: z.number().int().nonnegative().optional(),
  action_id: z.string().optional(),
  confirmed_by: z.enum(['action_status', 'state', 'nothing']).optional(),
  decision: z.enum(decisions).optional(),
  shared_with: z.string().optional(),
  superseded_by: z.string().optional(),
  code: z.enum(failureCodes).optional(),
  message: z.string().optional(),
  retryable: z.boolean().optional(),
  retry_after_s: z.number().nonnegative().optional(),
  outcome: z.literal('unknown').optional(),
  dry_run: z.literal(true).optional(),
  replayed: z.literal(true).optional(),
  done: z.number().optional(),
  total: z.number().optional(),
  percent: z.number().optional(),
  checkpoint: z.string().optional(),
  reason: z.string().optional(),
});

export type LifeCycleEvent = z.infer<typeof lifeCycleEventSchema>;

export function isEnding({ status }: Pick<LifeCycleEvent, 'status'>): boolean {
  return endings.some((ending) => ending === status);
}
