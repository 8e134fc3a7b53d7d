import { battery } from './car/battery.js';
import { body } from './car/body.js';
import { charging, times } from './car/charging.js';
import { climate } from './car/climate.js';
import { engine } from './car/engine.js';
import { general } from './car/general.js';
import type { Row } from './car/row.js';
import type { Car } from './subject.js';

/**
 * The rows that may be for this car; the off-peak times only for a Home Assistant that knows the platform: an older one
 * refuses the whole car.
 */
export function rowsOfCar(car: Car, { hasTimes }: { readonly hasTimes: boolean }): Row[] {
  return [
    ...general,
    ...body,
    ...climate,
    ...(car.hasPlug ? [...battery, ...charging] : []),
    ...(car.hasEngine ? engine : []),
    ...(hasTimes ? times : []),
  ];
}
