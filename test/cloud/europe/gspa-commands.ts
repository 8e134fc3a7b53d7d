import { randomUUID } from 'node:crypto';
import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import type { PlatformCommand } from '../platform-commands.js';
import { type CloudRequest, type CommandRefusal, type Reply, json } from '../wire.js';
import type { EuropeAccount } from './account.js';
import { gspaCommands } from './gspa-bodies.js';
import { bearerOf, gspa } from './replies.js';

const command = /^\/gspa\/v1\/(remote|valet)\/vehicles\/([^/]+)\/([^/]+)$/;

export interface GspaCommand {
  readonly kind: PlatformCommand;
  /** The id of the car. */
  readonly car: string;
}

/** The command that a request is; undefined when it is none. */
export function commandOf({ method, path }: CloudRequest): GspaCommand | undefined {
  const [, prefix = '', car = '', endpoint = ''] = command.exec(path) ?? [];
  const kind = gspaCommands[`${prefix} ${endpoint}`];
  return method === 'POST' && kind !== undefined ? { kind, car } : undefined;
}

/** The phone of a request whose token is good for what it wants. */
export function deviceOf(request: CloudRequest, account: EuropeAccount): string | undefined {
  const { control, sessions } = account;
  const token = bearerOf(request);
  if (commandOf(request)?.kind.opensWith !== 'pin') return sessions.deviceOf(token);
  const { authorization, authorizationccsp } = request.headers;
  if (authorization !== authorizationccsp || !control.isValid(token)) return undefined;
  const device = request.headers['ccsp-device-id'] ?? '';
  return sessions.hasDevice(device) ? device : undefined;
}

export function takeCommand(
  { kind }: GspaCommand,
  request: CloudRequest,
  account: EuropeAccount,
  car: SimulatedCar,
): Reply {
  const { commands, protocol, givesActionIds } = account;
  if (!kind.isFor(protocol, car.identity)) return refused('unsupported');
  const wanted = kind.read(request.body);
  if (wanted === undefined) return gspa.error(400, '400-002', 'Invalid request body');
  if (commands.isBusy(car)) return gspa.duplicate();
  const SID = commands.send(car, wanted, randomUUID());
  return gspa.ok(givesActionIds ? { SID } : {}, 202);
}

const pollingStates = {
  pending: 'WAIT',
  executed: 'SUCCESS',
  refused: 'FAILURE',
  unanswered: 'TIMEOUT',
} as const;

/** How the car's last command stands, whichever that is. The real servers say that they wait, whatever happens. */
export function updateStatus(car: SimulatedCar, account: EuropeAccount): Reply {
  const last = account.updateStatusWaits ? undefined : account.commands.of(car).at(-1);
  return gspa.ok({ pollingState: pollingStates[last?.progress ?? 'pending'] }, 202);
}

/** The servers' words for a command that they do not take. */
export function refused(reason: CommandRefusal): Reply {
  switch (reason) {
    case 'duplicate':
      return gspa.duplicate();
    case 'unsupported':
      return gspa.error(404, '404-001', 'Not supported');
    case 'vehicle_timeout':
      return json({ rt: 'F', rc: '4081', msg: 'Request timeout' }, 408);
    case 'unavailable':
      return gspa.error(503, '503-001', 'Service Temporary Unavailable');
  }
}
