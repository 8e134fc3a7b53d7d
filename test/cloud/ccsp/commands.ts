import { randomUUID } from 'node:crypto';
import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import type { ControlTokens } from '../control-tokens.js';
import type { CommandProgress, PendingCommands } from '../pending-commands.js';
import type { PlatformCommand, PlatformCommands } from '../platform-commands.js';
import { type CloudRequest, type CommandRefusal, type Reply, at, json, textAt } from '../wire.js';
import type { CarProtocol } from './account.js';
import { refusal, signInError, success } from './errors.js';

const ofCar = /^\/api\/(v[12])\/spa\/vehicles\/[^/]+\/(.+)$/;

/** The command that a request is; undefined when it is none that the region knows. */
export function commandAt(
  commands: PlatformCommands,
  { method, path }: CloudRequest,
): PlatformCommand | undefined {
  const [, version = '', below = ''] = ofCar.exec(path) ?? [];
  const name = `${version} ${below}`;
  return method === 'POST' && Object.hasOwn(commands, name) ? commands[name] : undefined;
}

/** Takes a command for a car, or refuses it. The car obeys in its own time. */
export function takeCommand(
  { isFor, read }: PlatformCommand,
  request: CloudRequest,
  {
    car,
    protocol,
    commands,
  }: {
    readonly car: SimulatedCar;
    readonly protocol: CarProtocol;
    readonly commands: PendingCommands;
  },
): Reply {
  const command = isFor(protocol, car.identity) ? read(request.body) : undefined;
  if (command === undefined) return refusal('4005');
  if (!namesItsDevice(request)) return refusal('4002');
  if (commands.isBusy(car)) return refusal('4004');
  return success(undefined, commands.send(car, command, randomUUID()));
}

/** Some bodies name the phone again. */
function namesItsDevice({ body, headers }: CloudRequest): boolean {
  const named = at(body, 'deviceId') ?? at(body, 'deviceID');
  return named === undefined || named === headers['ccsp-device-id'];
}

const results: Readonly<Record<CommandProgress, string | null>> = {
  pending: null,
  executed: 'success',
  refused: 'fail',
  unanswered: 'non-response',
};

/** What became of the commands of a car. */
export function recordsOf(commands: PendingCommands, car: SimulatedCar): Reply {
  const records = commands
    .of(car)
    .map(({ id, progress }) => ({ recordId: id, result: results[progress] }));
  return success(records);
}

/** The token for commands, for the right PIN. */
export function openWithPin(control: ControlTokens, body: unknown): Reply {
  const answer = control.open(textAt(body, 'pin'));
  return 'token' in answer
    ? json({ controlToken: answer.token, expiresTime: control.lifetime_s })
    : signInError('4003', `Invalid PIN, ${String(answer.left)} attempts left`);
}

const refusals = {
  duplicate: '4004',
  unsupported: '4005',
  vehicle_timeout: '4081',
  unavailable: '5031',
} as const satisfies Record<CommandRefusal, string>;

/** The platform's words for a command that it does not take. */
export function refused(reason: CommandRefusal): Reply {
  return refusal(refusals[reason]);
}
