import type { CarCommand } from '../../src/vehicle/simulated-command.js';
import type { CarState } from '../../src/vehicle/simulated-state.js';
import { limits, setPoint } from './usa-kia-commands.js';
import { type CloudRequest, at } from './wire.js';

type SeatLevel = CarState['climate']['seats']['front_left'];

/** The command in a POST below `ac/v2/`; undefined when it is none. */
export function commandOf(name: string, request: CloudRequest): CarCommand | undefined {
  if (request.method !== 'POST') return undefined;
  switch (name) {
    case 'rcs/rdo/off':
      return { name: 'lock', value: 'lock' };
    case 'rcs/rdo/on':
      return { name: 'lock', value: 'unlock' };
    case 'evc/fatc/start':
    case 'rcs/rsc/start':
      return climateStart(request.body);
    case 'evc/fatc/stop':
    case 'rcs/rsc/stop':
      return { name: 'climate', value: 'stop' };
    case 'evc/charge/start':
      return { name: 'charge', value: 'start' };
    case 'evc/charge/stop':
      return { name: 'charge', value: 'stop' };
    case 'evc/charge/targetsoc/set':
      return limits(request.body);
    default:
      return undefined;
  }
}

function climateStart(body: unknown): CarCommand {
  const duration = Number(at(body, 'igniOnDuration'));
  const heating = Number(at(body, 'heating1') ?? 0);
  const seats = at(body, 'seatHeaterVentInfo');
  return {
    name: 'climate',
    value: 'start',
    target_c: setPoint(String(at(body, 'airTemp', 'value'))),
    ...(duration > 0 && { duration_min: duration }),
    defrost: at(body, 'defrost') === true,
    rear_window_heat: [1, 2, 4].includes(heating),
    steering_wheel_heat: [1, 3, 4].includes(heating),
    seats: {
      front_left: seat(at(seats, 'drvSeatHeatState')),
      front_right: seat(at(seats, 'astSeatHeatState')),
      rear_left: seat(at(seats, 'rlSeatHeatState')),
      rear_right: seat(at(seats, 'rrSeatHeatState')),
    },
  };
}

/** A seat's setting by the number that Hyundai in the USA and Canada have for it. */
export function seat(state: unknown): SeatLevel {
  const levels: Record<number, SeatLevel> = {
    3: 'cool_low',
    4: 'cool_medium',
    5: 'cool_high',
    6: 'heat_low',
    7: 'heat_medium',
    8: 'heat_high',
  };
  return levels[Number(state)] ?? 'off';
}
