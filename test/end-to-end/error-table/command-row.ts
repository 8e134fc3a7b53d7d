import type { FailureCode } from '../../../src/vehicle/outcome.js';
import type { Cloud } from '../../cloud/cloud.js';
import type { Effect, Fault } from '../../cloud/faults.js';
import type { CommandRefusal, Reply } from '../../cloud/wire.js';
import type { Home, Maker, Owner } from './homes.js';
import { inTurns } from './in-turns.js';
import { page } from './row.js';
import { json } from '../../cloud/wire.js';

/** How a command that failed is told of. */
export interface Failed {
  readonly code: FailureCode;
  /** Whether it was done is not known. Default: it is known that it was not. */
  readonly outcome?: 'unknown';
  readonly retry_after_s?: number;
  readonly says?: RegExp;
}

export interface Confirmed {
  readonly confirmed_by: 'action_status' | 'state';
}

/** One row of the table, met by the command to lock a car that is unlocked. */
export interface CommandRow<M extends Maker = Maker> {
  /** Its number in the table of `failure_rules`; a test is called by it. */
  readonly row: number;
  readonly what: string;
  /** What is wrong at the vendor until the end of the row. */
  readonly faults?: readonly Fault[];
  readonly before?: (owner: Owner<M>, cloud: Cloud) => void;
  readonly ends: Failed | Confirmed;
  /** How often the car does it. Default: once where that was confirmed, else never. */
  readonly done?: 0 | 1;
  /** One more request may carry the command, if its session is not found to be over before. */
  readonly refusedFirst?: true;
  /** When it has to have started, for what is tried again until then. */
  readonly expires_in?: number;
}

export interface PinOf {
  readonly row: number;
  readonly path: RegExp | null;
  /** The vendor says for how long it locks a PIN after too many wrong ones. */
  readonly tellsOfLock?: boolean;
}

/** The rows of one home. */
export interface CommandRows<M extends Maker = Maker> {
  readonly home: Home<M>;
  readonly rows: readonly CommandRow<M>[];
  /** What the vendor says of a command that this car does not have. */
  readonly unsupported?: { readonly row: number; readonly effect: Effect };
  /** Where commands need the PIN: the request that brings it to the vendor; null where the command itself does. */
  readonly pin?: PinOf;
}

/** The rows of a home, whosever. */
export type AnyCommandRows = { [M in Maker]: CommandRows<M> }[Maker];

/** Each of them takes an account of its own, and what the bridge makes of a status is the same for all makers. */
export function limitsByStatusInTurns(tables: readonly AnyCommandRows[]): AnyCommandRows[] {
  const isLimit = ({ what }: Pick<CommandRow, 'what'>) => what.includes('by the HTTP status');
  return inTurns(tables, isLimit);
}

export const byAction: Confirmed = { confirmed_by: 'action_status' };
export const byState: Confirmed = { confirmed_by: 'state' };
export const lost: Failed = { code: 'unavailable', outcome: 'unknown' };
export const unanswered: Failed = { code: 'vehicle_timeout', outcome: 'unknown' };
export const refusedByVendor: Failed = { code: 'vehicle_refused', says: /refused/ };
export const refusedByCar: Failed = { code: 'vehicle_refused', says: /the car refused it/ };

type Where = Pick<Fault, 'path' | 'times'>;

/** In place of the answer to a command, which is not taken. */
export function instead(effect: Effect, where: Where = {}): readonly Fault[] {
  return [{ operation: 'command', ...where, effect }];
}

/** In place of the answer to a command that is taken. */
export function afterwards(effect: Effect): readonly Fault[] {
  return [{ operation: 'command', processed: true, effect }];
}

export const says = (reply: Reply): Effect => ({ is: 'reply', reply });

export const refuses = (reason: CommandRefusal): Effect => ({ is: 'refused', reason });

const limit = json({ message: 'slow down' }, 429, { 'retry-after': '90' });

/** What the vendor tells of a command that it took. */
export interface Told {
  readonly refused: Failed;
  readonly unanswered: Failed;
  readonly done: Confirmed;
}

export const toldInFull: Told = { refused: refusedByCar, unanswered, done: byAction };

/** Where only the car's own state tells what became of a command. */
export const toldByState: Told = { refused: unanswered, unanswered, done: byState };

/** What is not alike everywhere. */
interface Words {
  /** An HTTP status of the 400s. */
  readonly blocked: Failed;
  /** A page with HTTP 200. */
  readonly html: Failed;
}

const usual: Words = {
  blocked: { code: 'unavailable' },
  html: lost,
};

/** What is alike in all regions but for a few words. */
export function everywhere<M extends Maker>(
  told: Told,
  exceptions: Partial<Words> = {},
): readonly CommandRow<M>[] {
  const { blocked, html } = { ...usual, ...exceptions };
  return [
    {
      row: 33,
      what: 'a connection that breaks before the vendor takes it',
      faults: instead({ is: 'reset' }),
      ends: lost,
    },
    {
      row: 31,
      what: 'an answer that does not come in time',
      faults: instead({ is: 'held', until: new Promise(() => undefined) }),
      ends: { code: 'timeout', outcome: 'unknown', says: /in time/ },
    },
    {
      row: 35,
      what: 'a page in place of an answer, and nothing taken',
      faults: instead({ is: 'garbage', kind: 'html' }),
      ends: html,
    },
    {
      row: 35,
      what: 'a gateway whose server is away',
      faults: instead({ is: 'gateway', status: 502 }),
      ends: lost,
    },
    {
      row: 56,
      what: 'a car that does not answer',
      before: ({ commands }) => (commands.conduct = () => 'is_silent'),
      ends: told.unanswered,
    },
    {
      row: 55,
      what: 'a car that refuses',
      before: ({ commands }) => (commands.conduct = () => 'refuses'),
      ends: told.refused,
    },
    {
      row: 9,
      what: 'too many requests, by the HTTP status 429',
      faults: instead(says(limit)),
      ends: { code: 'rate_limited', retry_after_s: 90, says: /request limit/ },
    },
    {
      row: 9,
      what: 'too many requests, by the HTTP status 509',
      faults: instead(says(page(509))),
      ends: { code: 'rate_limited' },
    },
    {
      row: 34,
      what: 'a guard before the servers',
      faults: instead(says(page(400))),
      ends: blocked,
    },
    {
      row: 33,
      what: 'a connection that breaks after the vendor has taken it',
      faults: afterwards({ is: 'reset' }),
      ends: byState,
    },
    ...(['html', 'empty', 'truncated'] as const).map((kind): CommandRow<M> => ({
      row: 35,
      what: `an answer that is ${kind} after it was taken`,
      faults: afterwards({ is: 'garbage', kind }),
      ends: byState,
    })),
    {
      row: 37,
      what: 'an answer of another shape after it was taken',
      faults: afterwards({ is: 'garbage', kind: 'no_envelope' }),
      ends: byState,
    },
    {
      row: 56,
      what: 'a vendor that says for ever that it waits, though the car has obeyed',
      before: ({ commands }) => (commands.tells = 'pending'),
      ends: byState,
    },
    {
      row: 56,
      what: 'a vendor that knows of no command, though the car has obeyed',
      before: ({ commands }) => (commands.tells = 'nothing'),
      ends: byState,
    },
    {
      row: 14,
      what: 'a session that the vendor has dropped',
      before: (owner) => {
        owner.revokeSession();
      },
      ends: told.done,
      refusedFirst: true,
    },
  ];
}

/** For those whose answers to commands have a body. */
export function stalled<M extends Maker>(): CommandRow<M> {
  return {
    row: 31,
    what: 'an answer that stalls after it was taken',
    faults: instead({ is: 'stalled_body' }),
    ends: byState,
  };
}
