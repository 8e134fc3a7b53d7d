import { type Reply, json } from '../../cloud/wire.js';
import { hyundaiUsa, kiaUsa } from './homes.js';
import { type Rows, answers, cached, everywhere, force, list, renewal, signIn } from './row.js';

function kiaSays(errorCode: number, errorMessage: string): Reply {
  return json({ status: { statusCode: 1, errorType: 1, errorCode, errorMessage } });
}

export const kiaUsaRows: Rows<'kia'> = {
  home: kiaUsa,
  rows: [
    ...everywhere(kiaUsa),
    {
      row: 3,
      what: 'a one-time code is wanted',
      wish: { ...signIn, untilBlocked: true },
      before: (owner) => (owner.otpRequired = true),
      code: 'otp_required',
      says: /one-time code/,
      account: 'otp_required',
      signIns: 1,
    },
    {
      row: 4,
      what: 'a dead session, in whose place a one-time code is wanted',
      wish: { ...cached, untilBlocked: true },
      before: (owner) => {
        owner.otpRequired = true;
        owner.revokeSession();
      },
      code: 'auth_failed',
      again: 'otp_required',
      account: 'otp_required',
      signIns: 1,
    },
    {
      row: 9,
      what: "too many requests, in the vendor's words",
      wish: force,
      faults: [{ operation: 'force', effect: { is: 'rate_limited' } }],
      code: 'rate_limited',
    },
    {
      row: 12,
      what: 'a dead session while the cars are listed',
      wish: list,
      before: (owner) => {
        owner.revokeSession();
      },
      code: 'auth_failed',
      again: 'ok',
      signIns: 1,
    },
    {
      row: 12,
      what: 'a sign-in that cannot be reached, for a new session',
      wish: renewal,
      faults: [{ operation: 'sign_in', effect: { is: 'reset' } }],
      code: 'unavailable',
      signIns: 1,
    },
    {
      row: 15,
      what: 'an account that does not exist any more',
      wish: signIn,
      faults: answers({ operation: 'sign_in' }, kiaSays(1001, 'Invalid email or password')),
      code: 'auth_failed',
    },
    {
      row: 25,
      what: 'a car that is not enrolled',
      wish: cached,
      faults: answers({ operation: 'cached' }, kiaSays(1072, 'Vehicle is not enrolled')),
      code: 'unsupported',
      says: /not enrolled/,
    },
    {
      row: 42,
      what: 'any other refusal',
      wish: cached,
      faults: answers({ operation: 'cached' }, kiaSays(9789, 'No')),
      code: 'unavailable',
      says: /code 9789/,
    },
  ],
};

function hyundaiSays(errorCode: number | string, errorMessage?: string, status = 200): Reply {
  const where = { systemName: 'HATA', functionName: 'remoteVehicleStatus' };
  return json({ errorCode, ...where, ...(errorMessage !== undefined && { errorMessage }) }, status);
}

const outage = hyundaiSays(502, 'HATA remoteVehicleStatus service failed', 502);

export const hyundaiUsaRows: Rows<'hyundai'> = {
  home: hyundaiUsa,
  rows: [
    ...everywhere(hyundaiUsa),
    ...([200, 502] as const).map((status) => ({
      row: 8,
      what: `the daily limit with HTTP ${String(status)}`,
      wish: force,
      before: (owner: Parameters<NonNullable<Rows<'hyundai'>['rows'][0]['before']>>[0]) => {
        owner.budget = { total: 0, each: 0 };
        owner.budgetStatus = status;
      },
      code: 'rate_limited' as const,
    })),
    {
      row: 13,
      what: 'a list without its envelope',
      wish: signIn,
      faults: [{ operation: 'list', effect: { is: 'garbage', kind: 'no_envelope' } }],
      code: 'unavailable',
    },
    {
      row: 28,
      what: "an outage behind the vendor's gateway",
      wish: cached,
      faults: answers({ operation: 'cached' }, outage),
      code: 'unavailable',
      says: /out of order/,
    },
    {
      row: 28,
      what: 'a service that the owner has not subscribed to',
      wish: cached,
      faults: answers({ operation: 'cached' }, hyundaiSays(502, 'Feature Status is OFF')),
      code: 'unsupported',
    },
    {
      row: 45,
      what: 'any other refusal',
      wish: cached,
      faults: answers({ operation: 'cached' }, hyundaiSays(400, 'Invalid vehicle', 400)),
      code: 'unavailable',
    },
    {
      row: 47,
      what: 'a car that was woken, without its position',
      wish: force,
      faults: [{ path: /findMyCar$/, effect: { is: 'gateway', status: 503 } }],
      code: 'ok',
    },
    {
      row: 48,
      what: 'a dead session without a word',
      wish: cached,
      faults: answers({ operation: 'cached', times: 1 }, hyundaiSays(401)),
      code: 'auth_failed',
      again: 'ok',
    },
    {
      row: 48,
      what: 'an outage without a word',
      wish: cached,
      faults: answers({ operation: 'cached' }, hyundaiSays(503)),
      code: 'unavailable',
    },
  ],
};
