import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../daemon/clock.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import type { Outcome, Session, Task } from '../vehicle/task.js';
import type { Breaker, CallClass } from './breaker.js';
import { laneOf, type CallContext } from './dispatcher.js';
import type { LaneOperation } from './lane.js';
import type { SessionState } from './session-keeper.js';

export interface CallsOptions {
  readonly account: string;
  readonly clock: Clock;
  /** How long each operation may take, in milliseconds. */
  readonly deadline_ms: Readonly<Record<LaneOperation | 'sign_in', number>>;
  readonly breakers: Readonly<Record<CallClass, Breaker>>;
  readonly run: (task: Task) => Promise<Outcome>;
  readonly session: () => SessionState;
  readonly renew: (generation: number) => Promise<SessionState>;
  readonly adopt: (session: Session, generation: number) => Promise<void>;
  readonly onLeave: (task: Task) => void;
  readonly onReturn: (task: Task, outcome: Outcome, duration_ms: number) => void;
}

/** The way of a call from its lane to a thread and back: breaker, session, pool. Nothing here rejects. */
export function createCalls(options: CallsOptions) {
  const { clock, breakers, deadline_ms } = options;

  const handOff = async (task: Task): Promise<Outcome> => {
    const since = clock.monotonic();
    options.onLeave(task);
    const outcome = await options.run(task);
    options.onReturn(task, outcome, clock.monotonic() - since);
    return outcome;
  };

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
    });
    if (outcome.session !== undefined) void options.adopt(outcome.session, generation);
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

    signIn: (session: Session | null): Promise<Outcome> =>
      handOff({
        account: options.account,
        attempt: uuidv7(),
        operation: 'sign_in',
        remaining_ms: deadline_ms.sign_in,
        session,
      }),
  };
}

/** A read is always tried once more with a new session, a wake only if it never left. */
function sessionWasRefused(context: CallContext, outcome: Outcome): boolean {
  if (outcome.ok || outcome.failure.code !== 'auth_failed') return false;
  return laneOf[context.operation] === 'read' || outcome.failure.sent === false;
}

function notReady(state: Exclude<SessionState, { is: 'ready' }>): Outcome {
  return { ok: false, failure: refusalOf(state), requests: 0 };
}

function refusalOf(state: Exclude<SessionState, { is: 'ready' }>): Failure {
  if (state.is === 'signing_in') return failure('unavailable', 'the account is signing in');
  return state.reason;
}
