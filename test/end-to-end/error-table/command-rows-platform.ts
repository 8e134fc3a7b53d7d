import { refusal, sessionOver } from '../../cloud/ccsp/errors.js';
import { json } from '../../cloud/wire.js';
import {
  type CommandRow,
  type CommandRows,
  afterwards,
  byState,
  everywhere,
  instead,
  lost,
  refusedByVendor,
  refuses,
  says,
  stalled,
  toldInFull,
  unanswered,
} from './command-row.js';
import {
  type Home,
  type Maker,
  australiaCcs2,
  brazil,
  china,
  europe,
  europeLegacy,
  india,
} from './homes.js';
import { inTurns } from './in-turns.js';

const nameless = json({ retCode: 'S', resCode: '0000' });
const unheardOf = json({ retCode: 'F', resCode: '9876', resMsg: 'No', msgId: 'm1' });

/** Of the platform that says in codes what is wrong. */
function inCodes<M extends Maker>(): readonly CommandRow<M>[] {
  return [
    {
      row: 7,
      what: "too many requests, in the vendor's words",
      faults: instead(says(refusal('5091'))),
      ends: { code: 'rate_limited' },
    },
    {
      row: 21,
      what: 'another command under way until the time is over',
      faults: instead(refuses('duplicate')),
      expires_in: 3,
      ends: { code: 'duplicate_request', retry_after_s: 60 },
    },
    {
      row: 28,
      what: 'a service that is out of order',
      faults: instead(refuses('unavailable')),
      ends: { code: 'unavailable', says: /out of order/ },
    },
    {
      row: 29,
      what: 'a car that the vendor does not reach',
      faults: instead(refuses('vehicle_timeout')),
      ends: unanswered,
    },
    {
      row: 29,
      what: 'a failure that nobody knows more of',
      faults: instead(says(refusal('9999'))),
      ends: unanswered,
    },
    {
      row: 36,
      what: "a session that is refused in the sign-in's words",
      faults: instead(says(sessionOver('4010')), { times: 1 }),
      ends: toldInFull.done,
      refusedFirst: true,
    },
    {
      row: 37,
      what: 'an answer without its envelope',
      faults: instead({ is: 'garbage', kind: 'no_envelope' }),
      ends: lost,
    },
    {
      row: 40,
      what: 'an answer without an id',
      faults: afterwards(says(nameless)),
      ends: byState,
    },
    {
      row: 43,
      what: 'an interface that is closed',
      faults: instead(says(json({ error: 'Access to this API has been disallowed' }))),
      ends: { code: 'unavailable', says: /newer library/ },
    },
    {
      row: 45,
      what: 'any other refusal',
      faults: instead(says(unheardOf)),
      ends: refusedByVendor,
    },
  ];
}

function ofPlatform<M extends 'ccsp' | 'europe'>(home: Home<M>): CommandRows<M> {
  return {
    home,
    rows: [...everywhere<M>(toldInFull), stalled(), ...inCodes<M>()],
    unsupported: { row: 22, effect: refuses('unsupported') },
    pin: { row: 17, path: /\/pin$/ },
  };
}

/** Its cars are told to lock with the session alone. */
function withoutPin<M extends Maker>({ pin: _, ...table }: CommandRows<M>): CommandRows<M> {
  return table;
}

const ofBrazil = ofPlatform(brazil);

export const platformCommands: readonly CommandRows<'ccsp'>[] = inTurns([
  ofPlatform(australiaCcs2),
  withoutPin(ofPlatform(india)),
  withoutPin(ofPlatform(china)),
  {
    ...ofBrazil,
    rows: [
      // Without words of its own for an interface that is closed, or for a server that has failed.
      ...ofBrazil.rows.filter(({ row }) => row !== 43 && row !== 28),
      {
        row: 38,
        what: 'a service that is out of order',
        faults: instead(refuses('unavailable')),
        ends: lost,
      },
    ],
  },
]);

export const europeCommands: readonly CommandRows<'europe'>[] = inTurns([
  ofPlatform(europe),
  { ...withoutPin(ofPlatform(europeLegacy)), rows: inCodes() },
]);
