import { createHash, randomUUID } from 'node:crypto';
import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { DailyQuota } from './daily-quota.js';
import { PendingCommands } from './pending-commands.js';

export interface UsaKiaAccountOptions {
  readonly username: string;
  readonly password: string;
  readonly cars: readonly SimulatedCar[];
  readonly now: () => number;
}

interface OtpRequest {
  readonly xid: string;
  readonly device: string;
  code: string | undefined;
  verified: { readonly sid: string } | undefined;
}

/** An account at Kia in the USA: one session at a time, and devices that it remembers by their `rmtoken`. */
export class UsaKiaAccount {
  readonly username: string;
  /** Change it to make the credentials of the client wrong. */
  password: string;
  /** Whether a device without a valid `rmtoken` needs a one-time code. */
  otpRequired = false;
  /** The server drops a session that is this old. */
  sessionLifetime_s = 24 * 3600;
  readonly cars: readonly SimulatedCar[];
  readonly commands = new PendingCommands();
  readonly quota = new DailyQuota(429);
  /** The code that went out last by mail or text. */
  lastCode: string | undefined;
  readonly #now: () => number;
  readonly #devices = new Map<string, string>();
  readonly #otpRequests = new Map<string, OtpRequest>();
  readonly #pastSessions = new Set<string>();
  #session: { readonly sid: string; readonly until: number } | undefined;

  constructor(options: UsaKiaAccountOptions) {
    this.username = options.username;
    this.password = options.password;
    this.cars = options.cars;
    this.#now = options.now;
  }

  /** A new session; the one before is over. */
  openSession(): string {
    const sid = randomUUID();
    this.#pastSessions.add(sid);
    this.#session = { sid, until: this.#now() + this.sessionLifetime_s * 1000 };
    return sid;
  }

  isValid(sid: string): boolean {
    return this.#session?.sid === sid && this.#now() < this.#session.until;
  }

  /** Whether this session is or was one of this account. */
  hasIssued(sid: string): boolean {
    return this.#pastSessions.has(sid);
  }

  revokeSession(): void {
    this.#session = undefined;
  }

  /** Forgets the devices: the next sign-in needs a code, where codes are required. */
  revokeRefreshToken(): void {
    this.#devices.clear();
  }

  remembers(rmtoken: string, device: string): boolean {
    return this.#devices.get(rmtoken) === device;
  }

  openOtp(device: string): { otpKey: string; xid: string } {
    const otpKey = randomUUID();
    const xid = randomUUID();
    this.#otpRequests.set(otpKey, { xid, device, code: undefined, verified: undefined });
    return { otpKey, xid };
  }

  hasOtp(otpKey: string): boolean {
    return this.#otpRequests.has(otpKey);
  }

  sendCode(otpKey: string, xid: string): boolean {
    const request = this.#otpRequests.get(otpKey);
    if (request?.xid !== xid) return false;
    request.code = String(100_000 + (createHash('sha256').update(otpKey).digest()[0] ?? 0) * 3000);
    this.lastCode = request.code;
    return true;
  }

  /** A right code gives a preliminary session and a token by which the device is remembered. */
  verifyCode(otpKey: string, xid: string, code: string): { sid: string; rmtoken: string } | null {
    const request = this.#otpRequests.get(otpKey);
    if (request?.xid !== xid || request.code === undefined || request.code !== code) return null;
    const sid = randomUUID();
    const rmtoken = randomUUID();
    request.verified = { sid };
    this.#devices.set(rmtoken, request.device);
    return { sid, rmtoken };
  }

  hasVerified(sid: string): boolean {
    return [...this.#otpRequests.values()].some(({ verified }) => verified?.sid === sid);
  }

  /** The key of a car is bound to the session. */
  keyOf(car: SimulatedCar, sid: string): string {
    return createHash('sha256').update(`${sid} ${car.identity.id}`).digest('hex').slice(0, 32);
  }

  carByKey(key: string, sid: string): SimulatedCar | undefined {
    return this.cars.find((car) => this.keyOf(car, sid) === key);
  }
}
