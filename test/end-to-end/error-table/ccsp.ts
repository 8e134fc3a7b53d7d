import { refusal, success } from '../../cloud/ccsp/errors.js';
import { json } from '../../cloud/wire.js';
import {
  type Home,
  type Maker,
  type Owner,
  australia,
  australiaCcs2,
  brazil,
  china,
  india,
} from './homes.js';
import { type Row, type Rows, answers, cached, everywhere, force, page, signIn } from './row.js';

/** Of a platform that says in codes what is wrong; Europe's older servers speak it too. */
export function inCodes<M extends Maker>(): readonly Row<M>[] {
  const said = (code: Parameters<typeof refusal>[0]) =>
    answers({ operation: 'cached' }, refusal(code));
  const saidToWake = (code: Parameters<typeof refusal>[0]) =>
    answers({ operation: 'force' }, refusal(code));
  return [
    {
      row: 7,
      what: "too many requests, in the vendor's words",
      wish: cached,
      faults: said('5091'),
      code: 'rate_limited',
    },
    {
      row: 21,
      what: 'a wake while another one is under way',
      wish: force,
      faults: saidToWake('4004'),
      code: 'duplicate_request',
      retryAfter_s: 60,
    },
    {
      row: 22,
      what: 'a wake that the car does not know',
      wish: force,
      faults: saidToWake('4005'),
      code: 'unsupported',
    },
    {
      row: 26,
      what: 'a car without data',
      wish: cached,
      faults: said('5921'),
      code: 'unsupported',
    },
    {
      row: 27,
      what: 'a device id that stays unknown',
      wish: cached,
      faults: said('4002'),
      code: 'unavailable',
    },
    {
      row: 28,
      what: 'a service that is out of order',
      wish: cached,
      faults: said('5031'),
      code: 'unavailable',
    },
    {
      row: 29,
      what: 'a car that does not answer',
      wish: force,
      faults: saidToWake('4081'),
      code: 'vehicle_timeout',
    },
    {
      row: 43,
      what: 'an interface that is closed',
      wish: cached,
      faults: answers(
        { operation: 'cached' },
        json({ error: 'Access to this API has been disallowed' }),
      ),
      code: 'unavailable',
      says: /closed this interface/,
    },
    {
      row: 45,
      what: 'any other refusal',
      wish: cached,
      faults: answers(
        { operation: 'cached' },
        json({ retCode: 'F', resCode: '4999', resMsg: 'No', msgId: '1' }),
      ),
      code: 'unavailable',
      says: /code 4999/,
    },
  ];
}

/** A session that is over, in the platform's other two ways to say so. */
export function otherWords<M extends 'ccsp' | 'europe'>(): readonly Row<M>[] {
  return (['7501', '4010'] as const).map((words) => ({
    row: words === '4010' ? 36 : 14,
    what: `a session that is over, said as ${words}`,
    wish: cached,
    before: (owner: Owner<M>) => {
      owner.sessionWords = words;
      owner.revokeSession();
    },
    code: 'auth_failed',
    again: 'ok',
  }));
}

/** The sign-in without cookies of an earlier one. */
function oauth(home: Home<'ccsp'>): readonly Row<'ccsp'>[] {
  return [
    ...everywhere(home),
    ...otherWords<'ccsp'>(),
    {
      row: 27,
      what: 'a device that the vendor has forgotten',
      wish: cached,
      before: (owner) => {
        owner.forgetDevice();
      },
      code: 'ok',
    },
    {
      row: 64,
      what: 'a password that breaks the connection',
      wish: signIn,
      faults: [{ operation: 'sign_in', effect: { is: 'reset' } }],
      code: 'unavailable',
    },
    {
      row: 64,
      what: 'a sign-in whose server is away',
      wish: signIn,
      faults: [{ operation: 'sign_in', effect: { is: 'gateway', status: 503 } }],
      code: 'unavailable',
    },
    {
      row: 64,
      what: 'a guard before the sign-in',
      wish: signIn,
      faults: answers({ operation: 'sign_in' }, page(403)),
      code: 'unavailable',
    },
  ];
}

const reads = (home: Home<'ccsp'>): readonly Row<'ccsp'>[] => [
  ...oauth(home),
  ...inCodes<'ccsp'>(),
];

export const ccspRows: readonly Rows<'ccsp'>[] = [
  { home: australia, rows: reads(australia) },
  {
    home: australiaCcs2,
    rows: [
      ...reads(australiaCcs2),
      {
        row: 46,
        what: 'a wake that is only taken',
        wish: force,
        faults: answers({ operation: 'force' }, success()),
        code: 'vehicle_timeout',
      },
    ],
  },
  { home: india, rows: reads(india) },
  { home: china, rows: reads(china) },
  {
    home: brazil,
    rows: [
      ...oauth(brazil),
      ...inCodes<'ccsp'>(),
      {
        row: 38,
        what: 'an HTTP error of the session, at a wake',
        wish: force,
        faults: answers({ operation: 'force', times: 1 }, json({}, 403)),
        code: 'auth_failed',
        again: 'ok',
      },
      {
        row: 38,
        what: 'any other HTTP error, at a wake',
        wish: force,
        faults: answers({ operation: 'force' }, json({}, 500)),
        code: 'unavailable',
      },
      {
        row: 39,
        what: 'a car that does not report in time',
        wish: force,
        faults: answers({ operation: 'force' }, success()),
        code: 'vehicle_timeout',
      },
      {
        row: 6,
        what: 'terms that are not accepted yet',
        wish: { ...signIn, untilBlocked: true },
        before: (owner) => (owner.pendingStep = 4),
        code: 'consent_required',
        account: 'refused',
        signIns: 1,
      },
      {
        row: 15,
        what: 'something to be done in the app first',
        wish: signIn,
        before: (owner) => (owner.pendingStep = 5),
        code: 'auth_failed',
        says: /password has expired/,
      },
    ],
  },
];
