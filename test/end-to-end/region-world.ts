import type { Cloud } from '../cloud/cloud.js';
import type { LoggedRequest, RequestLog } from '../cloud/request-log.js';
import type { CloudOperation } from '../cloud/wire.js';
import type { CloudAccount } from '../support/library-bridge.js';

export type Operations = readonly (CloudOperation | 'unknown')[];

/** What all makers' accounts have for a test. */
export interface RegionOwner extends CloudAccount {
  /** Change it to make the credentials of the client wrong. */
  password: string;
  revokeSession(): void;
  revokeRefreshToken?(): void;
  /** Only where the maker asks for one-time codes. */
  otpRequired?: boolean;
  readonly lastCode?: string | undefined;
}

export interface RegionCredentials {
  readonly username: string;
  readonly password: string;
  readonly pin: string;
  readonly cars: number;
  readonly seed: number;
}

/** What the bridge cannot hear of everywhere. */
export type Untold =
  /** The 12 V battery. */
  | 'aux_battery'
  /** What the climate is set to while it is off. */
  | 'idle_target'
  /** The odometer of a car that was just woken. */
  | 'woken_odometer'
  /** From the list of cars, that one is a plug-in hybrid. */
  | 'listed_phev'
  /** How far a plug-in hybrid is to be charged. */
  | 'phev_limits';

/** An account at its maker. */
export interface RegionAccount {
  readonly owner: RegionOwner;
  /** How long the sessions live that are opened from now on; only of a maker that tells its client. */
  readonly setLifetime?: (lifetime_s: number) => void;
}

/** One account in one region: how it is entered, and which requests each thing that is done with it costs. */
export interface RegionWorld {
  /** The account's name in the bridge. */
  readonly name: string;
  readonly region: string;
  /** The library's number, where the owner has written that into the configuration. */
  readonly regionNumber?: number;
  readonly brand: string;
  readonly add: (cloud: Cloud, credentials: RegionCredentials) => RegionAccount;
  /** How codes come; without it the maker asks for none. */
  readonly code?: { readonly method: 'email' | 'sms'; readonly wrongFirst?: boolean };
  /** A life in which the cars can still be listed, and which the client takes as over. Default 9 s. */
  readonly shortLife_s?: number;
  /** Up to the list of cars at the first start, or to what leads to a code. */
  readonly signIn: Operations;
  /** From asking for the code to the list of cars. */
  readonly byCode?: Operations;
  /** What opens a new session in the place of one that has ended, before the list of cars. */
  readonly renewal: Operations;
  /** The same where a restart has lost what it needs. */
  readonly renewalAfterRestart?: Operations;
  readonly cached: Operations;
  /** The first read of a process, where it is another; it may begin with a list of cars. */
  readonly firstCached?: Operations;
  readonly force: Operations;
  readonly untold?: readonly Untold[];
  /** One try with a password that is refused. Default: a renewal's first request, and a sign-in up to the password. */
  readonly refusedTry?: Operations;
}

/** For accounts that name their lifetime so. */
export function withLifetime(owner: RegionOwner & { tokenLifetime_s: number }): RegionAccount {
  return {
    owner,
    setLifetime: (lifetime_s) => {
      owner.tokenLifetime_s = lifetime_s;
    },
  };
}

/** Requests that have to do with signing in. */
export const signingIn: Operations = ['sign_in', 'sign_in_step', 'register', 'refresh', 'otp'];

export function refusedTryOf({ refusedTry, renewal, signIn }: RegionWorld): Operations {
  const renews = renewal.filter((one) => one === 'refresh').slice(0, 1);
  return refusedTry ?? [...renews, ...signIn.slice(0, signIn.indexOf('sign_in') + 1)];
}

/** The requests of one account; of those before it is known, all at the hosts that it uses. */
export class RequestsOf {
  readonly #log: RequestLog;
  readonly #username: string;
  #from = 0;

  constructor(log: RequestLog, username: string) {
    this.#log = log;
    this.#username = username;
  }

  /** The operations since the last look. */
  look(): Operations {
    const isOurs = ({ account }: LoggedRequest): boolean => account === this.#username;
    const hosts = new Set(this.#log.all.filter(isOurs).map(({ host }) => host));
    const operations = this.#log.all
      .slice(this.#from)
      .filter((one) => isOurs(one) || (one.account === null && hosts.has(one.host)))
      .map(({ operation }) => operation);
    this.#from = this.#log.all.length;
    return operations;
  }
}
