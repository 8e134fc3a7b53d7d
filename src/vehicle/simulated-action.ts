import type { ClimateStart, RemoteAction, ScheduleAction } from './remote-action.js';
import type { CarCommand } from './simulated-command.js';
import type { CarSchedule } from './simulated-state.js';

type Unit = ClimateStart['unit'];

/** What a maker takes where nobody has said a temperature. */
const normal = { C: 21, F: 70 } as const;

/** A remote action as the car hears it: in °C, and without what is to stay as it is. */
export function carCommand(action: RemoteAction): CarCommand {
  switch (action.name) {
    case 'climate_start':
      return climateStart(action);
    case 'climate_stop':
      return { name: 'climate', value: 'stop' };
    case 'windows': {
      const { name, ...windows } = action;
      return { name, windows: withoutNull(windows) };
    }
    case 'schedule':
      return { name: 'schedule', schedule: scheduleOf(action) };
    default:
      return action;
  }
}

function climateStart(action: ClimateStart): CarCommand {
  const { temperature, unit, heating, steering_wheel } = action;
  const wheelLevel =
    steering_wheel ?? (['all', 'steering_wheel'].includes(heating) ? 'high' : 'off');
  return {
    name: 'climate',
    value: 'start',
    target_c: celsius(temperature ?? normal[unit], unit),
    duration_min: action.duration_min,
    defrost: action.defrost,
    rear_window_heat: heating === 'all' || heating === 'rear_window',
    steering_wheel_heat: wheelLevel !== 'off',
    seats: withoutNull(action.seats),
  };
}

function scheduleOf(action: ScheduleAction): Partial<CarSchedule> {
  const { part, enabled, offpeak_start, offpeak_end, offpeak_only, departures, climate } = action;
  const { temperature, unit, ...prepared } = climate;
  const beforeDeparture = { ...prepared, target_c: celsius(temperature, unit) };
  return {
    ...(part !== 'climate' && {
      charging: { enabled, offpeak_start, offpeak_end, offpeak_only },
    }),
    ...(part !== 'charge' && {
      departures: departures.map((departure) => ({ ...departure, climate: beforeDeparture })),
    }),
  };
}

/** Exact enough to come back as the same number of degrees Fahrenheit. */
function celsius(temperature: number, unit: Unit): number {
  return unit === 'C' ? temperature : Math.round(((temperature - 32) / 1.8) * 100) / 100;
}

function withoutNull<Key extends string, Value>(
  values: Readonly<Record<Key, Value | null>>,
): Partial<Record<Key, Value>> {
  const named = Object.entries(values).filter(([, value]) => value !== null);
  return Object.fromEntries(named) as Partial<Record<Key, Value>>;
}
