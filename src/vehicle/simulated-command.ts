import type { CarIdentity, CarSchedule, CarState } from './simulated-state.js';
import type { Seat, windowPositions } from './remote-action.js';
import { chargeLimit, stopClimate } from './simulated-motion.js';

/** What a simulated car can be told. Temperatures in °C, durations in minutes, limits in percent. */
export type CarCommand =
  | { readonly name: 'lock'; readonly value: 'lock' | 'unlock' }
  | { readonly name: 'climate'; readonly value: 'stop' }
  | {
      readonly name: 'climate';
      readonly value: 'start';
      readonly target_c?: number;
      readonly duration_min?: number;
      readonly defrost?: boolean;
      readonly rear_window_heat?: boolean;
      readonly steering_wheel_heat?: boolean;
      readonly seats?: Partial<CarState['climate']['seats']>;
    }
  | { readonly name: 'charge'; readonly value: 'start' | 'stop' }
  | { readonly name: 'charge_limits'; readonly ac: number; readonly dc: number }
  | { readonly name: 'charge_port'; readonly value: 'open' | 'close' }
  | { readonly name: 'lights' | 'horn' }
  | { readonly name: 'valet_mode'; readonly value: 'start' | 'stop' }
  | { readonly name: 'charging_current'; readonly percent: CarState['charge_current'] }
  | { readonly name: 'v2l_limit'; readonly percent: number }
  /** A window that is not named stays as it is. */
  | { readonly name: 'windows'; readonly windows: WindowPositions }
  /** A half that is not named stays as it is. */
  | { readonly name: 'schedule'; readonly schedule: Partial<CarSchedule> }
  | { readonly name: 'navigation'; readonly pois: CarState['destinations'] };

export type WindowPositions = Readonly<Partial<Record<Seat, (typeof windowPositions)[number]>>>;

export type CommandAnswer =
  { readonly done: true } | { readonly done: false; readonly reason: string };

const done: CommandAnswer = { done: true };
const refused = (reason: string): CommandAnswer => ({ done: false, reason });

/** A car keeps 40 of these, and anybody may name a place. */
const shortened = (text: string): string => text.slice(0, 40);

/** The value of a command as the log of executed commands names it. */
export function commandValue(command: CarCommand): string {
  switch (command.name) {
    case 'charge_limits':
      return `ac ${command.ac}, dc ${command.dc}`;
    case 'lights':
    case 'horn':
      return 'on';
    case 'charging_current':
    case 'v2l_limit':
      return String(command.percent);
    case 'windows':
      return Object.entries(command.windows)
        .map(([window, position]) => `${window} ${position}`)
        .join(', ');
    case 'schedule':
      return Object.keys(command.schedule).join(', ');
    case 'navigation':
      return shortened(command.pois.map(({ name }) => name).join(', '));
    default:
      return command.value;
  }
}

/** Obeys, or says why the car does not. A refused command changes nothing. */
export function obey(identity: CarIdentity, state: CarState, command: CarCommand): CommandAnswer {
  switch (command.name) {
    case 'lock':
      return lock(state, command.value);
    case 'climate':
      return climate(state, command);
    case 'windows':
      return moveWindows(state, command.windows);
    case 'valet_mode':
      return set(state, { valet: command.value === 'start' });
    case 'navigation':
      return set(state, { destinations: [...command.pois] });
    case 'lights':
    case 'horn':
      return done;
    default:
      return identity.battery_kwh === 0 ? refused(noPlug) : obeyAboutCharging(state, command);
  }
}

/** What only a car with a plug knows. */
type ChargingCommand = Extract<
  CarCommand,
  {
    name:
      'charge' | 'charge_limits' | 'charge_port' | 'charging_current' | 'v2l_limit' | 'schedule';
  }
>;

function obeyAboutCharging(state: CarState, command: ChargingCommand): CommandAnswer {
  switch (command.name) {
    case 'charge':
      return charge(state, command.value);
    case 'charge_limits':
      return limit(state, command);
    case 'charge_port':
      return port(state, command.value);
    case 'charging_current':
      return set(state, { charge_current: command.percent });
    case 'v2l_limit':
      return set(state, { v2l_limit: command.percent });
    case 'schedule':
      return set(state, { schedule: { ...state.schedule, ...command.schedule } });
  }
}

const noPlug = 'the car has no battery that can be charged';

function set(state: CarState, part: Partial<CarState>): CommandAnswer {
  Object.assign(state, structuredClone(part));
  return done;
}

/** A window that only lets air in is open too. */
function moveWindows(state: CarState, positions: WindowPositions): CommandAnswer {
  for (const [window, position] of Object.entries(positions) as [Seat, string][]) {
    state.windows[window] = position !== 'close';
  }
  return done;
}

function lock(state: CarState, value: 'lock' | 'unlock'): CommandAnswer {
  if (value === 'lock' && Object.values(state.doors).some((open) => open)) {
    return refused('a door is open');
  }
  state.locked = value === 'lock';
  return done;
}

function climate(
  state: CarState,
  command: Extract<CarCommand, { name: 'climate' }>,
): CommandAnswer {
  if (command.value === 'stop') {
    stopClimate(state);
    return done;
  }
  if (state.drive !== null) return refused('the car is being driven');
  const duration = command.duration_min ?? 10;
  stopClimate(state);
  state.climate = {
    on: true,
    target_c: command.target_c ?? state.climate.target_c,
    duration_min: duration,
    ends_at: state.at + duration * 60_000,
    defrost: command.defrost ?? false,
    rear_window_heat: command.rear_window_heat ?? false,
    steering_wheel_heat: command.steering_wheel_heat ?? false,
    seats: { ...state.climate.seats, ...command.seats },
  };
  return done;
}

function charge(state: CarState, value: 'start' | 'stop'): CommandAnswer {
  if (value === 'stop') {
    state.charging = false;
    return done;
  }
  if (state.plug === 'none') return refused('the car is not plugged in');
  if (state.soc >= chargeLimit(state)) return refused('the charge limit is reached');
  state.charging = true;
  return done;
}

function limit(state: CarState, { ac, dc }: { ac: number; dc: number }): CommandAnswer {
  if ([ac, dc].some((percent) => percent < 50 || percent > 100 || percent % 10 !== 0)) {
    return refused(`charge limits: expected 50 to 100 in steps of 10, got ac ${ac}, dc ${dc}`);
  }
  state.limit_ac = ac;
  state.limit_dc = dc;
  if (state.soc >= chargeLimit(state)) state.charging = false;
  return done;
}

function port(state: CarState, value: 'open' | 'close'): CommandAnswer {
  if (state.plug !== 'none') return refused('the charging cable is plugged in');
  state.port_open = value === 'open';
  return done;
}
