import { randomUUID } from 'node:crypto';
import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import type { CarProtocol } from '../ccsp/account.js';
import type { SessionWords } from '../ccsp/errors.js';
import { EuropeSessions } from './sessions.js';
import { Wakes } from './wakes.js';

export type EuropeBrand = 'hyundai' | 'kia' | 'genesis';

export interface EuropeAccountOptions {
  readonly username: string;
  readonly password: string;
  readonly pin: string;
  readonly brand: EuropeBrand;
  /** What the cars of the account speak. Default ccs2. */
  readonly protocol?: CarProtocol;
  /** Whether signatures, stamps and device ids are looked at. Default true. */
  readonly strict?: boolean;
  readonly cars: readonly SimulatedCar[];
  readonly now: () => number;
}

/** An account at Hyundai, Kia or Genesis in Europe: one sign-in service before the old and the new vehicle servers. */
export class EuropeAccount {
  readonly username: string;
  /** Change it to make the credentials of the client wrong. */
  password: string;
  pin: string;
  readonly brand: EuropeBrand;
  readonly protocol: CarProtocol;
  readonly strict: boolean;
  readonly cars: readonly SimulatedCar[];
  readonly now: () => number;
  /** What the makers call the user. */
  readonly uid = randomUUID();
  readonly sessions: EuropeSessions;
  readonly wakes = new Wakes();
  /** How the old vehicle servers say that a session is over. */
  sessionWords: SessionWords = 'expired';
  /** The user has to accept new terms in a browser first. */
  consentRequired = false;
  /** The firewall before the sign-in of this brand takes the client for an attacker. */
  blockedByFirewall = false;
  /** The servers that give and renew tokens answer 503. */
  tokenServerDown = false;
  /** The day's requests are used up; what counts is every request to the old vehicle servers. */
  rateLimited = false;
  #device: string | undefined;

  constructor(options: EuropeAccountOptions) {
    this.username = options.username;
    this.password = options.password;
    this.pin = options.pin;
    this.brand = options.brand;
    this.protocol = options.protocol ?? 'ccs2';
    this.strict = options.strict ?? true;
    this.cars = options.cars;
    this.now = options.now;
    this.sessions = new EuropeSessions({ uid: this.uid, now: options.now });
  }

  /** No token of the vehicle servers is good any more; the sign-in service still knows the session. */
  revokeSession(): void {
    this.sessions.revokeCcsTokens();
  }

  revokeRefreshToken(): void {
    this.sessions.revokeRefreshTokens();
  }

  /** The server forgets the phone: its id is refused until another one is registered. */
  forgetDevice(): void {
    this.#device = undefined;
  }

  /** Only the phone that was registered last is known; `isNew` says whether this one comes from a registration just made. */
  acceptsDevice(device: string, isNew: () => boolean): boolean {
    if (!this.strict || device === this.#device) return true;
    if (!isNew()) return false;
    this.#device = device;
    return true;
  }

  carById(id: string): SimulatedCar | undefined {
    return this.cars.find(({ identity }) => identity.id === id);
  }
}
