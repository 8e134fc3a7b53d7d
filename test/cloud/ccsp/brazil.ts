import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import { ccs2Latest } from './ccs2-status.js';
import { ccs2Reads, detailReads } from './reads.js';
import { brazilianCommands } from './region-commands.js';
import type { CcspRegion } from './region.js';
import { oauthSteps } from './sign-in.js';

const timeZone = 'America/Sao_Paulo';

const latest = (car: SimulatedCar) => ccs2Latest(car, timeZone);
/** The wake is only taken; the report is asked for later. */
const nothing = () => undefined;

/** Brazil: the list calls every car one without CCS2, and all are asked as if they had it. */
export const brazil: CcspRegion = {
  name: 'brazil',
  hosts: { hyundai: ['br-ccapi.hyundai.com.br'] },
  tokenLifetime_s: 24 * 3600,
  needsStamp: false,
  listsProtocol: true,
  steps: (devices) => oauthSteps(devices, { tokenNeedsStamp: false }),
  reads: { ...ccs2Reads(latest, nothing), ...detailReads(timeZone) },
  commands: brazilianCommands,
};
