import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import type { UsaKiaAccount } from './usa-kia-account.js';
import { commandOf } from './usa-kia-commands.js';
import { summary, targets, vehicleInfo, vehicleStatus } from './usa-kia-payload.js';
import {
  type CloudOperation,
  type CloudRequest,
  type CommandRefusal,
  type Maker,
  type Reply,
  type Route,
  at,
  belongsTo,
  json,
  textAt,
} from './wire.js';

const base = '/apigw/v1/';

/** Kia in the USA: the session id travels in headers, and errors in the envelope's status. */
export class UsaKia implements Maker {
  readonly hosts = ['api.owners.kia.com'];
  readonly accounts: UsaKiaAccount[] = [];

  stop(): void {
    for (const account of this.accounts) account.commands.stop();
  }

  route(request: CloudRequest): Route {
    const name = request.path.startsWith(base) ? request.path.slice(base.length) : '';
    const account = this.#accountOf(name, request);
    const car = account?.carByKey(header(request, 'vinkey'), header(request, 'sid'));
    return {
      operation: operationOf(name, request),
      ...belongsTo(account, car),
      answer: () => answer(name, request, account),
      sessionRevoked: () => sessionInvalid,
      rateLimited: (status) => error(9001, 'Too many requests', status),
      refused: (reason) => error(...refusals[reason]),
    };
  }

  #accountOf(name: string, request: CloudRequest): UsaKiaAccount | undefined {
    if (name === 'prof/authUser') {
      const user = textAt(request.body, 'userCredential', 'userId');
      return this.accounts.find(({ username }) => username === user);
    }
    const otpKey = header(request, 'otpkey');
    if (otpKey !== '') return this.accounts.find((account) => account.hasOtp(otpKey));
    return this.accounts.find((account) => account.hasIssued(header(request, 'sid')));
  }
}

const header = (request: CloudRequest, name: string): string => request.headers[name] ?? '';

function ok(payload: unknown, headers: Record<string, string> = {}): Reply {
  const status = {
    statusCode: 0,
    errorType: 0,
    errorCode: 0,
    errorMessage: 'Success with response body',
  };
  return json({ status, payload }, 200, headers);
}

function error(errorCode: number, errorMessage: string, status = 200): Reply {
  return json({ status: { statusCode: 1, errorType: 1, errorCode, errorMessage } }, status);
}

const sessionInvalid = error(1003, 'Session Key is either invalid or expired');
/** Only the code for a car that is not enrolled is known from the wild. */
const refusals: Readonly<Record<CommandRefusal, [number, string]>> = {
  duplicate: [9003, 'A previous request is still pending'],
  unsupported: [1072, 'Vehicle is not enrolled'],
  vehicle_timeout: [9004, 'The vehicle did not respond'],
  unavailable: [9005, 'The service is not available'],
};
const vehicleInvalid = error(1005, 'Invalid vehicle for current session');

function operationOf(name: string, request: CloudRequest): CloudOperation | 'unknown' {
  if (commandOf(name, request) !== undefined) return 'command';
  const operations: Record<string, CloudOperation> = {
    'prof/authUser': header(request, 'rmtoken') === '' ? 'sign_in' : 'refresh',
    'cmm/sendOTP': 'otp',
    'cmm/verifyOTP': 'otp',
    'ownr/gvl': 'list',
    'cmm/gvi': 'cached',
    'rems/rvs': at(request.body, 'requestType') === 0 ? 'force' : 'cached',
    'evc/gts': 'detail',
    'cmm/gts': 'poll',
  };
  return operations[name] ?? 'unknown';
}

function answer(name: string, request: CloudRequest, account: UsaKiaAccount | undefined): Reply {
  if (name === 'prof/authUser') return signIn(request, account);
  if (account === undefined) return sessionInvalid;
  if (name === 'cmm/sendOTP') {
    const sent = account.sendCode(header(request, 'otpkey'), header(request, 'xid'));
    return sent ? ok({}) : error(1103, 'Invalid OTP key');
  }
  if (name === 'cmm/verifyOTP') return verifyCode(request, account);
  const sid = header(request, 'sid');
  if (!account.isValid(sid)) return sessionInvalid;
  if (name === 'ownr/gvl') {
    return ok({ vehicleSummary: account.cars.map((car) => summary(car, account.keyOf(car, sid))) });
  }
  const car = account.carByKey(header(request, 'vinkey'), sid);
  return car === undefined ? vehicleInvalid : answerForCar(name, request, account, car);
}

function answerForCar(
  name: string,
  request: CloudRequest,
  account: UsaKiaAccount,
  car: SimulatedCar,
): Reply {
  const command = commandOf(name, request);
  if (command !== undefined) return ok({}, { xid: account.commands.send(car, command) });
  switch (name) {
    case 'cmm/gvi': {
      const key = account.carByKey(textAt(request.body, 'vinKey', 0), header(request, 'sid'));
      return key === car ? ok({ vehicleInfoList: [vehicleInfo(car)] }) : vehicleInvalid;
    }
    case 'evc/gts':
      return ok({ targetSOClist: targets(car) });
    case 'rems/rvs':
      if (at(request.body, 'requestType') === 0) car.wake();
      return ok({ vehicleStatusRpt: { vehicleStatus: vehicleStatus(car) } });
    case 'cmm/gts': {
      const progress = account.commands.progress(textAt(request.body, 'xid'));
      const pending = progress === 'pending' ? 1 : 0;
      return ok({ remoteStatus: pending, calSyncStatus: 0, alertStatus: 0, evStatus: pending });
    }
    default:
      return error(9002, `No such service: ${name}`, 404);
  }
}

function signIn(request: CloudRequest, account: UsaKiaAccount | undefined): Reply {
  const password = textAt(request.body, 'userCredential', 'password');
  if (account?.password !== password) {
    return error(1001, 'Invalid email or password');
  }
  const device = header(request, 'deviceid');
  const rmtoken = header(request, 'rmtoken');
  const known = account.remembers(rmtoken, device);
  const finishes = header(request, 'sid') !== '';
  if (finishes && !(known && account.hasVerified(header(request, 'sid')))) return sessionInvalid;
  if (!account.otpRequired || known) return ok({}, { sid: account.openSession() });
  const { otpKey, xid } = account.openOtp(device);
  const payload = {
    otpKey,
    email: 'd*****r@example.com',
    phone: '***-***-0123',
    hasEmail: true,
    hasPhone: true,
    rmTokenExpired: rmtoken !== '',
  };
  return ok(payload, { xid });
}

function verifyCode(request: CloudRequest, account: UsaKiaAccount): Reply {
  const code = textAt(request.body, 'otp');
  const session = account.verifyCode(header(request, 'otpkey'), header(request, 'xid'), code);
  return session === null ? error(1104, 'Invalid OTP') : ok({}, session);
}
