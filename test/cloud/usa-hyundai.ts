import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import type { UsaHyundaiAccount } from './usa-hyundai-account.js';
import { commandOf } from './usa-hyundai-commands.js';
import { enrolled, location, vehicleStatus } from './usa-hyundai-payload.js';
import {
  type CloudOperation,
  type CloudRequest,
  type Maker,
  type Reply,
  type Route,
  json,
  textAt,
} from './wire.js';

const signInPath = '/v2/ac/oauth/token';
const base = '/ac/v2/';

/** Hyundai and Genesis in the USA: a token and the PIN travel with every request. */
export class UsaHyundai implements Maker {
  readonly hosts = ['api.telematics.hyundaiusa.com'];
  readonly accounts: UsaHyundaiAccount[] = [];

  stop(): void {
    for (const account of this.accounts) account.commands.stop();
  }

  route(request: CloudRequest): Route {
    const name = request.path.startsWith(base) ? request.path.slice(base.length) : '';
    const user =
      request.path === signInPath ? textAt(request.body, 'username') : header(request, 'username');
    const account = this.accounts.find(({ username }) => username === user);
    const car = account?.cars.find(
      ({ identity }) => identity.id === header(request, 'registrationid'),
    );
    return {
      operation: operationOf(name, request),
      account: account?.username ?? null,
      vehicle: car?.identity.vin ?? null,
      answer: () =>
        request.path === signInPath
          ? signIn(request, account)
          : answer(name, request, account, car),
      sessionRevoked: () => sessionInvalid,
      rateLimited: (status) => dailyLimit(status),
    };
  }
}

const header = (request: CloudRequest, name: string): string => request.headers[name] ?? '';

interface HyundaiError {
  readonly errorCode: number;
  readonly errorSubCode: string;
  readonly systemName: string;
  readonly functionName: string;
  readonly message: string;
  readonly detail?: string;
}

function error(status: number, part: HyundaiError): Reply {
  const { message, detail = '', ...codes } = part;
  const body = {
    ...codes,
    errorSubMessage: detail,
    errorMessage: message,
    serviceName: 'CloudAPI',
  };
  return json(body, status);
}

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

function dailyLimit(status: number): Reply {
  return error(status, {
    errorCode: 502,
    errorSubCode: 'HT_534',
    systemName: 'HATA',
    functionName: 'remoteVehicleStatus',
    message:
      'You have exceeded the daily remote service request limit. Your last request was not processed.',
    detail: 'HATA remoteVehicleStatus service failed while performing the operation',
  });
}

function operationOf(name: string, request: CloudRequest): CloudOperation | 'unknown' {
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

function signIn(request: CloudRequest, account: UsaHyundaiAccount | undefined): Reply {
  const refused = (message: string): Reply =>
    error(401, {
      errorCode: 401,
      errorSubCode: 'IDM_401_3',
      systemName: 'IDM',
      functionName: 'login',
      message,
    });
  if (account?.password !== textAt(request.body, 'password')) {
    return refused('Wrong username or password');
  }
  const refreshes = textAt(request.body, 'grant_type') === 'refresh_token';
  if (refreshes && !account.acceptsRefresh(textAt(request.body, 'refresh_token'))) {
    return refused('Invalid refresh token');
  }
  return json(account.openSession());
}

function answer(
  name: string,
  request: CloudRequest,
  account: UsaHyundaiAccount | undefined,
  car: SimulatedCar | undefined,
): Reply {
  if (account?.isValid(header(request, 'accesstoken')) !== true) return sessionInvalid;
  if (name.startsWith('enrollment/details/')) {
    return json({ enrolledVehicleDetails: account.cars.map((one) => enrolled(one)) });
  }
  if (name === 'rmt/getRunningStatus') return progressOf(header(request, 'tid'), account);
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
      return json({ tripdetails: [] });
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

function progressOf(id: string, account: UsaHyundaiAccount): Reply {
  const progress = account.commands.progress(id);
  const words = { pending: 'PENDING', executed: 'SUCCESS', refused: 'ERROR' } as const;
  return json({ status: progress === undefined ? 'ERROR' : words[progress] });
}
