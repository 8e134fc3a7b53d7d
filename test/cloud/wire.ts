import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import type { DailyQuota } from './daily-quota.js';

/** What a maker's server sees of a request; header names are in lower case. */
export interface CloudRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON, else the text. */
  readonly body: unknown;
  /** The body as it came. */
  readonly text: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * What a request is about, whichever maker's words it uses. `sign_in` is the one request with the password; the
 * others of a sign-in in several steps are `sign_in_step`, `register` asks for a device id, and `pin` is the request
 * that a PIN is for alone, before a command.
 */
export type CloudOperation =
  | 'sign_in'
  | 'sign_in_step'
  | 'register'
  | 'refresh'
  | 'otp'
  | 'list'
  | 'cached'
  | 'force'
  | 'detail'
  | 'pin'
  | 'command'
  | 'poll';

/** Where a request belongs, and the maker's ways to answer it. */
export interface Route {
  readonly operation: CloudOperation | 'unknown';
  /** The account's user name, where the request tells. */
  readonly account: string | null;
  /** The VIN of the car, where the request names one. */
  readonly vehicle: string | null;
  /** What the account may ask for today, where the request tells whose it is. */
  readonly quota: DailyQuota | undefined;
  answer(): Reply;
  /** The maker's words for a session that is no longer valid. */
  sessionRevoked(): Reply;
  /** The maker's words for too many requests; `status` where the HTTP status is not settled. */
  rateLimited(status: number): Reply;
  /** The maker's words for a command that it does not take, where they are known. */
  refused?(reason: CommandRefusal): Reply;
}

/** What a request says of whose it is and which car's; either may not be known. */
export function belongsTo(
  account: { readonly username: string; readonly quota: DailyQuota } | undefined,
  car?: SimulatedCar,
): Pick<Route, 'account' | 'vehicle' | 'quota'> {
  return {
    account: account?.username ?? null,
    vehicle: car?.identity.vin ?? null,
    quota: account?.quota,
  };
}

/** Why a maker does not take a command: it takes it for a repetition, the car cannot do it, or cannot be reached, or the service is away. */
export type CommandRefusal = 'duplicate' | 'unsupported' | 'vehicle_timeout' | 'unavailable';

/** One maker's API in one region. */
export interface Maker {
  readonly hosts: readonly string[];
  route(request: CloudRequest): Route;
  /** Ends what its cars still have under way. */
  stop(): void;
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json;charset=UTF-8', ...headers },
    body: JSON.stringify(body),
  };
}

export function html(status: number, title: string): Reply {
  return {
    status,
    headers: { 'content-type': 'text/html' },
    body: `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`,
  };
}

/** A value inside a parsed body, by its path; undefined where the way ends early. */
export function at(body: unknown, ...path: (string | number)[]): unknown {
  let value = body;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

export function textAt(body: unknown, ...path: (string | number)[]): string {
  const value = at(body, ...path);
  return typeof value === 'string' ? value : '';
}

/** `YYYYMMDDHHMMSS` as the clocks of a time zone show it. */
export function compactTime(epochMs: number, timeZone = 'UTC'): string {
  const shown = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
  }).format(epochMs);
  return shown.replace(/\D/g, '');
}

export const miles = (km: number): number => km / 1.609344;
export const celsius = (degreesF: number): number => (degreesF - 32) / 1.8;
export const psi = (kpa: number): number => kpa / 6.894757;
