import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import { drivingHistory } from '../ccsp/details.js';
import type { CloudOperation, CloudRequest, Maker, Reply, Route } from '../wire.js';
import { belongsTo, compactTime } from '../wire.js';
import type { EuropeAccount } from './account.js';
import { brandOf } from './brands.js';
import {
  type GspaCommand,
  commandOf,
  deviceOf,
  refused,
  takeCommand,
  updateStatus,
} from './gspa-commands.js';
import { ccs2Vehicle } from './payload.js';
import { bearerOf, gspa } from './replies.js';
import { stampFault } from './stamp.js';

type Read =
  'stored-status' | 'driving-info' | 'driving-history' | 'software-version' | 'ota-updates';

interface Target {
  readonly operation: CloudOperation;
  readonly car: string;
  readonly read?: Read;
  readonly command?: GspaCommand;
}

/** The routes that end in the car's id or in a name after it; the id is the group. */
const reads: Readonly<Record<Read, RegExp>> = {
  'stored-status': /^status\/vehicles\/([^/]+)\/stored-status$/,
  'driving-info': /^driving-info\/vehicles\/([^/]+)$/,
  'driving-history': /^driving-history\/vehicles\/([^/]+)$/,
  'software-version': /^device-info\/vehicles\/([^/]+)\/software-version$/,
  'ota-updates': /^mru\/vehicles\/([^/]+)\/ota-updates$/,
};
const poll = /^status\/vehicles\/([^/]+)\/update-status$/;
const wake = /^remote\/vehicles\/([^/]+)\/prewakeup$/;
const base = '/gspa/v1/';

/** The new vehicle servers of Europe, which demand a stamp on each request. Genesis has none yet. */
export class EuropeGspa implements Maker {
  readonly hosts = ['gspa-ccs-eu.hyundai.com', 'gspa-ccs-eu.kia.com'];
  readonly #accounts: readonly EuropeAccount[];

  constructor(accounts: readonly EuropeAccount[]) {
    this.#accounts = accounts;
  }

  stop(): void {
    for (const account of this.#accounts) account.stop();
  }

  route(request: CloudRequest): Route {
    const brand = brandOf(request.host);
    const token = bearerOf(request);
    const account = this.#accounts.find((one) => one.brand === brand && one.hasIssued(token));
    const target = targetOf(request);
    const car = account?.carById(target?.car ?? '');
    return {
      operation: target?.operation ?? 'unknown',
      ...belongsTo(account, car),
      answer: () => answer(request, account, target, car),
      sessionRevoked: () => gspa.unauthorized(),
      rateLimited: (status) => gspa.rateLimited(status === 200 ? undefined : status),
      refused,
    };
  }
}

function targetOf(request: CloudRequest): Target | undefined {
  if (!request.path.startsWith(base)) return undefined;
  const name = request.path.slice(base.length);
  return request.method === 'GET' ? readOf(name) : sentOf(name, request);
}

function readOf(name: string): Target | undefined {
  const polled = poll.exec(name)?.[1];
  if (polled !== undefined) return { operation: 'poll', car: polled };
  for (const [read, pattern] of Object.entries(reads) as [Read, RegExp][]) {
    const car = pattern.exec(name)?.[1];
    if (car === undefined) continue;
    return { operation: read === 'stored-status' ? 'cached' : 'detail', car, read };
  }
  return undefined;
}

function sentOf(name: string, request: CloudRequest): Target | undefined {
  const woken = wake.exec(name)?.[1];
  if (woken !== undefined) return { operation: 'force', car: woken };
  const command = commandOf(request);
  return command === undefined ? undefined : { operation: 'command', car: command.car, command };
}

function answer(
  request: CloudRequest,
  account: EuropeAccount | undefined,
  target: Target | undefined,
  car: SimulatedCar | undefined,
): Reply {
  const device = account === undefined ? undefined : deviceOf(request, account);
  if (account === undefined || device === undefined) return gspa.unauthorized();
  const fault = account.strict ? faultOf(request, account, device) : undefined;
  if (fault !== undefined) return gspa.error(403, '403-001', fault);
  return car === undefined || target === undefined
    ? gspa.noSuchRoute(request.path)
    : answerTarget(target, request, account, car);
}

function answerTarget(
  target: Target,
  request: CloudRequest,
  account: EuropeAccount,
  car: SimulatedCar,
): Reply {
  if (target.operation === 'force') return wakeUp(account, car);
  if (target.command !== undefined) return takeCommand(target.command, request, account, car);
  return target.read === undefined
    ? updateStatus(car, account)
    : answerRead(target.read, request, car);
}

function faultOf(
  request: CloudRequest,
  account: EuropeAccount,
  device: string,
): string | undefined {
  return deviceFault(request, device) ?? stampFault(request, account, device);
}

/** The token is good on the phone only that it was given to. */
function deviceFault({ headers, host }: CloudRequest, device: string): string | undefined {
  const ownHeader = brandOf(host) === 'kia' ? 'x-userdevice-id' : 'x-device-id';
  const right = headers['ccsp-device-id'] === device && headers[ownHeader] === device;
  return right ? undefined : 'token of another device';
}

function answerRead(read: Read, request: CloudRequest, car: SimulatedCar): Reply {
  const driven = (periodTarget: number): object =>
    drivingHistory(car, { ...request, body: { periodTarget } });
  switch (read) {
    case 'stored-status':
      return gspa.ok({
        serviceNo: '1',
        lastUpdateTime: compactTime(car.reported().at),
        state: { Vehicle: ccs2Vehicle(car) },
      });
    case 'driving-info':
      return ifElectric(car, driven(1));
    case 'driving-history':
      return ifElectric(car, driven(0));
    case 'software-version':
      return gspa.ok({ softwareVersion: 'EU.240812' });
    case 'ota-updates':
      return gspa.ok({ otaUpdateList: [] });
  }
}

function ifElectric(car: SimulatedCar, data: object): Reply {
  return car.identity.battery_kwh === 0
    ? gspa.error(404, '404-001', 'No data found')
    : gspa.ok(data);
}

function wakeUp({ wakes }: EuropeAccount, car: SimulatedCar): Reply {
  if (wakes.answer === 'rate_limited') return gspa.rateLimited();
  if (wakes.answer === 'duplicate') return gspa.duplicate();
  wakes.send(car);
  return gspa.ok({}, 202);
}
