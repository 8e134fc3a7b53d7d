import { v7 as uuidv7 } from 'uuid';
import type { CarOperation, Outcome, Task } from '../vehicle/task.js';
import type { Breaker, CallClass } from './breaker.js';
import { laneOf, type CallContext } from './dispatcher.js';
import { reasonOf, type SessionState } from './session-keeper.js';

export interface CallsOptions {
  readonly account: string;
  /** How long each operation may take, in milliseconds. */
  readonly deadline_ms: Readonly<Record<CarOperation, number>>;
  /** Where a wake does not show at once, the pauses before reading back, in seconds. */
  readonly readBack_s: readonly number[];
  readonly breakers: Readonly<Record<CallClass, Breaker>>;
  readonly handOff: (task: Task) => Promise<Outcome>;
  readonly session: () => SessionState;
  readonly renew: (generation: number) => Promise<SessionState>;
  readonly adopt: (outcome: Outcome, generation: number) => Promise<void>;
}

/** The way of a call from its lane to a thread and back: breaker, session, pool. Nothing here rejects. */
export function createCalls(options: CallsOptions) {
  const { breakers, deadline_ms, handOff } = options;

  const attempt = async (context: CallContext, number: number): Promise<Outcome> => {
    const state = options.session();
    if (state.is !== 'ready') return notReady(state);
    const { data, generation } = state.session;
    context.onHandOver();
    const outcome = await handOff({
      account: options.account,
      attempt: uuidv7(),
      ...(context.commandId === undefined ? {} : { command_id: context.commandId }),
      operation: context.operation,
      vehicle: context.vehicle,
      remaining_ms: deadline_ms[context.operation],
      session: data,
      ...(context.operation === 'force' ? { read_back_s: [...options.readBack_s] } : {}),
    });
    void options.adopt(outcome, generation);
    if (number > 1 || !sessionWasRefused(context, outcome)) return outcome;
    const renewed = await options.renew(generation);
    return renewed.is === 'ready' ? attempt(context, number + 1) : notReady(renewed);
  };

  return {
    call: (context: CallContext): Promise<Outcome> =>
      breakers[laneOf[context.operation]].run(async () => {
        const refusal = await context.prepare();
        return refusal === undefined
          ? attempt(context, 1)
          : { ok: false, failure: refusal, requests: 0 };
      }),
  };
}

/** A read is always tried once more with a new session, a wake only if it never left. */
function sessionWasRefused(context: CallContext, outcome: Outcome): boolean {
  if (outcome.ok || outcome.failure.code !== 'auth_failed') return false;
  return laneOf[context.operation] === 'read' || outcome.failure.sent === false;
}

function notReady(state: Exclude<SessionState, { is: 'ready' }>): Outcome {
  return { ok: false, failure: reasonOf(state), requests: 0 };
}
