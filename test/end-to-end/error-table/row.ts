import type { Cloud } from '../../cloud/cloud.js';
import type { Fault } from '../../cloud/faults.js';
import { type Reply, json } from '../../cloud/wire.js';
import type { FailureCode } from '../../../src/vehicle/outcome.js';
import type { Wish } from '../../support/account-in-process.js';
import type { Home, Maker, Owner } from './homes.js';

/** One row of the table from what a vendor does to what the owner is told, and how it is brought about. */
export interface Row<M extends Maker = Maker> {
  /** Its number in the table of `failure_rules`; a test is called by it. */
  readonly row: number;
  readonly what: string;
  readonly wish: Wish;
  /** What is wrong at the vendor until the end of the row. */
  readonly faults?: readonly Fault[];
  readonly before?: (owner: Owner<M>, cloud: Cloud) => void;
  /** Of the first task; `ok` where nothing is lost. */
  readonly code: FailureCode | 'ok';
  readonly says?: RegExp;
  readonly retryAfter_s?: number;
  /** What the account is afterwards. Default: `ready`, after a sign-in that failed `unreachable`. */
  readonly account?: 'ready' | 'unreachable' | 'otp_required' | 'refused';
  /** A session that was refused is renewed, and the call made once more: how that ends. */
  readonly again?: FailureCode | 'ok';
  /** How often the password or what stands for it goes out, where that matters. */
  readonly signIns?: number;
  /** Why it cannot be so with the library of an old Python. */
  readonly newerLibrary?: string;
}

/** The rows of one home. */
export interface Rows<M extends Maker = Maker> {
  readonly home: Home<M>;
  readonly rows: readonly Row<M>[];
}

export const signIn = { operation: 'sign_in' } as const;
export const renewal = { operation: 'sign_in', renews: true } as const;
export const list = { operation: 'list' } as const;
export const cached = { operation: 'cached' } as const;
export const force = { operation: 'force' } as const;

type Where = Pick<Fault, 'operation' | 'path' | 'host' | 'times'>;

/** What the vendor answers wherever it is asked for this. */
export function answers(where: Where, reply: Reply): readonly Fault[] {
  return [{ ...where, effect: { is: 'reply', reply } }];
}

export const page = (status: number): Reply => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: '<html><body>Attention required</body></html>',
});

const limit = json({ message: 'slow down' }, 429, { 'retry-after': '90' });

/** A vendor's limit, a guard before it and a car that is gone, alike in all regions. */
export function everywhere<M extends Maker>(home: Home<M>): readonly Row<M>[] {
  return [
    {
      row: 9,
      what: 'too many requests, by the HTTP status',
      wish: cached,
      faults: answers({ operation: 'cached' }, limit),
      code: 'rate_limited',
      says: /request limit/,
      retryAfter_s: 90,
    },
    {
      row: 9,
      what: 'too many requests at the password',
      wish: signIn,
      faults: answers({ operation: 'sign_in' }, limit),
      code: 'rate_limited',
      retryAfter_s: 90,
    },
    {
      row: 15,
      what: 'a wrong password',
      wish: { ...signIn, untilBlocked: true },
      before: changePassword,
      code: 'auth_failed',
      says: /check user name and password/,
      account: 'refused',
      signIns: 3,
    },
    {
      row: 15,
      what: 'a dead session whose password is wrong by now',
      wish: { ...cached, untilBlocked: true },
      before: (owner) => {
        changePassword(owner);
        owner.revokeSession();
        if ('revokeRefreshToken' in owner) owner.revokeRefreshToken();
      },
      code: 'auth_failed',
      again: 'auth_failed',
      account: 'refused',
      signIns: 3,
    },
    {
      row: droppedRow(home),
      what: 'a session that the vendor has dropped',
      wish: cached,
      before: (owner) => {
        owner.revokeSession();
      },
      code: 'auth_failed',
      again: 'ok',
    },
    {
      row: droppedRow(home),
      what: 'a session that the vendor has dropped, at a wake',
      wish: force,
      before: (owner) => {
        owner.revokeSession();
      },
      code: 'auth_failed',
      again: 'ok',
    },
    {
      row: 49,
      what: 'a car that the account does not have',
      wish: { ...cached, vehicle: 'somebody-else' },
      code: 'unknown_vehicle',
    },
  ];
}

function droppedRow({ maker }: Home): number {
  if (maker === 'kia') return 12;
  return maker === 'hyundai' ? 16 : 14;
}

function changePassword(owner: Owner): void {
  owner.password += '-changed';
}
