import { success } from '../../cloud/ccsp/errors.js';
import { cci, gspa } from '../../cloud/europe/replies.js';
import { json } from '../../cloud/wire.js';
import { inCodes, otherWords } from './ccsp.js';
import { type Home, europe, europeCci, europeLegacy } from './homes.js';
import {
  type Row,
  type Rows,
  answers,
  cached,
  everywhere,
  force,
  list,
  page,
  renewal,
  signIn,
} from './row.js';

const oldSignature = cci.error(403, 9036, 'Fingerprint invalid');

/** The sign-in that all of Europe shares. */
function shared(home: Home<'europe'>): readonly Row<'europe'>[] {
  return [
    ...everywhere(home),
    {
      row: 6,
      what: 'terms that are not accepted yet',
      wish: { ...signIn, untilBlocked: true },
      before: (owner) => (owner.consentRequired = true),
      code: 'consent_required',
      says: /in a browser/,
      account: 'refused',
      signIns: 1,
    },
    {
      row: 10,
      what: 'a firewall that takes the client for an attacker',
      wish: signIn,
      before: (owner) => (owner.blockedByFirewall = true),
      code: 'unavailable',
      says: /firewall/,
      signIns: 0,
    },
    {
      row: 10,
      what: 'a guard before the password',
      wish: signIn,
      faults: answers({ operation: 'sign_in' }, page(403)),
      code: 'unavailable',
      says: /firewall/,
    },
    {
      row: 11,
      what: 'token servers that are away',
      wish: signIn,
      before: (owner) => (owner.tokenServerDown = true),
      code: 'unavailable',
      says: /not the password/,
    },
    {
      row: 11,
      what: 'a sign-in that is away',
      wish: signIn,
      faults: answers({ operation: 'sign_in' }, page(503)),
      code: 'unavailable',
      says: /not the password/,
    },
    {
      row: 12,
      what: 'a renewal while the token servers are away',
      wish: renewal,
      before: (owner) => (owner.tokenServerDown = true),
      code: 'unavailable',
      says: /out of order/,
      signIns: 0,
    },
    {
      row: 12,
      what: 'a refresh token that has ended',
      wish: renewal,
      before: (owner) => {
        owner.revokeRefreshToken();
      },
      code: 'ok',
      signIns: 1,
    },
    {
      row: 51,
      what: 'a key for the password without its value',
      wish: signIn,
      faults: answers({ path: /\/certs$/ }, json({ retCode: 'S', retValue: null })),
      code: 'unavailable',
    },
    {
      row: 61,
      what: 'a signature that is out of date, at a sign-in',
      wish: signIn,
      faults: answers({ path: /\/auth\/(v1\/)?token$/ }, oldSignature),
      code: 'unavailable',
      says: /newer library/,
      signIns: 1,
    },
    {
      row: 61,
      what: 'a signature that is out of date, at a renewal',
      wish: renewal,
      faults: answers({ operation: 'refresh' }, oldSignature),
      code: 'unavailable',
      says: /newer library/,
      signIns: 0,
    },
    {
      row: 62,
      what: 'an exchange without a token',
      wish: signIn,
      faults: answers({ path: /token-exchange$/ }, json({})),
      code: 'unavailable',
    },
  ];
}

const older = (home: Home<'europe'>): readonly Row<'europe'>[] => [
  ...shared(home),
  ...otherWords<'europe'>(),
  ...inCodes<'europe'>(),
  {
    row: 27,
    what: 'a device that the vendor has forgotten',
    wish: cached,
    before: (owner) => {
      owner.forgetDevice();
    },
    code: 'ok',
  },
];

const noService = gspa.error(503, '503-000', 'Service unavailable');

export const europeRows: readonly Rows<'europe'>[] = [
  {
    home: europe,
    rows: [
      ...older(europe),
      {
        row: 29,
        what: 'a car that hears and does not report',
        wish: force,
        faults: answers({ operation: 'force' }, success()),
        code: 'vehicle_timeout',
      },
    ],
  },
  { home: europeLegacy, rows: older(europeLegacy) },
  {
    home: europeCci,
    rows: [
      ...shared(europeCci),
      {
        row: 9,
        what: "too many requests, in the vendor's words",
        wish: force,
        faults: [{ operation: 'force', effect: { is: 'rate_limited' } }],
        code: 'rate_limited',
      },
      {
        row: 11,
        what: 'a key for the password without its parts',
        wish: signIn,
        faults: answers({ path: /\/certs$/ }, json({ retCode: 'S', retValue: {} })),
        code: 'unavailable',
      },
      {
        row: 21,
        what: 'a wake while another one is under way',
        wish: force,
        faults: answers({ operation: 'force' }, gspa.duplicate()),
        code: 'duplicate_request',
        retryAfter_s: 60,
      },
      {
        row: 28,
        what: 'a wake whose service is out of order',
        wish: force,
        faults: answers({ operation: 'force' }, noService),
        code: 'unavailable',
      },
      {
        row: 29,
        what: 'a car that hears and does not report',
        wish: force,
        faults: answers({ operation: 'force' }, gspa.ok({}, 202)),
        code: 'vehicle_timeout',
      },
      {
        row: 63,
        what: 'a state that is not given out',
        wish: cached,
        faults: answers({ operation: 'cached', times: 1 }, gspa.error(403, '403-001', 'Stamp')),
        code: 'auth_failed',
        again: 'ok',
      },
      {
        row: 63,
        what: 'a car without data',
        wish: cached,
        faults: answers({ operation: 'cached' }, gspa.error(404, '404-001', 'No data found')),
        code: 'unsupported',
        says: /no data for this car/,
      },
      {
        row: 63,
        what: 'a state whose service is out of order',
        wish: cached,
        faults: answers({ operation: 'cached' }, noService),
        code: 'unavailable',
        says: /out of order/,
      },
      {
        row: 63,
        what: 'a state whose server breaks the connection',
        wish: cached,
        faults: [{ operation: 'cached', effect: { is: 'reset' } }],
        code: 'unavailable',
        says: /could not be reached/,
      },
      {
        row: 63,
        what: 'a list that is refused',
        wish: list,
        faults: answers({ operation: 'list', times: 1 }, cci.unauthorized()),
        code: 'auth_failed',
        again: 'ok',
      },
      {
        row: 63,
        what: 'a list whose service is out of order',
        wish: signIn,
        faults: answers({ operation: 'list' }, page(502)),
        code: 'unavailable',
      },
    ],
  },
];
