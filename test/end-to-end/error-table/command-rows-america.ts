import { canadaError } from '../../cloud/canada-replies.js';
import { json } from '../../cloud/wire.js';
import {
  type CommandRows,
  byState,
  everywhere,
  instead,
  lost,
  refusedByVendor,
  refuses,
  says,
  stalled,
  toldByState,
  toldInFull,
  unanswered,
  afterwards,
} from './command-row.js';
import { canada, hyundaiUsa, kiaUsa } from './homes.js';

const kiaOk = json({ status: { statusCode: 0, errorType: 0, errorCode: 0 }, payload: {} });

export const kiaUsaCommands: CommandRows<'kia'> = {
  home: kiaUsa,
  rows: [
    ...everywhere<'kia'>(toldByState),
    stalled(),
    {
      row: 9,
      what: "too many requests, in the vendor's words",
      faults: instead({ is: 'rate_limited' }),
      ends: { code: 'rate_limited' },
    },
    {
      row: 40,
      what: 'an answer without an id',
      faults: afterwards(says(kiaOk)),
      ends: byState,
    },
    ...(['duplicate', 'vehicle_timeout', 'unavailable'] as const).map((reason) => ({
      row: 42,
      what: `any other refusal (${reason})`,
      faults: instead(refuses(reason)),
      ends: refusedByVendor,
    })),
  ],
  unsupported: { row: 25, effect: refuses('unsupported') },
};

function hyundaiSays(errorCode: number, errorMessage: string, status: number) {
  return says(json({ errorCode, errorMessage }, status));
}

export const hyundaiUsaCommands: CommandRows<'hyundai'> = {
  home: hyundaiUsa,
  rows: [
    ...everywhere<'hyundai'>(toldInFull, { blocked: refusedByVendor }),
    ...([200, 502] as const).map((status) => ({
      row: 8,
      what: `the daily limit with HTTP ${String(status)}`,
      faults: instead({ is: 'rate_limited', status }),
      ends: { code: 'rate_limited' } as const,
    })),
    {
      row: 28,
      what: 'a service that is out of order',
      faults: instead(hyundaiSays(502, 'HATA failed', 200)),
      ends: { code: 'unavailable', says: /out of order/ },
    },
    ...(['unavailable', 'vehicle_timeout'] as const).map((reason) => ({
      row: 44,
      what: `a server that says that it has failed (${reason})`,
      faults: instead(refuses(reason)),
      ends: lost,
    })),
    {
      row: 40,
      what: 'an answer without an id',
      faults: afterwards(says(json({}))),
      ends: byState,
    },
    {
      row: 44,
      what: 'any other refusal',
      faults: instead(hyundaiSays(400, 'Invalid vehicle', 400)),
      ends: refusedByVendor,
    },
  ],
  unsupported: { row: 28, effect: refuses('unsupported') },
  pin: { row: 19, path: null },
};

const canadaOk = json({ responseHeader: { responseCode: 0, responseDesc: 'Success' }, result: {} });

export const canadaCommands: CommandRows<'canada'> = {
  home: canada,
  rows: [
    ...everywhere<'canada'>(toldInFull),
    stalled(),
    {
      row: 9,
      what: "too many requests, in the vendor's words",
      faults: instead({ is: 'rate_limited' }),
      ends: { code: 'rate_limited' },
    },
    {
      row: 29,
      what: 'a car that the vendor does not reach',
      faults: instead(refuses('vehicle_timeout')),
      ends: unanswered,
    },
    {
      row: 40,
      what: 'an answer without an id',
      faults: afterwards(says(canadaOk)),
      ends: byState,
    },
    {
      row: 41,
      what: 'any other refusal',
      faults: instead(says(canadaError('7445'))),
      ends: refusedByVendor,
    },
    {
      row: 41,
      what: 'a session that is refused with the command',
      faults: instead(says(canadaError('7606')), { times: 1 }),
      ends: { confirmed_by: 'action_status' },
      refusedFirst: true,
    },
  ],
  pin: { row: 18, path: /vrfypin$/ },
};
