import { v7 as uuidv7 } from 'uuid';
import { utc, type Clock } from '../daemon/clock.js';
import type { BridgeApi } from '../http/bridge-api.js';
import { readFields, senderId } from '../vehicle/command.js';
import type { LifeCycleEvent } from '../vehicle/life-cycle.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import { apiMethods } from './api-methods.js';
import { CallError } from './call-error.js';
import type { InstanceCalls } from './instance-calls.js';

export interface FleetCommand {
  readonly target: string;
  readonly name: string;
  readonly payload: Uint8Array;
}

interface FleetCommandOptions {
  readonly clock: Clock;
  readonly calls: InstanceCalls;
  readonly local: Pick<BridgeApi, 'command'>;
  /** Everything that any instance remembers of this id. */
  readonly events: (id: string) => Promise<readonly LifeCycleEvent[] | undefined>;
}

/** The journal of the owner comes first, and this may be slow for a moment. */
const taken_ms = 10_000;
const longestName = 64;

/** Takes a command to the instance that has to do with it. Answers its first event, as `BridgeApi` does. */
export function createFleetCommand({ clock, calls, local, events }: FleetCommandOptions) {
  /** The event of a command that is not taken: no part of any life cycle. */
  const refused = (command: FleetCommand, reason: Failure): LifeCycleEvent => {
    const { code, message, retryable, outcome } = reason;
    return {
      schema: 1,
      id: senderId(command.payload) ?? uuidv7(),
      ...{ seq: 0, vehicle: null, command: command.name.slice(0, longestName) },
      ...{ status: 'rejected', at: utc(clock.now()), code, message, retryable },
      ...(outcome === undefined ? {} : { outcome }),
    };
  };

  return async (command: FleetCommand, owner: string | undefined): Promise<LifeCycleEvent> => {
    if (owner === undefined) return refused(command, nobody(command));
    if (owner === calls.instance) {
      return local.command(command.target, command.name, command.payload);
    }
    const identified = { ...command, payload: withId(command.payload) };
    const { target, name, payload } = identified;
    const params = { target, name, payload_base64: Buffer.from(payload).toString('base64') };
    try {
      return await calls.ask(owner, apiMethods.command, params, { timeout_ms: taken_ms });
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (!error.mayHaveRun) return refused(identified, failure('not_ready', error.message));
      const id = senderId(payload);
      const last = id === undefined ? undefined : (await events(id))?.at(-1);
      return last === undefined ? refused(identified, inDoubt(error)) : { ...last, replayed: true };
    }
  };
}

function nobody({ target }: FleetCommand): Failure {
  const what = target === 'bridge' ? 'speaks for the bridge' : 'has the account of this car';
  return failure('not_ready', `no instance ${what} at the moment`);
}

/** The same id may be sent again: a command that was taken is not run twice. */
function inDoubt({ message }: CallError): Failure {
  const advice = 'whether it took the command is not known: ask for its id, or send the same again';
  return failure('timeout', `${message}; ${advice}`, { outcome: 'unknown' });
}

/** With an id of ours where the sender gave none: by it the command is found again. */
function withId(payload: Uint8Array): Uint8Array {
  const fields = readFields(payload);
  if (!fields.ok || fields.value['id'] !== undefined) return payload;
  return Buffer.from(JSON.stringify({ ...fields.value, id: uuidv7() }));
}
