import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import {
  type CloudOperation,
  type CloudRequest,
  type Maker,
  type Reply,
  type Route,
  belongsTo,
  textAt,
} from '../wire.js';
import { CcspAccount, type CcspAccountOptions } from './account.js';
import { commandAt, openWithPin, recordsOf, refused, takeCommand } from './commands.js';
import { listed } from './details.js';
import { invalidParameters, refusal, sessionOver, success } from './errors.js';
import type { CcspBrand, CcspRegion } from './region.js';
import { type Steps, cookieOf, formOf, hasStamp } from './sign-in.js';

const list = 'GET /api/v1/spa/vehicles';
const ofCar = /^\/api\/v[12]\/spa\/vehicles\/([^/]+)\/(.+)$/;
const records = /^GET \/api\/v1\/spa\/notifications\/([^/]+)\/records$/;
const pin = 'PUT /api/v1/user/pin';

/** Where a request goes: its operation, and whose and which car's it is. */
interface Place {
  readonly operation: CloudOperation | 'unknown';
  readonly account: CcspAccount | undefined;
  readonly car: SimulatedCar | undefined;
  /** Method and the path below the car; empty where the request names no car. */
  readonly name: string;
}

/** The platform that the makers share outside of North America, with one region's own parts. */
export class Ccsp implements Maker {
  readonly hosts: readonly string[];
  readonly #region: CcspRegion;
  readonly #accounts: CcspAccount[] = [];
  readonly #devices = new Set<string>();
  readonly #steps: Steps;

  constructor(region: CcspRegion) {
    this.#region = region;
    this.hosts = Object.values(region.hosts).flat();
    this.#steps = region.steps(this.#devices);
  }

  get regionName(): string {
    return this.#region.name;
  }

  addAccount(
    options: Omit<CcspAccountOptions, 'hosts' | 'devices' | 'tokenLifetime_s'>,
    brand: CcspBrand,
  ): CcspAccount {
    const { hosts: hostsOf, name, tokenLifetime_s } = this.#region;
    const hosts = hostsOf[brand];
    if (hosts === undefined) throw new RangeError(`brand in ${name}: there is no ${brand}`);
    const account = new CcspAccount({
      ...options,
      hosts,
      tokenLifetime_s,
      devices: this.#devices,
    });
    this.#accounts.push(account);
    return account;
  }

  stop(): void {
    for (const { commands } of this.#accounts) commands.stop();
  }

  route(request: CloudRequest): Route {
    const place = this.#placeOf(request);
    return {
      operation: place.operation,
      ...belongsTo(place.account, place.car),
      answer: () => this.#answer(request, place),
      sessionRevoked: () =>
        place.operation === 'refresh' ? invalidParameters : over(place.account),
      rateLimited: () => refusal('5091'),
      refused,
    };
  }

  #placeOf(request: CloudRequest): Place {
    const account = this.#ownerOf(request);
    const [, id, below] = ofCar.exec(request.path) ?? records.exec(callOf(request)) ?? [];
    const car = account?.cars.find(({ identity }) => identity.id === id);
    const name = below === undefined ? '' : `${request.method} ${below}`;
    return { operation: this.#operationOf(request, name), account, car, name };
  }

  /** Whose user name, token, code or cookie the request carries. */
  #ownerOf(request: CloudRequest): CcspAccount | undefined {
    const form = formOf(request);
    const secrets = [
      bearer(request),
      form.get('code'),
      form.get('refresh_token'),
      request.query.get('code'),
      cookieOf(request, 'account'),
    ];
    const user = textAt(request.body, 'email');
    const here = this.#accounts.filter(({ hosts }) => hosts.includes(request.host));
    return here.find(
      (one) => one.username === user || secrets.some((secret) => one.hasIssued(secret ?? '')),
    );
  }

  #operationOf(request: CloudRequest, name: string): CloudOperation | 'unknown' {
    const call = callOf(request);
    const step = this.#steps[call];
    if (step !== undefined) return step.operation(request);
    if (call === list) return 'list';
    if (records.test(call)) return 'poll';
    if (call === pin) return 'pin';
    if (commandAt(this.#region.commands, request) !== undefined) return 'command';
    return this.#region.reads[name]?.operation ?? 'unknown';
  }

  #answer(request: CloudRequest, place: Place): Reply {
    const step = this.#steps[callOf(request)];
    if (step !== undefined) return step.answer(request, place.account);
    const { account, operation } = place;
    if (account === undefined || !this.#admits(request, account)) return over(account);
    // The request with the PIN carries neither stamp nor device id in its headers.
    const device =
      operation === 'pin'
        ? textAt(request.body, 'deviceId')
        : (request.headers['ccsp-device-id'] ?? '');
    if (operation !== 'pin' && this.#region.needsStamp && !hasStamp(request)) {
      return invalidParameters;
    }
    return account.acceptsDevice(device) ? this.#serve(request, account, place) : refusal('4002');
  }

  /** The token that a PIN opens is good for the commands that need it, and for nothing else. */
  #admits(request: CloudRequest, account: CcspAccount): boolean {
    const command = commandAt(this.#region.commands, request);
    if (command?.opensWith !== 'pin') return account.isValid(bearer(request));
    // Brazil does without the second header.
    const { authorization, authorizationccsp = authorization } = request.headers;
    return authorization === authorizationccsp && account.control.isValid(bearer(request));
  }

  #serve(request: CloudRequest, account: CcspAccount, { operation, car, name }: Place): Reply {
    switch (operation) {
      case 'list': {
        const protocol = this.#region.listsProtocol ? account.protocol : undefined;
        return success({ vehicles: account.cars.map((one) => listed(one, protocol)) });
      }
      case 'pin':
        return openWithPin(account.control, request.body);
      default:
        return car === undefined ? refusal('5921') : this.#serveCar(request, account, car, name);
    }
  }

  #serveCar(request: CloudRequest, account: CcspAccount, car: SimulatedCar, name: string): Reply {
    const { commands, protocol } = account;
    const command = commandAt(this.#region.commands, request);
    if (command !== undefined) return takeCommand(command, request, { car, commands, protocol });
    return records.test(callOf(request))
      ? recordsOf(commands, car)
      : this.#read(request, account, car, name);
  }

  #read(request: CloudRequest, account: CcspAccount, car: SimulatedCar, name: string): Reply {
    const read = this.#region.reads[name];
    if (read === undefined || (read.protocol ?? account.protocol) !== account.protocol) {
      return refusal('5921');
    }
    if (read.operation === 'force') car.wake();
    return success(read.resMsg(car, request));
  }
}

const callOf = ({ method, path }: CloudRequest): string => `${method} ${path}`;

function bearer(request: CloudRequest): string {
  return (request.headers['authorization'] ?? '').replace(/^Bearer /, '');
}

function over(account: CcspAccount | undefined): Reply {
  return sessionOver(account?.sessionWords ?? 'expired');
}
