import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import { refused } from '../ccsp/commands.js';
import { listed, position } from '../ccsp/details.js';
import { refusal, sessionOver, success } from '../ccsp/errors.js';
import { type Read, type Reads, ccs2Reads, detailReads, legacyReads } from '../ccsp/reads.js';
import { hasStamp, registerStep } from '../ccsp/sign-in.js';
import {
  type CloudOperation,
  type CloudRequest,
  type Maker,
  type Reply,
  type Route,
  belongsTo,
  html,
  textAt,
} from '../wire.js';
import type { EuropeAccount } from './account.js';
import { brandOf } from './brands.js';
import {
  answerControl,
  controlOperationOf,
  isPin,
  recordsCarOf,
  tokenFault,
} from './ccapi-commands.js';
import { ccs2Vehicle, legacyStatusInfo, legacyVehicleStatus, timeZone } from './payload.js';
import { bearerOf } from './replies.js';

const list = 'GET /api/v1/spa/vehicles';
const register = 'POST /api/v1/spa/notifications/register';
/** What a sign-in asks for before it comes to the sign-in service. */
const entries = ['GET /api/v1/user/oauth2/authorize', 'POST /api/v1/user/language'];
const ofCar = /^\/api\/v[12]\/spa\/vehicles\/([^/]+)\/(.+)$/;

const liveLocation: Read = {
  operation: 'detail',
  // Of this one the time is no wall time.
  resMsg: (car) => ({ gpsDetail: position(car, 'UTC') }),
};

const reads: Reads = {
  ...ccs2Reads(
    (car) => ({ state: { Vehicle: ccs2Vehicle(car) } }),
    // Only the wake is on its way; the car has not said anything yet.
    () => undefined,
    'ccs2',
  ),
  ...legacyReads((car) => ({ vehicleStatusInfo: legacyStatusInfo(car) }), legacyVehicleStatus),
  ...detailReads(timeZone),
  'GET location': liveLocation,
};

/** The old vehicle servers of Europe: the platform's words, and phones that have to be registered. */
export class EuropeCcapi implements Maker {
  readonly hosts = ['prd.eu-ccapi.hyundai.com', 'prd.eu-ccapi.kia.com', 'prd-eu-ccapi.genesis.com'];
  readonly #accounts: readonly EuropeAccount[];
  /** Ids of phones that were registered and not seen since. */
  readonly #newDevices = new Set<string>();
  readonly #register = registerStep(this.#newDevices);

  constructor(accounts: readonly EuropeAccount[]) {
    this.#accounts = accounts;
  }

  stop(): void {
    for (const account of this.#accounts) account.stop();
  }

  route(request: CloudRequest): Route {
    const token = bearerOf(request);
    const brand = brandOf(request.host);
    const account = this.#accounts.find((one) => one.brand === brand && one.hasIssued(token));
    const id = ofCar.exec(request.path)?.[1] ?? recordsCarOf(request) ?? '';
    const car = account?.carById(id);
    return {
      operation: operationOf(request),
      ...belongsTo(account, car),
      answer: () => this.#answer(request, account, car),
      sessionRevoked: () => sessionOver(account?.sessionWords ?? 'expired'),
      rateLimited: (status) => refusal('5091', status === 200 ? undefined : status),
      refused,
    };
  }

  #answer(
    request: CloudRequest,
    account: EuropeAccount | undefined,
    car: SimulatedCar | undefined,
  ): Reply {
    const call = callOf(request);
    if (entries.includes(call)) return html(200, 'Welcome');
    if (!hasStamp(request) && !isPin(request)) return sessionOver('4010');
    if (call === register) return this.#register.answer(request, undefined);
    if (account === undefined) return sessionOver('4010');
    return this.#refusalOf(request, account) ?? answerSignedIn(request, account, car);
  }

  #refusalOf(request: CloudRequest, account: EuropeAccount): Reply | undefined {
    const fault = tokenFault(request, account);
    if (fault !== undefined) return fault;
    const device = isPin(request)
      ? textAt(request.body, 'deviceId')
      : (request.headers['ccsp-device-id'] ?? '');
    const known = account.acceptsDevice(device, () => this.#newDevices.delete(device));
    return known ? undefined : refusal('4002');
  }
}

const callOf = ({ method, path }: CloudRequest): string => `${method} ${path}`;

/** Method and the path below the car; empty where the request names no car. */
function nameOf({ method, path }: CloudRequest): string {
  const below = ofCar.exec(path)?.[2];
  return below === undefined ? '' : `${method} ${below}`;
}

function operationOf(request: CloudRequest): CloudOperation | 'unknown' {
  const call = callOf(request);
  const name = nameOf(request);
  if (call === list) return 'list';
  if (call === register) return 'register';
  if (entries.includes(call)) return 'sign_in_step';
  return controlOperationOf(request) ?? reads[name]?.operation ?? 'unknown';
}

function answerSignedIn(
  request: CloudRequest,
  account: EuropeAccount,
  car: SimulatedCar | undefined,
): Reply {
  if (callOf(request) === list) {
    return success({ vehicles: account.cars.map((one) => listed(one, account.protocol)) });
  }
  const answer = answerControl(request, account, car);
  if (answer !== undefined) return answer;
  const read = reads[nameOf(request)];
  if (car === undefined || read === undefined) return refusal('4005');
  if ((read.protocol ?? account.protocol) !== account.protocol) return refusal('4005');
  const refused = read.operation === 'force' ? wake(account, car) : undefined;
  return refused ?? success(read.resMsg(car, request));
}

/** With CCS2 the cloud only passes the wake on; without, it waits for the car. */
function wake({ wakes, protocol }: EuropeAccount, car: SimulatedCar): Reply | undefined {
  if (wakes.answer === 'rate_limited') return refusal('5091');
  if (wakes.answer === 'duplicate') return refusal('4004');
  if (protocol === 'ccs2') wakes.send(car);
  else if (wakes.delay_ms === 'never') return refusal('4081');
  else car.wake();
  return undefined;
}
