import { z } from 'zod';
import { failure } from '../../vehicle/outcome.js';
import type { Failure } from '../../vehicle/outcome.js';
import {
  deviceSchema,
  isAnswerTo,
  outcomeSchema,
  reachesCar,
  sessionSchema,
} from '../../vehicle/task.js';
import type { Outcome, Task } from '../../vehicle/task.js';
import type { HyundaiKiaConnectSettings } from './settings.js';

/** One line of JSON per message, each way. The twin of this file is in `sidecar/`. */
export const protocolVersion = 1;

const helloSchema = z.object({
  type: z.literal('hello'),
  protocol: z.number().int(),
  /** Version of the interpreter. */
  python: z.string(),
  /** Version of the vendor library; null where it cannot be imported. */
  library: z.string().nullable(),
  /** Whether this interpreter gets the library's newest releases. */
  supported: z.boolean(),
  features: z.record(z.string(), z.unknown()),
  error: z.string().optional(),
});

const messageSchema = z.discriminatedUnion('type', [
  helloSchema,
  z.object({
    type: z.literal('request'),
    id: z.number().int(),
    count: z.number().int().min(1).max(1000),
  }),
  /** The session has changed before the outcome is known: a process that is killed cannot bring it any more. */
  z.object({ type: z.literal('session'), id: z.number().int(), session: sessionSchema }),
  z.object({
    type: z.literal('log'),
    id: z.number().int().nullable(),
    level: z.enum(['debug', 'info', 'warn', 'error']),
    message: z.string(),
  }),
  // The outcome itself is checked by `readOutcome`: one bad value must not cost the session that comes with it.
  z.object({ type: z.literal('outcome'), id: z.number().int(), outcome: z.unknown() }),
]);

export type SidecarMessage = z.infer<typeof messageSchema>;
export type Hello = z.infer<typeof helloSchema>;

/** The message in a line of the sidecar, or undefined for what is none. */
export function parseMessage(line: string): SidecarMessage | undefined {
  try {
    return messageSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** The line that gives the sidecar a task. It holds the account's secrets. */
export function taskLine(id: number, task: Task, settings: HyundaiKiaConnectSettings): string {
  const { region, brand, username, password, pin, language } = settings;
  const account = { region, brand, username, password, pin, language };
  return `${JSON.stringify({ type: 'task', id, task, account })}\n`;
}

const carriedSchema = z.object({
  session: sessionSchema.optional().catch(undefined),
  device: deviceSchema.optional().catch(undefined),
  requests: z.number().int().nonnegative().catch(0),
});

/** The sidecar's outcome of this task. One that breaks the contract becomes `internal`, and keeps its session. */
export function readOutcome(value: unknown, task: Task): Outcome {
  const read = outcomeSchema.safeParse(value);
  const unknown = reachesCar(task.operation) ? { outcome: 'unknown' as const } : {};
  if (!read.success) return broken(value, { ...malformed(read.error), ...unknown });
  if (read.data.ok && !isAnswerTo(task.operation, read.data.result)) {
    const got = read.data.result.operation;
    const message = `expected a result of ${task.operation}, got ${got}`;
    return broken(value, failure('internal', message, unknown));
  }
  return read.data;
}

function malformed(error: z.ZodError): Failure {
  const [issue] = error.issues;
  const where = issue?.path.join('.') ?? '';
  return failure(
    'internal',
    `the sidecar's outcome is malformed at "${where}": ${issue?.message ?? ''}`,
  );
}

function broken(value: unknown, why: Failure): Outcome {
  const { session, device, requests } = carriedSchema.catch({ requests: 0 }).parse(value);
  return {
    ok: false,
    failure: why,
    requests,
    ...(session === undefined ? {} : { session }),
    ...(device === undefined ? {} : { device }),
  };
}
