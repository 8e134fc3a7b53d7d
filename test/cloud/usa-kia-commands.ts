import type { CarCommand } from '../../src/vehicle/simulated-command.js';
import { type SeatLevel, limits } from './command-words.js';
import { type CloudRequest, at, celsius, textAt } from './wire.js';

/** The command in a request to `rems/` or `evc/`, by its path; undefined when it is none. */
export function commandOf(name: string, request: CloudRequest): CarCommand | undefined {
  switch (`${request.method} ${name}`) {
    case 'GET rems/door/lock':
      return { name: 'lock', value: 'lock' };
    case 'GET rems/door/unlock':
      return { name: 'lock', value: 'unlock' };
    case 'POST rems/start':
      return climateStart(request.body);
    case 'GET rems/stop':
      return { name: 'climate', value: 'stop' };
    case 'POST evc/charge':
      return { name: 'charge', value: 'start' };
    case 'GET evc/cancel':
      return { name: 'charge', value: 'stop' };
    case 'POST evc/sts':
      return limits(at(request.body, 'targetSOClist'), 'targetSOClevel');
    default:
      return undefined;
  }
}

/** A set-point of the makers in the USA: degrees Fahrenheit or a word for an end of the scale. */
export function setPoint(text: string): number {
  const ends: Record<string, number> = { LOW: 62, LO: 62, HIGH: 82, HI: 82 };
  return Math.round(celsius(ends[text] ?? Number(text)) * 10) / 10;
}

function climateStart(body: unknown): CarCommand {
  const remote = at(body, 'remoteClimate');
  return {
    name: 'climate',
    value: 'start',
    target_c: setPoint(textAt(remote, 'airTemp', 'value')),
    duration_min: Number(at(remote, 'ignitionOnDuration', 'value')),
    defrost: at(remote, 'defrost') === true,
    rear_window_heat: at(remote, 'heatingAccessory', 'rearWindow') === 1,
    steering_wheel_heat: at(remote, 'heatingAccessory', 'steeringWheel') === 1,
    seats: {
      front_left: seat(at(remote, 'heatVentSeat', 'driverSeat')),
      front_right: seat(at(remote, 'heatVentSeat', 'passengerSeat')),
      rear_left: seat(at(remote, 'heatVentSeat', 'rearLeftSeat')),
      rear_right: seat(at(remote, 'heatVentSeat', 'rearRightSeat')),
    },
  };
}

function seat(setting: unknown): SeatLevel {
  const kind = ['off', 'heat', 'cool'][Number(at(setting, 'heatVentType') ?? 0)];
  const level = { 2: 'low', 3: 'medium', 4: 'high' }[Number(at(setting, 'heatVentLevel'))];
  if (kind === 'heat' && level !== undefined) return `heat_${level as 'low' | 'medium' | 'high'}`;
  if (kind === 'cool' && level !== undefined) return `cool_${level as 'low' | 'medium' | 'high'}`;
  return 'off';
}
