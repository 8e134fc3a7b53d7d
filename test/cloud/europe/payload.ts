import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import type { CarProtocol } from '../ccsp/account.js';
import { ccs2Status } from '../ccsp/ccs2-status.js';
import { position } from '../ccsp/details.js';
import { legacyStatus } from '../ccsp/legacy-status.js';
import { at, compactTime } from '../wire.js';

/** Of every car there, wherever it is. */
export const timeZone = 'Europe/Berlin';

/** The tree below `state.Vehicle`, the same on the old and the new vehicle servers. */
export function ccs2Vehicle(car: SimulatedCar): object {
  const tree = ccs2Status(car, timeZone);
  return {
    ...tree,
    // An hour, whatever the season and although the date is in UTC.
    Offset: '1',
    Location: {
      ...(at(tree, 'Location') as object),
      // In UTC, where the time stamp beside it is wall time.
      Date: compactTime(car.reported().state.position.at),
    },
  };
}

/** The state of a car without CCS2: all of a forced status. */
export function legacyVehicleStatus(car: SimulatedCar): object {
  return legacyStatus(car, { timeZone, coldest_c: 14, hottest_c: 31.5, frontSeats: 'by_side' });
}

/** The same in a cached status, with what stands beside it. */
export function legacyStatusInfo(car: SimulatedCar): object {
  return {
    vehicleLocation: position(car, timeZone),
    vehicleStatus: legacyVehicleStatus(car),
    odometer: { value: car.report().odometer_km, unit: 1 },
  };
}

/** An entry of the list that goes with the new vehicle servers. */
export function cciVehicle({ identity }: SimulatedCar, protocol: CarProtocol): object {
  return {
    ccspCarId: identity.id,
    vin: identity.vin,
    vehicleNameView: identity.name,
    vehicleModelName: identity.model,
    isEv: identity.drivetrain === 'ev',
    fuelType: identity.drivetrain.toUpperCase(),
    ccs2ProtocolSupport: protocol === 'ccs2' ? 1 : 0,
  };
}
