import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import type { CloudOperation, CloudRequest } from '../wire.js';
import type { CarProtocol } from './account.js';
import { chargeTarget, drivingHistory, position } from './details.js';
import { tripInfo, wholeTrip } from './trips.js';

/** What one path below a car answers. */
export interface Read {
  /** A `force` wakes the car before it is answered. */
  readonly operation: Extract<CloudOperation, 'cached' | 'force' | 'detail'>;
  /** Cars of the other protocol do not know the path. */
  readonly protocol?: CarProtocol;
  /** The `resMsg`; undefined for a mere acknowledgement. */
  readonly resMsg: (car: SimulatedCar, request: CloudRequest) => unknown;
}

/** By method and the path below the car. */
export type Reads = Readonly<Record<string, Read>>;

type Status = (car: SimulatedCar) => unknown;

/** The last report and a wake for it, as a car with CCS2 is asked for them. */
export function ccs2Reads(latest: Status, woken: Status, protocol?: CarProtocol): Reads {
  const common = protocol === undefined ? {} : { protocol };
  return {
    'GET ccs2/carstatus/latest': { ...common, operation: 'cached', resMsg: latest },
    'GET ccs2/carstatus': { ...common, operation: 'force', resMsg: woken },
  };
}

/** The same of a car without. */
export function legacyReads(latest: Status, woken: Status): Reads {
  return {
    'GET status/latest': { operation: 'cached', protocol: 'legacy', resMsg: latest },
    'GET status': { operation: 'force', protocol: 'legacy', resMsg: woken },
  };
}

/** The calls beside the status that all regions know. */
export function detailReads(timeZone: string): Reads {
  const detail = (resMsg: Read['resMsg']): Read => ({ operation: 'detail', resMsg });
  return {
    'GET location/park': detail((car) => position(car, timeZone)),
    'POST drvhistory': detail(drivingHistory),
    'GET charge/target': detail(chargeTarget),
    'POST tripinfo': detail(tripInfo(wholeTrip)),
  };
}
