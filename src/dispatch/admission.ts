import type { Clock } from '../daemon/clock.js';
import {
  parseRefresh,
  valueOf,
  vehicleCommandNames,
  type RefreshCommand,
  type Request,
} from '../vehicle/command.js';
import { failure, wellKnown, type Failure } from '../vehicle/outcome.js';

/** A command as it came in, after it has been found out which car it is for. */
export interface Incoming {
  readonly name: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
  /** What is left of the message's own expiry (MQTT 5), in seconds. */
  readonly messageExpiry_s?: number;
  /** Epoch and monotonic milliseconds. */
  readonly received_at: number;
  readonly received: number;
}

/** A command that is well formed. */
export interface Wellformed {
  readonly command: RefreshCommand;
  readonly request: Request;
  readonly fingerprint: string;
  readonly value: string;
}

/** Why a command is not taken: `rejected` with its code, or `expired`, which has none. */
export type Refusal =
  | {
      readonly status: 'rejected';
      readonly id?: string;
      readonly value?: string;
      readonly failure: Failure;
    }
  | {
      readonly status: 'expired';
      readonly id?: string;
      readonly value?: string;
      readonly message: string;
    };

export function rejected(failure: Failure, more: { id?: string; value?: string } = {}): Refusal {
  return { status: 'rejected', failure, ...more };
}

export interface AdmissionLimits {
  /** An `allow` list restricts to what it names; one that is absent restricts nothing. */
  readonly allow: readonly (readonly string[] | undefined)[];
  /** Seconds by command or mode. */
  readonly expiresIn_s: (command: RefreshCommand) => number;
  readonly queuePerVehicle: number;
}

/** What admission has to know of the moment. */
export interface AdmissionState {
  readonly clock: Clock;
  /** A wall clock that may be wrong: only `cached` is taken. */
  readonly clockTrusted: boolean;
  /** The answer of an account that waits for a person. */
  readonly accountRefusal: Failure | undefined;
  /** Undefined while the breaker lets calls through. */
  readonly breakerRefusal: (command: RefreshCommand) => Failure | undefined;
  readonly waitingOfVehicle: number;
  readonly queueFull: boolean;
}

const futureTolerance_ms = 60_000;

/** The first checks, in the contract's order: retained, name, payload. An empty payload was ignored before. */
export function parseIncoming(incoming: Incoming, vehicle: string): Wellformed | Refusal {
  if (incoming.retained) {
    return rejected(wellKnown.retained);
  }
  if (incoming.name !== 'refresh') return rejected(unknownOrUnsupported(incoming.name));
  const parsed = parseRefresh(incoming.payload);
  if (!parsed.ok) return rejected(parsed.failure, parsed.id === undefined ? {} : { id: parsed.id });
  const { command, request } = parsed;
  const { id: _, ...meant } = request;
  const fingerprint = JSON.stringify([vehicle, command, meant]);
  return { command, request, fingerprint, value: valueOf(command) };
}

function unknownOrUnsupported(name: string): Failure {
  const known = vehicleCommandNames.some((one) => one === name);
  return known
    ? failure('unsupported', `${name}: this car or this version of the bridge does not offer it`)
    : failure('unknown_command', 'the topic names no command; <vehicle>/info lists what there is');
}

/** The checks after the id: allowed, times, account, breaker, queue. Answers the deadline in epoch milliseconds. */
export function admit(
  { command, request, value }: Wellformed,
  incoming: Incoming,
  limits: AdmissionLimits,
  state: AdmissionState,
): { readonly deadline: number } | Refusal {
  const about = { value, ...(request.id === undefined ? {} : { id: request.id }) };
  const times = checkTimes(request, incoming, limits.expiresIn_s(command), about);
  if (!isAllowed([command.name, `${command.name}:${command.mode}`], limits.allow)) {
    return rejected(failure('not_allowed', 'refresh: the configuration does not allow it'), about);
  }
  if ('status' in times) return times;
  const refusal =
    clockRefusal(command, state) ??
    state.accountRefusal ??
    state.breakerRefusal(command) ??
    queueRefusal(limits, state);
  return refusal === undefined ? times : rejected(refusal, about);
}

/** Whether every list that is present names the command, plainly or with its value. */
export function isAllowed(
  names: readonly string[],
  lists: readonly (readonly string[] | undefined)[],
): boolean {
  return lists.every((list) => list?.some((entry) => names.includes(entry)) ?? true);
}

/** The deadline (epoch milliseconds) of a command with this default expiry, or why it is too late or too early. */
export function checkTimes(
  request: Request,
  incoming: Incoming,
  defaultExpiry_s: number,
  about: { id?: string; value?: string },
): { readonly deadline: number } | Refusal {
  const { received_at, messageExpiry_s } = incoming;
  const issued_at = request.issued_at ?? received_at;
  if (issued_at > received_at + futureTolerance_ms) {
    const message = 'issued_at: expected at most 60 s in the future, got a later time';
    return rejected(failure('invalid_payload', message), about);
  }
  const expiresIn_s = request.expires_in_s ?? defaultExpiry_s;
  const deadline = Math.min(
    Math.min(issued_at, received_at) + expiresIn_s * 1000,
    received_at + (messageExpiry_s ?? Infinity) * 1000,
  );
  if (deadline <= received_at) {
    return { status: 'expired', message: 'it came after its expiry', ...about };
  }
  return { deadline };
}

function clockRefusal(command: RefreshCommand, state: AdmissionState): Failure | undefined {
  if (state.clockTrusted || command.mode === 'cached') return undefined;
  return failure(
    'not_ready',
    'the system clock is behind the journal; until it is set only cached reads are taken',
  );
}

function queueRefusal(limits: AdmissionLimits, state: AdmissionState): Failure | undefined {
  if (state.waitingOfVehicle >= limits.queuePerVehicle) {
    return failure(
      'queue_full',
      `${String(limits.queuePerVehicle)} commands of this car wait already`,
    );
  }
  if (state.queueFull) return failure('queue_full', 'too many commands wait already');
  return undefined;
}
