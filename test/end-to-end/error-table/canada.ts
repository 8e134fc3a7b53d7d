import { canadaError, cloudflareBlock } from '../../cloud/canada-replies.js';
import { canada } from './homes.js';
import { type Rows, answers, cached, everywhere, force, list, signIn } from './row.js';

export const canadaRows: Rows<'canada'> = {
  home: canada,
  rows: [
    ...everywhere(canada),
    {
      row: 3,
      what: 'a one-time code is wanted',
      wish: { ...signIn, untilBlocked: true },
      before: (owner) => {
        owner.otpRequired = true;
        owner.forgetDevices();
      },
      code: 'otp_required',
      says: /one-time code/,
      account: 'otp_required',
      signIns: 1,
    },
    {
      row: 9,
      what: "too many requests, in the vendor's words",
      wish: cached,
      faults: [{ operation: 'cached', effect: { is: 'rate_limited' } }],
      code: 'rate_limited',
    },
    ...(['7403', '7606'] as const).map((end) => ({
      row: end === '7403' ? 14 : 45,
      what: `a session that has ended with ${end}`,
      wish: cached,
      before: (owner: Parameters<NonNullable<Rows<'canada'>['rows'][0]['before']>>[0]) => {
        owner.revokeSession(end);
      },
      code: 'auth_failed' as const,
      again: 'ok' as const,
      signIns: 1,
    })),
    {
      row: 14,
      what: 'a dead session while the cars are listed',
      wish: list,
      before: (owner) => {
        owner.revokeSession();
      },
      code: 'auth_failed',
      again: 'ok',
    },
    {
      row: 15,
      what: 'an account that the vendor has locked',
      wish: { ...signIn, untilBlocked: true },
      before: (owner) => (owner.locked = true),
      code: 'auth_failed',
      says: /unlock it in the vendor's app/,
      account: 'refused',
      signIns: 3,
    },
    {
      row: 18,
      what: 'a wrong PIN, which costs no more than the position',
      wish: cached,
      before: (owner) => (owner.pin = '9999'),
      code: 'ok',
    },
    {
      row: 29,
      what: 'a car that does not answer',
      wish: force,
      faults: answers({ operation: 'force' }, canadaError('6504')),
      code: 'vehicle_timeout',
    },
    {
      row: 34,
      what: 'the guard before the servers',
      wish: cached,
      faults: answers({ operation: 'cached' }, cloudflareBlock),
      code: 'unavailable',
    },
    {
      row: 34,
      what: 'the guard before the sign-in',
      wish: signIn,
      faults: answers({ operation: 'sign_in' }, cloudflareBlock),
      code: 'unavailable',
    },
    {
      row: 37,
      what: 'a list without its envelope',
      wish: signIn,
      faults: [{ operation: 'list', effect: { is: 'garbage', kind: 'no_envelope' } }],
      code: 'unavailable',
    },
    {
      row: 45,
      what: 'a device id that is not valid',
      wish: signIn,
      faults: answers({ operation: 'sign_in' }, canadaError('7710')),
      code: 'unavailable',
      says: /forgotten this device/,
    },
    {
      row: 45,
      what: 'any other refusal',
      wish: cached,
      faults: answers({ operation: 'cached' }, canadaError('7445')),
      code: 'unavailable',
      says: /code 7445/,
    },
  ],
};
