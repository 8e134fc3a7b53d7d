import type { CarCommand } from '../../src/vehicle/simulated-command.js';
import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { lowestSetPoint_c } from './canada-payload.js';
import { heats, limits, seat } from './command-words.js';
import { at, textAt } from './wire.js';

const commands: Readonly<Record<string, (body: unknown, car: SimulatedCar) => CarCommand>> = {
  drlck: () => ({ name: 'lock', value: 'lock' }),
  drulck: () => ({ name: 'lock', value: 'unlock' }),
  rmtstrt: climateStart,
  'evc/rfon': climateStart,
  rmtstp: () => ({ name: 'climate', value: 'stop' }),
  'evc/rfoff': () => ({ name: 'climate', value: 'stop' }),
  'evc/rcstrt': () => ({ name: 'charge', value: 'start' }),
  'evc/rcstp': () => ({ name: 'charge', value: 'stop' }),
  'evc/setsoc': (body) => limits(at(body, 'tsoc'), 'level'),
};

export function isCommand(name: string): boolean {
  return Object.hasOwn(commands, name);
}

/** The command of a path below `tods/api/`; undefined when it is none. */
export function commandOf(name: string, body: unknown, car: SimulatedCar): CarCommand | undefined {
  return isCommand(name) ? commands[name]?.(body, car) : undefined;
}

/** Electric cars have it below `hvacInfo` or `remoteControl`, the others below `setting`. */
function climateStart(body: unknown, car: SimulatedCar): CarCommand {
  const wanted = at(body, 'hvacInfo') ?? at(body, 'remoteControl') ?? at(body, 'setting');
  const step = Number.parseInt(textAt(wanted, 'airTemp', 'value'), 16);
  const duration = Number(at(wanted, 'igniOnDuration'));
  const seats = at(wanted, 'seatHeaterVentCMD');
  return {
    name: 'climate',
    value: 'start',
    target_c: lowestSetPoint_c(car) + step / 2,
    ...(duration > 0 && { duration_min: duration }),
    defrost: at(wanted, 'defrost') === true,
    ...heats(at(wanted, 'heating1')),
    seats: {
      front_left: seat(at(seats, 'drvSeatOptCmd')),
      front_right: seat(at(seats, 'astSeatOptCmd')),
      rear_left: seat(at(seats, 'rlSeatOptCmd')),
      rear_right: seat(at(seats, 'rrSeatOptCmd')),
    },
  };
}
