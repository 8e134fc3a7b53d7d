import type { CarCommand } from '../../src/vehicle/simulated-command.js';
import { heats, limits, seat } from './command-words.js';
import { setPoint } from './usa-kia-commands.js';
import { type CloudRequest, at } from './wire.js';

const commands: Readonly<Record<string, (body: unknown) => CarCommand>> = {
  'rcs/rdo/off': () => ({ name: 'lock', value: 'lock' }),
  'rcs/rdo/on': () => ({ name: 'lock', value: 'unlock' }),
  'evc/fatc/start': climateStart,
  'rcs/rsc/start': climateStart,
  'evc/fatc/stop': () => ({ name: 'climate', value: 'stop' }),
  'rcs/rsc/stop': () => ({ name: 'climate', value: 'stop' }),
  'evc/charge/start': () => ({ name: 'charge', value: 'start' }),
  'evc/charge/stop': () => ({ name: 'charge', value: 'stop' }),
  'evc/charge/targetsoc/set': (body) => limits(at(body, 'targetSOClist'), 'targetSOClevel'),
  'rcs/rhl/light': () => ({ name: 'lights' }),
  'rcs/rhl/hnl': () => ({ name: 'horn' }),
};

/** The command in a POST below `ac/v2/`; undefined when it is none. */
export function commandOf(name: string, { method, body }: CloudRequest): CarCommand | undefined {
  return method === 'POST' && Object.hasOwn(commands, name) ? commands[name]?.(body) : undefined;
}

function climateStart(body: unknown): CarCommand {
  const duration = Number(at(body, 'igniOnDuration'));
  const seats = at(body, 'seatHeaterVentInfo');
  return {
    name: 'climate',
    value: 'start',
    target_c: setPoint(String(at(body, 'airTemp', 'value'))),
    ...(duration > 0 && { duration_min: duration }),
    defrost: at(body, 'defrost') === true,
    ...heats(at(body, 'heating1')),
    seats: {
      front_left: seat(at(seats, 'drvSeatHeatState')),
      front_right: seat(at(seats, 'astSeatHeatState')),
      rear_left: seat(at(seats, 'rlSeatHeatState')),
      rear_right: seat(at(seats, 'rrSeatHeatState')),
    },
  };
}
