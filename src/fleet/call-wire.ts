import { z } from 'zod';
import { CallError } from './call-error.js';

/** What instances can ask of each other, with the form of the question and of the answer. Both are JSON. */
export interface CallMethod<P, R> {
  readonly name: string;
  readonly params: z.ZodType<P>;
  readonly result: z.ZodType<R>;
}

export const requestSchema = z.object({
  id: z.string(),
  method: z.string(),
  params: z.unknown(),
  timeout_ms: z.number().positive(),
});

export type CallRequest = z.infer<typeof requestSchema>;

const refusals = ['unknown_method', 'invalid', 'failed', 'too_large', 'late'] as const;

export type CallRefusal = (typeof refusals)[number];

export const replySchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), result: z.unknown() }),
  z.object({ ok: z.literal(false), reason: z.enum(refusals) }),
]);

export type CallReply = z.infer<typeof replySchema>;

/** Whether a call with this id is still being worked at. */
export const running = {
  name: 'calls.running',
  params: z.object({ id: z.string() }),
  result: z.boolean(),
} satisfies CallMethod<{ id: string }, boolean>;

export function subjectOf(name: string, instance: string): string {
  return `${name}.ask.${instance}`;
}

/** What a question or an answer is sealed for: a copy that somebody sends elsewhere or to another call is not read. */
export const placeOf = {
  question: (name: string, instance: string): string => subjectOf(name, instance),
  answer: (id: string): string => `answer.${id}`,
};

export function away(instance: string, method: string, mayHaveRun: boolean): CallError {
  const what = mayHaveRun ? 'did not answer' : 'is not there to answer';
  return new CallError('away', `the instance ${instance} ${what} ${method}`, mayHaveRun);
}

export function refusedBy(instance: string, method: string, reason: CallRefusal): CallError {
  switch (reason) {
    case 'late':
      return away(instance, method, true);
    case 'unknown_method': {
      const what = `the instance ${instance} does not know ${method}: it may be of another release`;
      return new CallError('failed', what, false);
    }
    case 'invalid':
      return new CallError(
        'failed',
        `the instance ${instance} does not understand ${method}`,
        false,
      );
    case 'too_large':
      return new CallError('failed', `the answer of ${instance} to ${method} is too large`, true);
    case 'failed':
      return new CallError('failed', `the instance ${instance} failed at ${method}`, true);
  }
}
