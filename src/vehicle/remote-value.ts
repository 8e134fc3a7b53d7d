import { seats } from './remote-action.js';
import type { RemoteCommand, TripsCommand } from './remote-command.js';

/** A word or a number where that says it all, else the fields. Sent as a payload it means the same command. */
export type RemoteValue = string | number | Readonly<Record<string, unknown>>;

/** The value as events show it. */
export function valueOfRemote(command: RemoteCommand | TripsCommand): RemoteValue {
  switch (command.name) {
    case 'climate':
      return command.value === 'start' ? startValue(command) : command.value;
    case 'climate_temperature':
      return command.temperature;
    case 'climate_duration':
      return command.minutes;
    case 'climate_defrost':
      return command.on ? 'on' : 'off';
    case 'climate_seat_front_left':
    case 'climate_seat_front_right':
    case 'climate_seat_rear_left':
    case 'climate_seat_rear_right':
      return command.level;
    case 'lock':
    case 'charge':
    case 'charge_port':
    case 'valet_mode':
      return command.value;
    case 'charge_limit_ac':
    case 'charge_limit_dc':
    case 'charging_current':
    case 'v2l_limit':
      return command.percent;
    case 'windows':
      return wordForAll(command.windows) ?? command.windows;
    case 'lights':
    case 'horn':
      return 'PRESS';
    case 'charge_limits':
    case 'schedule':
    case 'navigation':
      return fieldsOf(command);
    case 'trips':
      if ('month' in command) return command.month;
      return 'day' in command ? command.day : fieldsOf(command);
  }
}

type Windows = Extract<RemoteCommand, { name: 'windows' }>['windows'];

/** What all four windows are told alike; undefined where they are not. */
export function wordForAll(windows: Windows): string | undefined {
  const [word, ...others] = seats.map((window) => windows[window]);
  return others.every((one) => one === word) ? word : undefined;
}

function startValue(
  command: Extract<RemoteCommand, { value: 'start'; awaits_temperature: boolean }>,
) {
  const { name: _, awaits_temperature: __, ...fields } = command;
  return Object.keys(fields).length > 1 ? fields : fields.value;
}

function fieldsOf<T extends { readonly name: string }>({ name: _, ...fields }: T) {
  return fields;
}
