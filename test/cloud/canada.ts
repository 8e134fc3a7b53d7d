import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import type { CanadaAccount, CanadaBrand } from './canada-account.js';
import { commandOf, isCommand } from './canada-commands.js';
import { limits, listed, maintenance, position, status } from './canada-payload.js';
import { canadaError, canadaOk, limitReached, refused } from './canada-replies.js';
import { answerSignIn, isSignIn } from './canada-sign-in.js';
import {
  type CloudOperation,
  type CloudRequest,
  type Maker,
  type Reply,
  type Route,
  belongsTo,
  textAt,
} from './wire.js';

const base = '/tods/api/';
const brandOf: Readonly<Record<string, CanadaBrand>> = {
  'kiaconnect.ca': 'kia',
  'mybluelink.ca': 'hyundai',
  'genesisconnect.ca': 'genesis',
};

/** Kia, Hyundai and Genesis in Canada: every call is a POST, and a header names the car. */
export class Canada implements Maker {
  readonly hosts = Object.keys(brandOf);
  readonly accounts: CanadaAccount[] = [];

  stop(): void {
    for (const account of this.accounts) account.commands.stop();
  }

  /** Once the library has sent a command, the header names that car in every later list too. */
  route(request: CloudRequest): Route {
    const name = nameOf(request);
    const account = this.#accountOf(name, request);
    const id = header(request, 'vehicleid');
    const car = account?.cars.find(({ identity }) => identity.id === id);
    return {
      operation: operationOf(name),
      ...belongsTo(account, car),
      answer: () =>
        isSignIn(name) ? answerSignIn(name, request, account) : answer(name, request, account, car),
      sessionRevoked: () => canadaError('7602'),
      rateLimited: limitReached,
      refused,
    };
  }

  #accountOf(name: string, request: CloudRequest): CanadaAccount | undefined {
    const { body } = request;
    const user = name === 'v2/login' ? textAt(body, 'loginId') : textAt(body, 'userAccount');
    return this.accounts
      .filter(({ brand }) => brand === brandOf[request.host])
      .find((account) =>
        isSignIn(name)
          ? account.username === user
          : account.hasIssued(header(request, 'accesstoken')),
      );
  }
}

const header = (request: CloudRequest, name: string): string => request.headers[name] ?? '';

function nameOf({ method, path }: CloudRequest): string {
  return method === 'POST' && path.startsWith(base) ? path.slice(base.length) : '';
}

function operationOf(name: string): CloudOperation | 'unknown' {
  if (isSignIn(name)) return name === 'v2/login' ? 'sign_in' : 'otp';
  if (isCommand(name)) return 'command';
  const operations: Record<string, CloudOperation> = {
    vhcllst: 'list',
    lstvhclsts: 'cached',
    rltmvhclsts: 'force',
    nxtsvc: 'detail',
    vrfypin: 'detail',
    fndmcr: 'detail',
    'evc/selsoc': 'detail',
    'alerts/maintenance/evTripDetails': 'detail',
    rmtsts: 'poll',
  };
  return operations[name] ?? 'unknown';
}

function answer(
  name: string,
  request: CloudRequest,
  account: CanadaAccount | undefined,
  car: SimulatedCar | undefined,
): Reply {
  if (operationOf(name) === 'unknown') {
    return canadaError('7445', `No such service: ${request.path}`, 404);
  }
  if (account === undefined) return canadaError('7602');
  const end = account.endOf(header(request, 'accesstoken'));
  if (end !== undefined) return canadaError(end);
  if (name === 'vhcllst') return canadaOk({ vehicles: account.cars.map((one) => listed(one)) });
  if (car === undefined) return canadaError('7445', 'No such vehicle');
  if (name === 'vrfypin') {
    const right = textAt(request.body, 'pin') === account.pin;
    return right ? canadaOk({ pAuth: account.authorize(car) }) : canadaError('7310');
  }
  return needsPin(name)
    ? authorized(name, request, account, car)
    : read(name, car, account.reportZone);
}

function read(name: string, car: SimulatedCar, zone: string): Reply {
  switch (name) {
    case 'rltmvhclsts':
      car.wake();
      return canadaOk({ status: status(car, zone) });
    case 'nxtsvc':
      return canadaOk({ maintenanceInfo: maintenance(car) });
    case 'evc/selsoc':
      return canadaOk(limits(car));
    case 'alerts/maintenance/evTripDetails':
      return canadaOk({ tripdetails: [] });
    default:
      return canadaOk({ status: status(car, zone) });
  }
}

function needsPin(name: string): boolean {
  return name === 'fndmcr' || name === 'rmtsts' || isCommand(name);
}

/** What the `pAuth` of a PIN opens; all but the poll want the PIN itself too. */
function authorized(
  name: string,
  request: CloudRequest,
  account: CanadaAccount,
  car: SimulatedCar,
): Reply {
  if (!account.isAuthorized(header(request, 'pauth'), car, name)) return canadaError('7310');
  if (name === 'rmtsts') return progressOf(header(request, 'transactionid'), account);
  if (textAt(request.body, 'pin') !== account.pin) return canadaError('7310');
  const command = commandOf(name, request.body, car);
  if (command === undefined) return canadaOk(position(car));
  return canadaOk({}, { transactionId: account.commands.send(car, command) });
}

function progressOf(id: string, account: CanadaAccount): Reply {
  const progress = account.commands.progress(id);
  if (progress === undefined) return canadaError('7445', 'No such transaction');
  if (progress === 'unanswered') return canadaError('6504');
  const transaction = {
    pending: { apiStatusCode: 'null', apiResult: 'P' },
    executed: { apiStatusCode: '200', apiResult: 'C' },
    refused: { apiStatusCode: '500', apiResult: 'E' },
  }[progress];
  return canadaOk({ transaction });
}
