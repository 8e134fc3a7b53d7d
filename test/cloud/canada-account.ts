import { randomUUID } from 'node:crypto';
import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { CanadaCodes } from './canada-codes.js';
import { DailyQuota } from './daily-quota.js';
import { PendingCommands } from './pending-commands.js';

export type CanadaBrand = 'kia' | 'hyundai' | 'genesis';

export interface CanadaAccountOptions {
  readonly username: string;
  readonly password: string;
  readonly pin: string;
  readonly brand: CanadaBrand;
  readonly cars: readonly SimulatedCar[];
  readonly now: () => number;
}

/** Why a token is not accepted: too old, deleted, or of another address of the client. */
export type TokenEnd = '7403' | '7602' | '7606';

/** A post that named one car, with a PIN token that had been made out for another. */
export interface MixUp {
  readonly path: string;
  /** The VIN of the car in the header: whatever was asked was done to it. */
  readonly named: string;
  /** The VIN of the car that was named when the PIN was checked. */
  readonly authorized: string;
}

const rememberedFor_ms = 90 * 24 * 3600 * 1000;

/** An account at one of the three brands in Canada: one token at a time, and devices that it remembers for 90 days. */
export class CanadaAccount {
  readonly username: string;
  /** Change it to make the credentials of the client wrong. */
  password: string;
  pin: string;
  readonly brand: CanadaBrand;
  readonly cars: readonly SimulatedCar[];
  readonly commands = new PendingCommands();
  readonly quota = new DailyQuota(429);
  /** Where text messages go; null for an account that has mail only. */
  phone: string | null = '5145550123';
  /** Whether a device that is not remembered needs a one-time code. */
  otpRequired = false;
  readonly codes: CanadaCodes;
  /** After too many wrong passwords nobody may sign in. */
  locked = false;
  tokenLifetime_s = 86_400;
  /** Where the clock of the cars' reports is: UTC, but some replies carry the car's own time. */
  reportZone = 'UTC';
  /** What a client that mixes up its cars has left behind, oldest first. */
  readonly mixUps: MixUp[] = [];
  readonly #now: () => number;
  readonly #devices = new Map<string, number>();
  readonly #tokens = new Map<string, { readonly until: number; end: TokenEnd | undefined }>();
  readonly #pinTokens = new Map<string, SimulatedCar>();

  constructor(options: CanadaAccountOptions) {
    this.username = options.username;
    this.password = options.password;
    this.pin = options.pin;
    this.brand = options.brand;
    this.cars = options.cars;
    this.#now = options.now;
    this.codes = new CanadaCodes(options.now);
  }

  /** The code that went out last by mail or text. */
  get lastCode(): string | undefined {
    return this.codes.last?.code;
  }

  /** A new token; the one before is deleted. */
  openSession(): object {
    this.revokeSession();
    const accessToken = randomUUID();
    const until = this.#now() + this.tokenLifetime_s * 1000;
    this.#tokens.set(accessToken, { until, end: undefined });
    return {
      accessToken,
      refreshToken: randomUUID(),
      expireIn: this.tokenLifetime_s,
      tokenType: 'bearer',
      scope: ['profile'],
      signature: '',
    };
  }

  /** Whether this token is or was one of this account. */
  hasIssued(accessToken: string): boolean {
    return this.#tokens.has(accessToken);
  }

  /** Why this token is not accepted; undefined when it is. */
  endOf(accessToken: string): TokenEnd | undefined {
    const token = this.#tokens.get(accessToken);
    if (token === undefined) return '7602';
    return token.end ?? (this.#now() < token.until ? undefined : '7403');
  }

  /** Ends the token and what hangs on it before its time: deleted, if not told otherwise. */
  revokeSession(end: TokenEnd = '7602'): void {
    for (const token of this.#tokens.values()) token.end ??= end;
    this.#pinTokens.clear();
  }

  remember(device: string): void {
    this.#devices.set(device, this.#now() + rememberedFor_ms);
  }

  remembers(device: string): boolean {
    return this.#now() < (this.#devices.get(device) ?? 0);
  }

  /** The next sign-in of each device needs a code, where codes are required. */
  forgetDevices(): void {
    this.#devices.clear();
  }

  /** The `pAuth` for a PIN that was right. */
  authorize(car: SimulatedCar): string {
    const pinToken = randomUUID();
    this.#pinTokens.set(pinToken, car);
    return pinToken;
  }

  /** Whether this `pAuth` is good; the real servers are not known to compare its car, so this one only takes notes. */
  isAuthorized(pinToken: string, car: SimulatedCar, path: string): boolean {
    const authorized = this.#pinTokens.get(pinToken);
    if (authorized === undefined) return false;
    if (authorized !== car) {
      const [named, other] = [car.identity.vin, authorized.identity.vin];
      this.mixUps.push({ path, named, authorized: other });
    }
    return true;
  }
}
