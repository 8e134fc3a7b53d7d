import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import type { UsaHyundaiAccount } from './usa-hyundai-account.js';
import { commandOf } from './usa-hyundai-commands.js';
import { enrolled, location, vehicleStatus } from './usa-hyundai-payload.js';
import { dailyLimit, error, refused } from './usa-hyundai-replies.js';
import { evTripDetails } from './usa-hyundai-trips.js';
import {
  type CloudOperation,
  type CloudRequest,
  type Maker,
  type Reply,
  type Route,
  belongsTo,
  json,
  textAt,
} from './wire.js';

const signInPath = '/v2/ac/oauth/token';
/** Older clients renew here, with the refresh token alone. */
const refreshPath = `${signInPath}/refresh`;
const listPath = /^enrollment\/details\/(.+)$/;
const base = '/ac/v2/';

/** Hyundai and Genesis in the USA: a token and the PIN travel with every request. */
export class UsaHyundai implements Maker {
  readonly hosts = ['api.telematics.hyundaiusa.com'];
  readonly accounts: UsaHyundaiAccount[] = [];

  stop(): void {
    for (const account of this.accounts) account.commands.stop();
  }

  route(request: CloudRequest): Route {
    const path = request.path.replace(/^\/+/, '/');
    const name = path.startsWith(base) ? path.slice(base.length) : '';
    const account = this.#accountOf(request, name);
    const car = account?.cars.find(
      ({ identity }) => identity.id === header(request, 'registrationid'),
    );
    return {
      operation: operationOf(name, request),
      ...belongsTo(account, car),
      answer: () => {
        if (request.path === signInPath) return signIn(request, account);
        if (request.path === refreshPath) return refresh(account);
        return answer(name, request, account, car);
      },
      sessionRevoked: () => sessionInvalid,
      rateLimited: (status) => dailyLimit(status),
      refused,
    };
  }

  #accountOf(request: CloudRequest, name: string): UsaHyundaiAccount | undefined {
    if (request.path === refreshPath) {
      const token = textAt(request.body, 'refresh_token');
      return this.accounts.find((account) => account.acceptsRefresh(token));
    }
    const user =
      request.path === signInPath
        ? textAt(request.body, 'username')
        : // Older clients name the user of a list in the address only.
          header(request, 'username') || decodeURIComponent(listPath.exec(name)?.[1] ?? '');
    return this.accounts.find(({ username }) => username === user);
  }
}

const header = (request: CloudRequest, name: string): string => request.headers[name] ?? '';

/** Older clients write the header in two words. */
const accessToken = (request: CloudRequest): string =>
  header(request, 'accesstoken') || header(request, 'access_token');

const sessionInvalid = error(401, {
  errorCode: 401,
  errorSubCode: 'IDM_401_1',
  systemName: 'IDM',
  functionName: 'validateToken',
  message: 'Invalid access token',
});

const wrongPin = error(400, {
  errorCode: 400,
  errorSubCode: 'C400_1',
  systemName: 'IDM',
  functionName: 'validatePIN',
  message: 'Please enter your PIN again',
});

function operationOf(name: string, request: CloudRequest): CloudOperation | 'unknown' {
  if (request.path === refreshPath) return 'refresh';
  if (request.path === signInPath) {
    return textAt(request.body, 'grant_type') === 'refresh_token' ? 'refresh' : 'sign_in';
  }
  if (commandOf(name, request) !== undefined) return 'command';
  if (name.startsWith('enrollment/details/')) return 'list';
  const operations: Record<string, CloudOperation> = {
    'rcs/rvs/vehicleStatus': isForced(request) ? 'force' : 'cached',
    'rcs/rfc/findMyCar': 'detail',
    'ts/alerts/maintenance/evTripDetails': 'detail',
    'rmt/getRunningStatus': 'poll',
  };
  return operations[name] ?? 'unknown';
}

const isForced = (request: CloudRequest): boolean => header(request, 'refresh') === 'true';

function notSignedIn(message: string): Reply {
  return error(401, {
    errorCode: 401,
    errorSubCode: 'IDM_401_3',
    systemName: 'IDM',
    functionName: 'login',
    message,
  });
}

function signIn(request: CloudRequest, account: UsaHyundaiAccount | undefined): Reply {
  if (account?.password !== textAt(request.body, 'password')) {
    return notSignedIn('Wrong username or password');
  }
  const refreshes = textAt(request.body, 'grant_type') === 'refresh_token';
  if (refreshes && !account.acceptsRefresh(textAt(request.body, 'refresh_token'))) {
    return notSignedIn('Invalid refresh token');
  }
  return json(account.openSession());
}

function refresh(account: UsaHyundaiAccount | undefined): Reply {
  return account === undefined ? notSignedIn('Invalid refresh token') : json(account.openSession());
}

function answer(
  name: string,
  request: CloudRequest,
  account: UsaHyundaiAccount | undefined,
  car: SimulatedCar | undefined,
): Reply {
  if (account?.isValid(accessToken(request)) !== true) return sessionInvalid;
  if (name.startsWith('enrollment/details/')) {
    return json({ enrolledVehicleDetails: account.cars.map((one) => enrolled(one)) });
  }
  if (name === 'rmt/getRunningStatus') return progressOf(request, account);
  if (header(request, 'vin') !== car?.identity.vin) return noSuchVehicle;
  return commandOf(name, request) === undefined
    ? read(name, request, account, car)
    : command(name, request, account, car);
}

const noSuchVehicle = error(400, {
  errorCode: 400,
  errorSubCode: 'GEN',
  systemName: 'BLODS',
  functionName: 'validateVehicle',
  message: 'Invalid vehicle',
});

function read(
  name: string,
  request: CloudRequest,
  account: UsaHyundaiAccount,
  car: SimulatedCar,
): Reply {
  switch (name) {
    case 'rcs/rvs/vehicleStatus':
      if (isForced(request)) {
        if (!account.spend('vehicleStatus')) return dailyLimit(account.budgetStatus);
        car.wake();
      }
      return json({ vehicleStatus: vehicleStatus(car) });
    case 'rcs/rfc/findMyCar':
      return json(location(car));
    case 'ts/alerts/maintenance/evTripDetails':
      return json(evTripDetails(car));
    default:
      return error(404, {
        errorCode: 404,
        errorSubCode: 'GEN',
        systemName: 'GW',
        functionName: name,
        message: `No such service: ${name}`,
      });
  }
}

function command(
  name: string,
  request: CloudRequest,
  account: UsaHyundaiAccount,
  car: SimulatedCar,
): Reply {
  const wanted = commandOf(name, request);
  if (wanted === undefined) return noSuchVehicle;
  if (header(request, 'bluelinkservicepin') !== account.pin) return wrongPin;
  if (!account.spend(wanted.name)) return dailyLimit(account.budgetStatus);
  return { status: 200, headers: { tmsTid: account.commands.send(car, wanted) }, body: '' };
}

/** What a poll has to ask for, by the command; `REMOTE_POLL` for all others. */
const serviceTypes: Readonly<Record<string, string>> = {
  lights: 'LIGHTS_ONLY',
  horn: 'HORN_AND_LIGHTS',
};

/** Of a command that is not known there is nothing to say, nor to who asks for another kind of it. */
function progressOf(request: CloudRequest, { commands }: UsaHyundaiAccount): Reply {
  const id = header(request, 'tid');
  const progress = commands.progress(id);
  const kind = serviceTypes[commands.command(id)?.name ?? ''] ?? 'REMOTE_POLL';
  if (progress === undefined || header(request, 'service_type') !== kind) {
    return { status: 200, headers: {}, body: '' };
  }
  const words = {
    pending: 'PENDING',
    executed: 'SUCCESS',
    refused: 'ERROR',
    unanswered: 'TIMEOUT',
  } as const;
  return json({ status: words[progress] });
}
