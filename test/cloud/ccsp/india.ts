import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import { maintenance } from './details.js';
import { legacyStatus } from './legacy-status.js';
import { ccs2Reads, detailReads, legacyReads } from './reads.js';
import { indianCommands } from './region-commands.js';
import type { CcspRegion } from './region.js';
import { oauthSteps } from './sign-in.js';
import { tripDetail, tripInfo, tripWithDetail } from './trips.js';

const timeZone = 'Asia/Kolkata';

/** Cars with CCS2 have other paths here, and the same status. */
const status = (car: SimulatedCar) =>
  legacyStatus(car, { timeZone, coldest_c: 14, hottest_c: 29.5, frontSeats: 'driver_right' });

export const india: CcspRegion = {
  name: 'india',
  hosts: {
    hyundai: ['prd.in-ccapi.hyundai.connected-car.io'],
    kia: ['prd.in-ccapi.kia.connected-car.io'],
  },
  tokenLifetime_s: 24 * 3600,
  needsStamp: false,
  listsProtocol: true,
  steps: (devices) => oauthSteps(devices, { tokenNeedsStamp: true }),
  reads: {
    ...legacyReads(status, status),
    ...ccs2Reads(status, status, 'ccs2'),
    ...detailReads(timeZone),
    'GET setting/alert/maintenance': { operation: 'detail', resMsg: maintenance },
    'POST tripinfo': { operation: 'detail', resMsg: tripInfo(tripWithDetail) },
    'POST tripinfo/detail': { operation: 'detail', resMsg: tripDetail },
  },
  commands: indianCommands,
};
