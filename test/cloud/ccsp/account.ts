import { randomUUID } from 'node:crypto';
import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import { ControlTokens } from '../control-tokens.js';
import { DailyQuota } from '../daily-quota.js';
import { PendingCommands } from '../pending-commands.js';
import type { SessionWords } from './errors.js';

/** `ccs2` is the protocol of newer cars, with other paths and another tree of values. */
export type CarProtocol = 'legacy' | 'ccs2';

export interface CcspAccountOptions {
  readonly username: string;
  readonly password: string;
  readonly pin: string;
  readonly cars: readonly SimulatedCar[];
  readonly now: () => number;
  readonly hosts: readonly string[];
  readonly protocol: CarProtocol;
  readonly tokenLifetime_s: number;
  /** The device ids that the region's servers know, of all their accounts. */
  readonly devices: Set<string>;
}

/** An account of the platform: an access token that runs out, a refresh token that stays, and device ids. */
export class CcspAccount {
  readonly username: string;
  /** Change it to make the credentials of the client wrong. */
  password: string;
  readonly cars: readonly SimulatedCar[];
  readonly commands = new PendingCommands();
  readonly quota = new DailyQuota();
  readonly control: ControlTokens;
  /** The servers at which this account is known. */
  readonly hosts: readonly string[];
  readonly protocol: CarProtocol;
  tokenLifetime_s: number;
  /** How the cloud says that a session is over. */
  sessionWords: SessionWords = 'expired';
  /** What the owner has to do in the maker's app before a sign-in is completed, as the number of its page. */
  pendingStep: number | undefined;
  readonly #now: () => number;
  readonly #issued = new Set<string>();
  readonly #codes = new Set<string>();
  readonly #accessTokens = new Map<string, number>();
  readonly #refreshTokens = new Set<string>();
  readonly #devices: Set<string>;
  readonly #devicesUsed = new Set<string>();

  constructor(options: CcspAccountOptions) {
    this.username = options.username;
    this.password = options.password;
    this.control = new ControlTokens(options);
    this.cars = options.cars;
    this.hosts = options.hosts;
    this.protocol = options.protocol;
    this.tokenLifetime_s = options.tokenLifetime_s;
    this.#now = options.now;
    this.#devices = options.devices;
  }

  get pin(): string {
    return this.control.pin;
  }

  /** Change it to make the PIN of the client wrong. */
  set pin(pin: string) {
    this.control.pin = pin;
  }

  /** Whether this code or token, valid or not, is one of this account. */
  hasIssued(secret: string): boolean {
    return this.#issued.has(secret) || this.control.hasIssued(secret);
  }

  /** What a sign-in ends in; it can be redeemed once. */
  issueCode(): string {
    const code = this.#issue();
    this.#codes.add(code);
    return code;
  }

  redeemCode(code: string): boolean {
    return this.#codes.delete(code);
  }

  issueAccessToken(): string {
    const token = this.#issue();
    this.#accessTokens.set(token, this.#now() + this.tokenLifetime_s * 1000);
    return token;
  }

  issueRefreshToken(): string {
    const token = this.#issue();
    this.#refreshTokens.add(token);
    return token;
  }

  isValid(accessToken: string): boolean {
    return this.#now() < (this.#accessTokens.get(accessToken) ?? 0);
  }

  acceptsRefresh(refreshToken: string): boolean {
    return this.#refreshTokens.has(refreshToken);
  }

  /** Whether the device id is registered; from now on it belongs to this account. */
  acceptsDevice(device: string): boolean {
    this.#devicesUsed.add(device);
    return this.#devices.has(device);
  }

  /** No access token is good any more; the refresh token still is. */
  revokeSession(): void {
    this.#accessTokens.clear();
    this.control.revoke();
  }

  revokeRefreshToken(): void {
    this.#refreshTokens.clear();
  }

  /** The device ids that this account has used are dead; a new one has to be registered. */
  forgetDevice(): void {
    for (const device of this.#devicesUsed) this.#devices.delete(device);
    this.#devicesUsed.clear();
  }

  #issue(): string {
    const secret = randomUUID();
    this.#issued.add(secret);
    return secret;
  }
}
