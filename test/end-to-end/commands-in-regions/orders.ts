import type { CarCommand } from '../../../src/vehicle/simulated-command.js';
import type { CarState } from '../../../src/vehicle/simulated-state.js';
import type { CommandCar, SetPoint } from './homes.js';
import type { Order, Payload } from './order.js';
import { scheduleOrders } from './schedule-orders.js';

/** Everything that a car of this kind is told, in the order in which it is told. */
export function ordersFor(car: CommandCar): readonly Order[] {
  return tables.flatMap(([command, table]) => (car.offered.includes(command) ? table(car) : []));
}

const tables: readonly (readonly [string, (car: CommandCar) => readonly Order[]])[] = [
  ['lock', () => ordersOfLock],
  ['climate', climateOrders],
  ['charge', () => [charge('stop'), charge('start')]],
  ['charge_limits', chargeLimitOrders],
  ['charging_current', () => [60, 90, 100].map((percent) => current(percent as 60 | 90 | 100))],
  ['charge_port', () => [port('open'), port('close')]],
  ['windows', windowOrders],
  ['lights', () => [press('lights')]],
  ['horn', () => [press('horn')]],
  ['valet_mode', () => [valet('start'), valet('stop')]],
  ['v2l_limit', () => [v2l(50)]],
  ['schedule', scheduleOrders],
  ['navigation', () => [navigation]],
];

/** One message that the car carries out as it is. */
function told(
  command: string,
  payload: Payload,
  does: CarCommand,
  rest: Pick<Order, 'before' | 'truth'> & { readonly shows?: Order['shows'] } = {},
): Order {
  return { messages: [{ command, payload }], does: [does], shows: {}, ...rest };
}

function lock(value: 'lock' | 'unlock'): Order {
  const locked = value === 'lock';
  return told(
    'lock',
    value,
    { name: 'lock', value },
    {
      truth: { locked },
      shows: { 'lock.state': locked ? 'locked' : 'unlocked' },
    },
  );
}

export const ordersOfLock: readonly Order[] = [lock('unlock'), lock('lock')];

/** At a charger, and far from full. */
const plugged = { plug: 'ac', port_open: true, soc: 40 } as const;

function charge(value: 'start' | 'stop'): Order {
  const charging = value === 'start';
  return told(
    'charge',
    value,
    { name: 'charge', value },
    {
      before: { ...plugged, charging: !charging },
      truth: { charging },
      shows: { 'ev.charging': charging },
    },
  );
}

function limits(ac: number, dc: number, messages: Order['messages']): Order {
  return {
    messages,
    does: [{ name: 'charge_limits', ac, dc }],
    truth: { limit_ac: ac, limit_dc: dc },
    shows: { 'ev.limit_ac': ac, 'ev.limit_dc': dc },
  };
}

function chargeLimitOrders(): Order[] {
  return [
    limits(80, 100, [{ command: 'charge_limits', payload: { ac: 80, dc: 100 } }]),
    // The other one stays as it is.
    limits(70, 100, [{ command: 'charge_limit_ac', payload: 70 }]),
    limits(70, 60, [{ command: 'charge_limit_dc', payload: 60 }]),
    limits(90, 80, [
      { command: 'charge_limit_ac', payload: 90 },
      { command: 'charge_limit_dc', payload: 80 },
    ]),
  ];
}

function current(percent: 100 | 90 | 60): Order {
  return told(
    'charging_current',
    percent,
    { name: 'charging_current', percent },
    {
      truth: { charge_current: percent },
      shows: { 'ev.charge_current': percent },
    },
  );
}

function port(value: 'open' | 'close'): Order {
  const open = value === 'open';
  return told(
    'charge_port',
    value,
    { name: 'charge_port', value },
    {
      before: { plug: 'none', charging: false, port_open: !open },
      truth: { port_open: open },
      shows: { 'ev.port_open': open },
    },
  );
}

type Window = 'front_left' | 'front_right' | 'rear_left' | 'rear_right';
type Position = 'open' | 'close' | 'vent';

function windows(payload: Payload, positions: Partial<Record<Window, Position>>): Order {
  const open = Object.entries(positions).map(([window, position]) => [
    window,
    position !== 'close',
  ]);
  return told(
    'windows',
    payload,
    { name: 'windows', windows: positions },
    {
      truth: { windows: Object.fromEntries(open) as Record<Window, boolean> },
      shows: Object.fromEntries(open.map(([window, is]) => [`windows.${String(window)}`, is])),
    },
  );
}

const each = (position: Position) => ({
  front_left: position,
  front_right: position,
  rear_left: position,
  rear_right: position,
});

/** Where they cannot be moved one by one, they cannot be opened a little either. */
function windowOrders({ windowsAreOne = false, windowsInPairs = false }: CommandCar): Order[] {
  const all = [windows('open', each('open')), windows('close', each('close'))];
  if (windowsAreOne) return all;
  if (windowsInPairs) {
    const inFront = { front_left: 'vent', front_right: 'vent' } as const;
    return [windows('vent', each('vent')), ...all, windows(inFront, inFront), ...all.slice(1)];
  }
  const one = windows(
    { front_left: 'vent', rear_right: 'open' },
    // Those that are not named stay as they are.
    { ...each('close'), front_left: 'vent', rear_right: 'open' },
  );
  return [windows('vent', each('vent')), ...all, one, windows('close', each('close'))];
}

function press(name: 'lights' | 'horn'): Order {
  return told(name, 'PRESS', { name });
}

function valet(value: 'start' | 'stop'): Order {
  return told(
    'valet_mode',
    value,
    { name: 'valet_mode', value },
    {
      truth: { valet: value === 'start' },
    },
  );
}

function v2l(percent: number): Order {
  return told(
    'v2l_limit',
    percent,
    { name: 'v2l_limit', percent },
    {
      truth: { v2l_limit: percent },
      shows: { 'ev.v2l_limit': percent },
    },
  );
}

const pois = [
  { name: 'Harbour', latitude: -33.8523, longitude: 151.2108, address: '1 Quay Street' },
  { name: 'Station', latitude: -33.883, longitude: 151.206, address: '2 Railway Square' },
];
const navigation = told(
  'navigation',
  { pois },
  { name: 'navigation', pois },
  {
    truth: { destinations: pois },
  },
);

type Start = Extract<CarCommand, { name: 'climate'; value: 'start' }>;
type SeatLevels = CarState['climate']['seats'];

const isOff: SeatLevels = {
  front_left: 'off',
  front_right: 'off',
  rear_left: 'off',
  rear_right: 'off',
};
/** What a start names itself. */
const named: SeatLevels = {
  front_left: 'heat_high',
  front_right: 'cool_low',
  rear_left: 'heat_low',
  rear_right: 'cool_medium',
};
/** What was set beforehand: other levels at other seats. */
const kept: SeatLevels = {
  front_left: 'cool_high',
  front_right: 'heat_medium',
  rear_left: 'off',
  rear_right: 'heat_low',
};

function climateOrders(car: CommandCar): Order[] {
  return [
    ...setPointOrders(car),
    bareStart(car),
    stop,
    fromHomeAssistant(car),
    stop,
    fullStart(car),
    stop,
  ];
}

/** The bridge keeps them for the next start; the car hears nothing. */
function setPointOrders({ climate: { mild, longest_min, seats } }: CommandCar): Order[] {
  const set = (command: string, payload: Payload, shows: Order['shows']): Order => ({
    messages: [{ command, payload }],
    does: [],
    shows,
  });
  return [
    set('climate_temperature', mild.told, { 'climate.target': mild.told }),
    ...(longest_min === null ? [] : [set('climate_duration', 8, { 'climate.duration_min': 8 })]),
    set('climate_defrost', 'on', { 'climate.start_defrost': true }),
    ...seats.map((seat) =>
      set(`climate_seat_${seat}`, kept[seat], { [`climate.seats.${seat}`]: kept[seat] }),
    ),
  ];
}

function bareStart(car: CommandCar): Order {
  return starts([{ command: 'climate', payload: 'start' }], withSetPoints(car));
}

/** The mode and the temperature as messages of their own. */
function fromHomeAssistant(car: CommandCar): Order {
  const { warm } = car.climate;
  const messages = [
    { command: 'climate', payload: 'auto' },
    { command: 'climate_temperature', payload: warm.told },
  ];
  return starts(messages, { ...withSetPoints(car), target_c: warm.heard_c });
}

function fullStart(car: CommandCar): Order {
  const { mild, longest_min, hasWheelLevels, seats } = car.climate;
  const payload = {
    value: 'start',
    temperature: mild.told,
    ...(longest_min !== null && { duration: longest_min }),
    defrost: false,
    ...(hasWheelLevels ? { heating: 'rear_window', steering_wheel: 'high' } : { heating: 'all' }),
    ...(seats.length > 0 && { seats: only(seats, named) }),
  };
  const does = {
    ...started(car, mild),
    ...(longest_min !== null && { duration_min: longest_min }),
    defrost: false,
    rear_window_heat: true,
    steering_wheel_heat: true,
    ...seatsOf(car, named),
  };
  return starts([{ command: 'climate', payload }], does);
}

function started({ climate }: CommandCar, point: SetPoint) {
  const { longest_min } = climate;
  return {
    name: 'climate',
    value: 'start',
    target_c: point.heard_c,
    ...(longest_min !== null && { duration_min: 8 }),
    defrost: true,
    rear_window_heat: false,
    steering_wheel_heat: false,
  } as const;
}

function withSetPoints(car: CommandCar): Start {
  return { ...started(car, car.climate.mild), ...seatsOf(car, kept) };
}

function seatsOf({ climate }: CommandCar, levels: SeatLevels): { seats?: Partial<SeatLevels> } {
  const told = only(climate.seats, levels);
  if (climate.seatsNotNamed === 'off') return { seats: { ...isOff, ...told } };
  return climate.seats.length === 0 ? {} : { seats: told };
}

function only(seats: readonly Window[], levels: SeatLevels): Partial<SeatLevels> {
  return Object.fromEntries(seats.map((seat) => [seat, levels[seat]]));
}

function starts(messages: Order['messages'], does: Start): Order {
  const { name: _, value: __, seats: ___, ...truth } = does;
  return {
    messages,
    does: [does],
    truth: { climate: { on: true, ...truth } },
    shows: { 'climate.mode': 'auto' },
  };
}

const stop = told(
  'climate',
  'stop',
  { name: 'climate', value: 'stop' },
  {
    truth: { climate: { on: false } },
    shows: { 'climate.mode': 'off' },
  },
);
