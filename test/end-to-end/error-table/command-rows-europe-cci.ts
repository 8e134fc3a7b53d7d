import { gspa } from '../../cloud/europe/replies.js';
import {
  type CommandRows,
  byState,
  everywhere,
  instead,
  refusedByCar,
  refusedByVendor,
  refuses,
  says,
  stalled,
  toldByState,
  unanswered,
} from './command-row.js';
import { europeCci } from './homes.js';

/** The new vehicle servers. */
export const europeCciCommands: CommandRows<'europe'> = {
  home: europeCci,
  rows: [
    ...everywhere<'europe'>(toldByState, { blocked: refusedByVendor }),
    stalled(),
    {
      row: 9,
      what: "too many requests, in the vendor's words",
      faults: instead({ is: 'rate_limited' }),
      ends: { code: 'rate_limited' },
    },
    {
      row: 9,
      what: 'too many requests, by a code',
      faults: instead(says(gspa.error(500, '5091', 'Exceeds number of requests'))),
      ends: { code: 'rate_limited' },
    },
    {
      row: 14,
      what: 'a stamp that is refused once',
      faults: instead(says(gspa.error(403, '403-001', 'Stamp')), { times: 1 }),
      ends: byState,
      refusedFirst: true,
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
      row: 40,
      what: 'an answer without an id',
      before: (owner) => (owner.givesActionIds = false),
      ends: byState,
    },
    {
      row: 29,
      what: 'a car that the vendor does not reach',
      faults: instead(refuses('vehicle_timeout')),
      ends: unanswered,
    },
    {
      row: 45,
      what: 'any other refusal',
      faults: instead(says(gspa.error(400, '400-777', 'No'))),
      ends: refusedByVendor,
    },
    {
      row: 55,
      what: 'a car that refuses, of which the vendor tells',
      before: (owner) => {
        owner.updateStatusWaits = false;
        owner.commands.conduct = () => 'refuses';
      },
      ends: refusedByCar,
    },
    {
      row: 56,
      what: 'a car that does not answer, of which the vendor tells',
      before: (owner) => {
        owner.updateStatusWaits = false;
        owner.commands.conduct = () => 'is_silent';
      },
      ends: unanswered,
    },
    {
      row: 56,
      what: 'a car that obeys: what the vendor says of it need not be about this command',
      before: (owner) => (owner.updateStatusWaits = false),
      ends: byState,
    },
  ],
  unsupported: { row: 22, effect: refuses('unsupported') },
  pin: { row: 17, path: /\/auth\/v1\/pin$/, tellsOfLock: true },
};
