import { z } from 'zod';

/** What a thread tells the main loop while it works. `attempt` is that of the task it is about. */
export const threadNoteSchema = z.discriminatedUnion('kind', [
  /** One request to the vendor was sent. */
  z.strictObject({ kind: z.literal('request'), attempt: z.string() }),
  z.strictObject({
    kind: z.literal('log'),
    /** Absent for what happened between tasks. */
    attempt: z.string().optional(),
    command_id: z.string().optional(),
    level: z.enum(['debug', 'info', 'warn', 'error']),
    message: z.string(),
    /** Of no news if it was said before, by whatever thread. */
    once: z.literal(true).optional(),
  }),
  z.strictObject({
    kind: z.literal('process'),
    /** `killed`: it ended by a signal, whoever sent it. */
    event: z.enum(['started', 'ended', 'killed']),
    /** It leads a process group of its own. */
    pid: z.number().int(),
    /** Whose child it is: a thread that is terminated can no longer say that its process ended. */
    thread: z.number().int(),
  }),
]);

export type ThreadNote = z.infer<typeof threadNoteSchema>;

/** What the main loop tells all threads of a pool at once, on the pool's own `BroadcastChannel`. */
export const threadOrderSchema = z.discriminatedUnion('kind', [
  /** A thread without a task ends its process. One that works is left alone. */
  z.strictObject({ kind: z.literal('release') }),
  /** Every thread ends its process; a task that runs answers `interrupted`. */
  z.strictObject({ kind: z.literal('close') }),
]);

export type ThreadOrder = z.infer<typeof threadOrderSchema>;
