import { randomUUID } from 'node:crypto';
import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import type { CarProtocol } from '../ccsp/account.js';
import type { SessionWords } from '../ccsp/errors.js';
import { ControlTokens } from '../control-tokens.js';
import { DailyQuota } from '../daily-quota.js';
import { PendingCommands } from '../pending-commands.js';
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
  readonly brand: EuropeBrand;
  readonly protocol: CarProtocol;
  readonly strict: boolean;
  readonly cars: readonly SimulatedCar[];
  readonly now: () => number;
  /** What the makers call the user. */
  readonly uid = randomUUID();
  readonly sessions: EuropeSessions;
  readonly wakes = new Wakes();
  readonly commands = new PendingCommands();
  readonly quota = new DailyQuota();
  readonly control: ControlTokens;
  /** Whether the new vehicle servers name what they take, so that it can be asked for. */
  givesActionIds = true;
  /** Whether the new vehicle servers say of every command, for ever, that they wait for the car. */
  updateStatusWaits = true;
  /** How the old vehicle servers say that a session is over. */
  sessionWords: SessionWords = 'expired';
  /** The user has to accept new terms in a browser first. */
  consentRequired = false;
  /** The firewall before the sign-in of this brand takes the client for an attacker. */
  blockedByFirewall = false;
  /** The servers that give and renew tokens answer 503. */
  tokenServerDown = false;
  #device: string | undefined;

  constructor(options: EuropeAccountOptions) {
    this.username = options.username;
    this.password = options.password;
    this.brand = options.brand;
    this.protocol = options.protocol ?? 'ccs2';
    this.strict = options.strict ?? true;
    this.cars = options.cars;
    this.now = options.now;
    this.sessions = new EuropeSessions({ uid: this.uid, now: options.now });
    this.control = new ControlTokens(options);
  }

  get pin(): string {
    return this.control.pin;
  }

  /** Change it to make the PIN of the client wrong. */
  set pin(pin: string) {
    this.control.pin = pin;
  }

  /** No token of the vehicle servers is good any more; the sign-in service still knows the session. */
  revokeSession(): void {
    this.sessions.revokeCcsTokens();
    this.control.revoke();
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

  /** What is still on its way to the cars does not arrive. */
  stop(): void {
    this.wakes.stop();
    this.commands.stop();
  }

  /** Whether a code or token, valid or not, is one of this account. */
  hasIssued(secret: string): boolean {
    return this.sessions.hasIssued(secret) || this.control.hasIssued(secret);
  }

  carById(id: string): SimulatedCar | undefined {
    return this.cars.find(({ identity }) => identity.id === id);
  }
}
