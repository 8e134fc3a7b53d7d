import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import { ccs2Latest } from './ccs2-status.js';
import { legacyStatus } from './legacy-status.js';
import { ccs2Reads, detailReads, legacyReads } from './reads.js';
import { australianCommands } from './region-commands.js';
import type { CcspRegion } from './region.js';
import { oauthSteps } from './sign-in.js';

/** Of every car there, wherever it is. */
const timeZone = 'Australia/Sydney';

const legacy = (car: SimulatedCar) =>
  legacyStatus(car, { timeZone, coldest_c: 17, hottest_c: 26.5, frontSeats: 'by_side' });
const ccs2 = (car: SimulatedCar) => ccs2Latest(car, timeZone);

/** Australia and New Zealand: a Kia of both is at the same server. */
export const australia: CcspRegion = {
  name: 'australia',
  hosts: {
    kia: ['au-apigw.ccs.kia.com.au'],
    hyundai: ['au-apigw.ccs.hyundai.com.au'],
    genesis: ['au-apigw-genesis.ccs.hyundai.com.au'],
  },
  tokenLifetime_s: 24 * 3600,
  needsStamp: true,
  listsProtocol: true,
  steps: (devices) => oauthSteps(devices, { tokenNeedsStamp: true }),
  reads: {
    ...legacyReads(legacy, legacy),
    // A woken car's state comes with the answer.
    ...ccs2Reads(ccs2, ccs2, 'ccs2'),
    ...detailReads(timeZone),
  },
  commands: australianCommands,
};
