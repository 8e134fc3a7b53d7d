import { randomUUID } from 'node:crypto';
import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { DailyQuota } from './daily-quota.js';
import { PendingCommands } from './pending-commands.js';

export interface UsaHyundaiAccountOptions {
  readonly username: string;
  readonly password: string;
  readonly pin: string;
  readonly cars: readonly SimulatedCar[];
  readonly now: () => number;
}

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: string;
}

/** How many remote services an account may use a day; what counts is a wake or a command. */
export interface Budget {
  readonly total: number;
  readonly each: number;
}

/** An account at Hyundai in the USA: access tokens that run out, and one refresh token that rotates. */
export class UsaHyundaiAccount {
  readonly username: string;
  /** Change it to make the credentials of the client wrong. */
  password: string;
  pin: string;
  readonly cars: readonly SimulatedCar[];
  readonly commands = new PendingCommands();
  readonly quota = new DailyQuota();
  tokenLifetime_s = 1799;
  /** Without a budget there is no daily limit. The real one is 30 in all and 10 of a kind. */
  budget: Budget | undefined;
  /** The HTTP status of the refusal: not settled in the wild. */
  budgetStatus: 200 | 502 = 200;
  readonly #now: () => number;
  readonly #accessTokens = new Map<string, number>();
  #refreshToken: string | undefined;
  readonly #used = new Map<string, number>();

  constructor(options: UsaHyundaiAccountOptions) {
    this.username = options.username;
    this.password = options.password;
    this.pin = options.pin;
    this.cars = options.cars;
    this.#now = options.now;
  }

  openSession(): Tokens {
    const access_token = randomUUID();
    this.#accessTokens.set(access_token, this.#now() + this.tokenLifetime_s * 1000);
    this.#refreshToken = randomUUID();
    return {
      access_token,
      refresh_token: this.#refreshToken,
      expires_in: String(this.tokenLifetime_s),
    };
  }

  isValid(accessToken: string): boolean {
    return this.#now() < (this.#accessTokens.get(accessToken) ?? 0);
  }

  acceptsRefresh(refreshToken: string): boolean {
    return refreshToken !== '' && refreshToken === this.#refreshToken;
  }

  /** No access token is good any more; the refresh token still is. */
  revokeSession(): void {
    this.#accessTokens.clear();
  }

  revokeRefreshToken(): void {
    this.#refreshToken = undefined;
  }

  /** Takes one remote service from today's budget; false when it is used up. */
  spend(kind: string): boolean {
    if (this.budget === undefined) return true;
    const total = [...this.#used.values()].reduce((sum, one) => sum + one, 0);
    const used = this.#used.get(kind) ?? 0;
    if (total >= this.budget.total || used >= this.budget.each) return false;
    this.#used.set(kind, used + 1);
    return true;
  }

  /** A new day begins. */
  resetBudget(): void {
    this.#used.clear();
  }
}
