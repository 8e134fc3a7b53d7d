import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import { commandAt, openWithPin, recordsOf, takeCommand } from '../ccsp/commands.js';
import { refusal, sessionOver } from '../ccsp/errors.js';
import { type PlatformCommand, platformCommands } from '../platform-commands.js';
import type { CloudOperation, CloudRequest, Reply } from '../wire.js';
import type { EuropeAccount } from './account.js';
import { bearerOf } from './replies.js';

const commands = platformCommands({ coldest_c: 14 });
const pin = 'PUT /api/v1/user/pin';
const records = /^GET \/api\/v1\/spa\/notifications\/([^/]+)\/records$/;

const callOf = ({ method, path }: CloudRequest): string => `${method} ${path}`;

/** Whether it is the request with the PIN, which carries neither a stamp nor the device in its headers. */
export function isPin(request: CloudRequest): boolean {
  return callOf(request) === pin;
}

/** The car whose records are asked for. */
export function recordsCarOf(request: CloudRequest): string | undefined {
  return records.exec(callOf(request))?.[1];
}

/** What a request has to do with commands; undefined when it is nothing. */
export function controlOperationOf(request: CloudRequest): CloudOperation | undefined {
  if (isPin(request)) return 'pin';
  if (recordsCarOf(request) !== undefined) return 'poll';
  return commandAt(commands, request) === undefined ? undefined : 'command';
}

/** Why the token of a request is not good for what it wants; undefined when it is. */
export function tokenFault(request: CloudRequest, account: EuropeAccount): Reply | undefined {
  const { control, sessions, sessionWords } = account;
  const token = bearerOf(request);
  if (commandAt(commands, request)?.opensWith !== 'pin') {
    return sessions.deviceOf(token) === undefined ? sessionOver(sessionWords) : undefined;
  }
  const { authorization, authorizationccsp } = request.headers;
  if (authorization !== authorizationccsp || !control.hasIssued(token)) return sessionOver('4010');
  return control.isValid(token) ? undefined : sessionOver(sessionWords);
}

/** The answer to what has to do with commands; undefined to everything else. */
export function answerControl(
  request: CloudRequest,
  account: EuropeAccount,
  car: SimulatedCar | undefined,
): Reply | undefined {
  if (isPin(request)) return openWithPin(account.control, request.body);
  const kind: PlatformCommand | undefined = commandAt(commands, request);
  if (kind === undefined && recordsCarOf(request) === undefined) return undefined;
  if (car === undefined) return refusal('4005');
  const { commands: underWay, protocol } = account;
  return kind === undefined
    ? recordsOf(underWay, car)
    : takeCommand(kind, request, { car, protocol, commands: underWay });
}
