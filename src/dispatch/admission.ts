import type { Clock } from '../daemon/clock.js';
import {
  parseRefresh,
  valueOf,
  vehicleCommandNames,
  type ExpiryKey,
  type Request,
} from '../vehicle/command.js';
import type { Capabilities } from '../vehicle/capability.js';
import { refusalOf, rounded } from '../vehicle/offered.js';
import { failure, wellKnown, type Failure } from '../vehicle/outcome.js';
import { parseRemote } from '../vehicle/parse-remote.js';
import {
  isPermitted,
  permissionsOf,
  type AllowLists,
  type CarCommand,
} from '../vehicle/permission.js';
import type { RemoteCommand } from '../vehicle/remote-command.js';
import { valueOfRemote } from '../vehicle/remote-value.js';
import type { Drivetrain } from '../vehicle/state.js';
import type { LifeCycleEvent } from '../vehicle/life-cycle.js';
import type { LaneOperation } from './lane.js';

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
  /** Told of the first event: it was accepted or refused, or of a known id what was said last. */
  readonly onAnswer?: (event: LifeCycleEvent) => void;
}

/** A command that is well formed. */
export interface Wellformed {
  readonly command: CarCommand;
  readonly request: Request;
  readonly fingerprint: string;
  readonly value: unknown;
}

/** Why a command is not taken: `rejected` with its code, or `expired`, which has none. */
export type Refusal =
  | {
      readonly status: 'rejected';
      readonly id?: string;
      readonly value?: unknown;
      readonly failure: Failure;
    }
  | {
      readonly status: 'expired';
      readonly id?: string;
      readonly value?: unknown;
      readonly message: string;
    };

export function rejected(failure: Failure, more: { id?: string; value?: unknown } = {}): Refusal {
  return { status: 'rejected', failure, ...more };
}

/** What a car can do and may be asked. */
export interface CarLimits {
  readonly capabilities: Capabilities;
  readonly drivetrain: Drivetrain | null;
  /** An `allow` list restricts to what it names; one that is absent restricts nothing but the guarded values. */
  readonly allow: AllowLists;
  /** Refuses every remote command. */
  readonly readOnly: boolean;
}

export interface AdmissionLimits extends CarLimits {
  readonly expiresIn_s: (command: CarCommand) => number;
  readonly queuePerVehicle: number;
}

/** What admission has to know of the moment. */
export interface AdmissionState {
  readonly clock: Clock;
  /** A wall clock that may be wrong: only `cached` is taken. */
  readonly clockTrusted: boolean;
  /** The answer of an account that waits for a person. */
  readonly accountRefusal: Failure | undefined;
  /** Rates, batteries, jobs that run. */
  readonly guardRefusal: (command: CarCommand) => Failure | undefined;
  /** Undefined while the breaker lets calls through. */
  readonly breakerRefusal: (command: CarCommand) => Failure | undefined;
  readonly waitingOfVehicle: number;
  readonly queueFull: boolean;
}

const futureTolerance_ms = 60_000;

/** The first checks, in the contract's order: retained, name, payload. An empty payload was ignored before. */
export function parseIncoming(
  incoming: Incoming,
  vehicle: string,
  capabilities: Capabilities,
): Wellformed | Refusal {
  if (incoming.retained) return rejected(wellKnown.retained);
  const name = vehicleCommandNames.find((one) => one === incoming.name);
  if (name === undefined) return rejected(unknownCommand);
  if (name === 'refresh') {
    const parsed = parseRefresh(incoming.payload);
    return parsed.ok ? wellformed(parsed, vehicle, valueOf(parsed.command)) : unreadable(parsed);
  }
  const parsed = parseRemote(name, incoming.payload, incoming.received_at);
  if (!parsed.ok) return unreadable(parsed);
  const command =
    parsed.command.name === 'trips' ? parsed.command : rounded(parsed.command, capabilities);
  return wellformed({ ...parsed, command }, vehicle, valueOfRemote(command));
}

const unknownCommand = failure(
  'unknown_command',
  'the topic names no command; <vehicle>/info lists what there is',
);

function unreadable(parsed: { readonly id?: string; readonly failure: Failure }): Refusal {
  return rejected(parsed.failure, parsed.id === undefined ? {} : { id: parsed.id });
}

function wellformed(
  { command, request }: { readonly command: CarCommand; readonly request: Request },
  vehicle: string,
  value: unknown,
): Wellformed {
  const { id: _, ...meant } = request;
  const fingerprint = JSON.stringify([vehicle, command, meant]);
  return { command, request, fingerprint, value };
}

/** The checks after the id, in the contract's order. Answers the deadline in epoch milliseconds. */
export function admit(
  { command, request, value }: Wellformed,
  incoming: Incoming,
  limits: AdmissionLimits,
  state: AdmissionState,
): { readonly deadline: number } | Refusal {
  const about = { value, ...(request.id === undefined ? {} : { id: request.id }) };
  const refused = offerRefusal(command, limits) ?? permissionRefusal(command, limits);
  if (refused !== undefined) return rejected(refused, about);
  const times = checkTimes(request, incoming, limits.expiresIn_s(command), about);
  if ('status' in times) return times;
  const refusal =
    clockRefusal(command, state) ??
    state.accountRefusal ??
    state.guardRefusal(command) ??
    state.breakerRefusal(command) ??
    queueRefusal(limits, state);
  return refusal === undefined ? times : rejected(refusal, about);
}

export function isRemote(command: CarCommand): command is RemoteCommand {
  return command.name !== 'refresh' && command.name !== 'trips';
}

/** What takes its first place in a lane. */
export function firstOperation(command: CarCommand): LaneOperation {
  if (isRemote(command)) return 'command';
  return command.name === 'refresh' && command.mode === 'force' ? 'force' : 'cached';
}

/** Where a value has an expiry of its own, that one. */
export function expiryKey(command: CarCommand): ExpiryKey {
  if (command.name === 'refresh') return command.mode;
  return command.name === 'lock' && command.value === 'unlock' ? 'unlock' : command.name;
}

function offerRefusal(command: CarCommand, limits: CarLimits): Failure | undefined {
  if (command.name === 'refresh') return undefined;
  return refusalOf(command, limits.capabilities);
}

function permissionRefusal(command: CarCommand, limits: CarLimits): Failure | undefined {
  const { name } = command;
  if (limits.readOnly && isRemote(command)) {
    return failure('not_allowed', `${name}: commands.read_only refuses every remote command`);
  }
  if (isPermitted(command, limits.allow, limits.drivetrain)) return undefined;
  const needed = permissionsOf(command, limits.drivetrain).flatMap(({ names }) =>
    names.slice(0, 1),
  );
  const message = `${name}: the configuration does not allow it; commands.allow would have to name ${needed.join(', ')}`;
  return failure('not_allowed', message);
}

/** Whether every list that is present names a command to the bridge, plainly or with its value. */
export function isAllowed(names: readonly string[], lists: AllowLists): boolean {
  return lists.every((list) => list?.some((entry) => names.includes(entry)) ?? true);
}

/** The deadline (epoch milliseconds) of a command with this default expiry, or why it is too late or too early. */
export function checkTimes(
  request: Request,
  incoming: Incoming,
  defaultExpiry_s: number,
  about: { id?: string; value?: unknown },
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

function clockRefusal(command: CarCommand, state: AdmissionState): Failure | undefined {
  const isCached = command.name === 'refresh' && command.mode === 'cached';
  if (state.clockTrusted || isCached) return undefined;
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
