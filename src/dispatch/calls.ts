import { v7 as uuidv7 } from 'uuid';
import type { Failure } from '../vehicle/outcome.js';
import type { RemoteAction } from '../vehicle/remote-action.js';
import type { CarOperation, Outcome, Task } from '../vehicle/task.js';
import type { Breaker, CallClass } from './breaker.js';
import type { CallContext } from './dispatcher.js';
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

/** The breaker of each operation. */
const breakerOf: Readonly<Record<CarOperation, CallClass>> = {
  cached: 'read',
  trips: 'read',
  force: 'wake',
  command: 'wake',
  action_status: 'wake',
};

/** Reads can be repeated; what reaches the car only if it never left. */
const readings: readonly CarOperation[] = ['cached', 'trips', 'action_status'];

type TaskFields = Pick<
  Task,
  'action' | 'send_within_ms' | 'action_id' | 'period' | 'command_id' | 'read_back_s'
>;

interface CarCall {
  readonly operation: CarOperation;
  readonly vehicle: string;
  readonly commandId: string | undefined;
  readonly prepare?: () => Promise<Failure | undefined>;
  readonly onHandOver?: () => void;
  /** Asked at each hand-over. */
  readonly fields: () => TaskFields | Failure;
}

/** The way of a call from its lane to a thread and back: breaker, session, pool. Nothing here rejects. */
export function createCalls(options: CallsOptions) {
  const { breakers, deadline_ms, handOff } = options;

  const attempt = async (call: CarCall, number: number): Promise<Outcome> => {
    const state = options.session();
    if (state.is !== 'ready') return notReady(state);
    const { data, generation } = state.session;
    const fields = call.fields();
    if ('code' in fields) return { ok: false, failure: fields, requests: 0 };
    call.onHandOver?.();
    const outcome = await handOff({
      account: options.account,
      attempt: uuidv7(),
      ...(call.commandId === undefined ? {} : { command_id: call.commandId }),
      operation: call.operation,
      vehicle: call.vehicle,
      remaining_ms: deadline_ms[call.operation],
      session: data,
      ...fields,
    });
    void options.adopt(outcome, generation);
    if (number > 1 || !sessionWasRefused(call, outcome)) return outcome;
    const renewed = await options.renew(generation);
    return renewed.is === 'ready' ? attempt(call, number + 1) : notReady(renewed);
  };

  const through = (call: CarCall): Promise<Outcome> =>
    breakers[breakerOf[call.operation]].run(async () => {
      const refusal = await call.prepare?.();
      return refusal === undefined
        ? attempt(call, 1)
        : { ok: false, failure: refusal, requests: 0 };
    });

  return {
    /** A call of a lane. */
    call: (context: CallContext): Promise<Outcome> =>
      through({ ...context, commandId: context.commandId, fields: () => fieldsOf(context) }),

    /** What became of an action that the vendor took. */
    status: (
      vehicle: string,
      action: RemoteAction,
      action_id: string,
      commandId: string,
    ): Promise<Outcome> => {
      const fields = () => ({ action, action_id });
      return through({ operation: 'action_status', vehicle, commandId, fields });
    },

    /** Sends the second half of a command whose lane is held. */
    rest: (
      vehicle: string,
      action: RemoteAction,
      commandId: string,
      send_within_ms: number,
    ): Promise<Outcome> => {
      const fields = () => ({ action, send_within_ms });
      return through({ operation: 'command', vehicle, commandId, fields });
    },

    /** What a car has driven in a month (`yyyy-mm`) or on a day. */
    trips: (vehicle: string, period: string, commandId: string): Promise<Outcome> =>
      through({ operation: 'trips', vehicle, commandId, fields: () => ({ period }) }),
  };

  function fieldsOf({ operation, part }: CallContext): TaskFields | Failure {
    if (operation === 'force') return { read_back_s: [...options.readBack_s] };
    return part === undefined ? {} : part();
  }
}

/** A read is always tried once more with a new session, what reaches the car only if it never left. */
function sessionWasRefused({ operation }: CarCall, outcome: Outcome): boolean {
  if (outcome.ok || outcome.failure.code !== 'auth_failed') return false;
  return readings.includes(operation) || outcome.failure.sent === false;
}

function notReady(state: Exclude<SessionState, { is: 'ready' }>): Outcome {
  return { ok: false, failure: { ...reasonOf(state), sent: false }, requests: 0 };
}
