import { v7 as uuidv7 } from 'uuid';
import type { Clock } from './daemon/clock.js';
import type { RetryPolicy } from './daemon/retry.js';
import {
  reasonOf,
  SessionKeeper,
  type BlockedState,
  type SessionState,
} from './dispatch/session-keeper.js';
import type { AccountReport } from './http/bridge-api.js';
import { markOf, type AccountStore } from './store/account-store.js';
import { createNewestWrite } from './store/newest-write.js';
import type { KnownVehicle } from './vehicle/known-vehicle.js';
import type { Failure } from './vehicle/outcome.js';
import type { ListedVehicle, Outcome, Task } from './vehicle/task.js';

export interface AccountSessionOptions {
  readonly name: string;
  /** Changes when the credentials do: what a person has to mend is tried anew then. */
  readonly credentials: string;
  /** Changes when it is another account, whose session and cars are others. */
  readonly identity: string;
  readonly deadline_ms: { readonly sign_in: number };
}

export interface AccountSessionDependencies {
  readonly clock: Clock;
  readonly retry: RetryPolicy;
  readonly stored: AccountStore;
  /** Carries a task out. Never rejects. */
  readonly handOff: (task: Task) => Promise<Outcome>;
  readonly onVehicles: (vehicles: readonly ListedVehicle[]) => void;
  readonly onState: (state: SessionState) => void;
  readonly onStoreTrouble: (err: unknown) => void;
  /** The store is no longer written to. */
  readonly closed: AbortSignal;
}

/** What the store holds of the session of this very account, or nothing if it was another's. */
export async function keptSession(options: AccountSessionOptions, stored: AccountStore) {
  const kept = await stored.session();
  return {
    kept: kept?.identity === identityMark(options) ? kept : undefined,
    /** The cars of another account are none of this one's. */
    wasAnother: kept !== undefined && kept.identity !== identityMark(options),
  };
}

/** The keeper of an account's session, with its store and its way to the threads. Nothing has been started. */
export function createAccountSession(
  options: AccountSessionOptions,
  { kept }: Pick<Awaited<ReturnType<typeof keptSession>>, 'kept'>,
  deps: AccountSessionDependencies,
): SessionKeeper {
  const credentials = markOf(options.name, options.credentials);
  const identity = identityMark(options);
  // With other credentials what was refused is tried anew.
  const forgiven = { refusals: 0, tries: 0, next_try_at: 0, blocked: null };
  return new SessionKeeper(
    {
      clock: deps.clock,
      retry: deps.retry,
      call: (call) =>
        deps.handOff({
          account: options.name,
          attempt: uuidv7(),
          remaining_ms: options.deadline_ms.sign_in,
          ...call,
        }),
      keep: createNewestWrite({
        put: (now) => deps.stored.putSession({ ...now, credentials, identity }),
        retry: deps.retry,
        onTrouble: deps.onStoreTrouble,
        signal: deps.closed,
      }),
      onVehicles: deps.onVehicles,
      onState: deps.onState,
    },
    kept && { ...kept, ...(kept.credentials === credentials ? {} : forgiven) },
  );
}

/** What commands of an account are answered that waits for a person, with what that person can do. */
export function refusalWithAdvice(name: string, state: BlockedState): Failure {
  const login = `run "bluelink2mqtt login ${name}"`;
  const advice = {
    otp_required: `${login}, or send {"account":"${name}","method":"email"} to bridge/commands/otp`,
    refused: `nothing more is tried until the credentials change or you ${login}`,
  }[state.is];
  const { code, message, ...more } = state.reason;
  return { ...more, code, message: `${message}: ${advice}` };
}

/** The account as a person who is to sign in needs to see it. */
export function accountReport(
  name: string,
  { state, expiresAt }: SessionKeeper,
  cars: readonly KnownVehicle[],
  library: string | null,
): AccountReport {
  return {
    name,
    state: state.is,
    reason: state.is === 'ready' || state.is === 'signing_in' ? null : reasonOf(state),
    challenge: state.is === 'otp_required' ? state.challenge : null,
    session_expires_at: expiresAt,
    library,
    vehicles: cars.map(({ topic_id, listed }) => ({ vehicle: topic_id, ...listed })),
  };
}

function identityMark({ name, identity }: AccountSessionOptions): string {
  return markOf(name, identity);
}
