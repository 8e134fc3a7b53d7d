import { chargingCurrents } from '../vehicle/remote-action.js';
import { seatLevels } from '../vehicle/state.js';
import { commandEvent, newestCommand } from './command-entities.js';
import type { Entity } from './entity.js';
import type { Car } from './subject.js';

type Row = Entity<Car>;

const tells = (path: string) => (car: Car) => car.tells(path);
const can =
  (command: string, ...words: readonly string[]) =>
  (car: Car) =>
    car.can(command, ...words);

/** A distance, a temperature and so on: what these have in common wherever they stand. */
const km = { device_class: 'distance', unit: 'km', precision: 0 } as const;
const celsius = { device_class: 'temperature', unit: '°C', precision: 1 } as const;
const percent = { unit: '%', precision: 0 } as const;
const minutes = { device_class: 'duration', unit: 'min', precision: 0 } as const;
const time = { device_class: 'timestamp' } as const;
const measured = { state_class: 'measurement' } as const;
const aside = { category: 'diagnostic' } as const;
const setting = { category: 'config' } as const;
const off = { enabled: false } as const;

const sensor = { platform: 'sensor' } as const;
const flag = { platform: 'binary_sensor' } as const;
const button = { platform: 'button' } as const;

const press = (name: string, word: string) =>
  ({
    ...button,
    command: { name, words: [word] },
    options: { payload_press: word },
    when: can(name, word),
  }) as const;

/** Corners of a car, in the order in which they are read. */
const corners = [
  ['fl', 'front_left', 'front left'],
  ['fr', 'front_right', 'front right'],
  ['rl', 'rear_left', 'rear left'],
  ['rr', 'rear_right', 'rear right'],
] as const;

/** Both ways of it, so that the control shows what the car may be asked. */
const canLockAndUnlock = can('lock', 'lock', 'unlock');
const canClimate = can('climate', 'start', 'stop');

/** An engine's starter battery is the battery of its car; beside a drive battery it must not be taken for that. */
const auxBattery = { ...sensor, ...measured, ...percent, ...aside, path: 'aux_battery.level' };

/** What Home Assistant shows of every car. */
const everyCar: readonly Row[] = [
  {
    key: 'location',
    platform: 'device_tracker',
    name: 'Location',
    options: (car) => ({
      source_type: 'gps',
      json_attributes_topic: car.stateTopic,
      json_attributes_template: position,
    }),
  },
  {
    key: 'doors_lock',
    platform: 'lock',
    name: 'Doors',
    when: canLockAndUnlock,
    path: 'lock.state',
    command: { name: 'lock', words: ['lock', 'unlock'] },
    options: {
      payload_lock: 'lock',
      payload_unlock: 'unlock',
      state_locked: 'locked',
      state_unlocked: 'unlocked',
      state_locking: 'locking',
      state_unlocking: 'unlocking',
    },
  },
  {
    key: 'doors_unlocked',
    ...flag,
    name: 'Doors',
    when: (car) => !canLockAndUnlock(car),
    device_class: 'lock',
    path: 'lock.state',
    // Home Assistant's class: on is unlocked.
    options: {
      value_template:
        "{{ {'locked': 'False', 'unlocked': 'True', 'locking': 'True', 'unlocking': 'False'}.get(value_json.lock.state) }}",
    },
  },
  {
    key: 'lock',
    name: 'Lock',
    icon: 'mdi:car-door-lock',
    ...press('lock', 'lock'),
    when: (car) => !canLockAndUnlock(car) && car.can('lock', 'lock'),
  },
  {
    key: 'climate',
    platform: 'climate',
    name: 'Climate',
    when: canClimate,
    options: climateOptions,
  },
  {
    key: 'climate_on',
    ...flag,
    name: 'Climate',
    when: (car) => !canClimate(car),
    device_class: 'running',
    path: 'climate.mode',
    options: {
      value_template: "{{ {'off': 'False', 'auto': 'True'}.get(value_json.climate.mode) }}",
    },
  },
  {
    key: 'climate_stop',
    name: 'Stop climate',
    icon: 'mdi:fan-off',
    ...press('climate', 'stop'),
    when: (car) => !canClimate(car) && car.can('climate', 'stop'),
  },
  {
    // A single wrong 0 would add the whole odometer to the statistics of a total that only increases.
    ...{ key: 'odometer', ...sensor, name: 'Odometer', ...km, state_class: 'total' },
    path: 'odometer_km',
  },
  { key: 'range', ...sensor, name: 'Range', ...km, ...measured, path: 'range_km' },
  {
    ...{ key: 'outside_temperature', ...sensor, name: 'Outside temperature' },
    ...{ ...celsius, ...measured },
    path: 'outside_temperature_c',
    when: tells('outside_temperature_c'),
  },
  {
    ...auxBattery,
    key: 'aux_battery',
    name: '12 V battery',
    device_class: 'battery',
    when: (car) => !car.hasPlug,
  },
  {
    ...auxBattery,
    key: 'aux_battery_level',
    name: '12 V battery',
    icon: 'mdi:car-battery',
    when: (car) => car.hasPlug,
  },
  {
    ...{ key: 'last_update', ...sensor, name: 'Last vehicle report', ...time, ...aside },
    path: 'reported_at',
  },
  {
    ...{ key: 'last_poll', ...sensor, name: 'Last cloud poll', ...time, ...aside, ...off },
    path: 'polled_at',
  },
  {
    ...{ key: 'location_time', ...sensor, name: 'Location time', ...time, ...aside, ...off },
    path: 'location.at',
  },
  {
    ...{ key: 'service_due', ...sensor, name: 'Distance to service', ...km, ...aside },
    path: 'service.due_km',
    when: tells('service.due_km'),
  },
  {
    ...{ key: 'service_last', ...sensor, name: 'Last service', ...km, ...aside, ...off },
    path: 'service.last_km',
    when: tells('service.last_km'),
  },
  ...corners.map(([short, corner, words]): Row => ({
    ...{ key: `tyre_${short}`, ...sensor, name: `Tyre pressure ${words}` },
    ...{ ...measured, device_class: 'pressure', unit: 'kPa', precision: 0 },
    path: `tyres.${corner}_kpa`,
    // A car that tells one tells all of them, some later.
    when: (car) => corners.some(([, one]) => car.tells(`tyres.${one}_kpa`)),
  })),
  {
    ...{ key: 'tyre_warning', ...flag, name: 'Tyre pressure warning', ...aside },
    device_class: 'problem',
    path: 'tyres.warning',
  },
  ...corners.map(([short, corner, words]): Row => ({
    ...{ key: `door_${short}`, ...flag, name: `Door ${words}`, device_class: 'door' },
    path: `doors.${corner}`,
  })),
  { key: 'trunk', ...flag, name: 'Trunk', device_class: 'opening', path: 'doors.trunk' },
  { key: 'hood', ...flag, name: 'Hood', device_class: 'opening', path: 'doors.hood' },
  ...corners.map(([short, corner, words]): Row => ({
    ...{ key: `window_${short}`, ...flag, name: `Window ${words}`, device_class: 'window' },
    path: `windows.${corner}`,
    when: tells(`windows.${corner}`),
  })),
  {
    ...{ key: 'sunroof', ...flag, name: 'Sunroof', device_class: 'window' },
    path: 'windows.sunroof',
    when: tells('windows.sunroof'),
  },
  {
    ...{ key: 'ignition', ...flag, name: 'Ignition', device_class: 'power', ...aside, ...off },
    path: 'ignition_on',
  },
  {
    ...{ key: 'defrost', ...flag, name: 'Front defrost', device_class: 'running', ...aside },
    path: 'climate.defrost',
  },
  {
    ...{ key: 'rear_defrost', ...flag, name: 'Rear window heater', ...aside, ...off },
    ...{ device_class: 'running', path: 'climate.rear_window_heat' },
  },
  {
    ...{ key: 'steering_heat', ...flag, name: 'Steering wheel heater', ...aside, ...off },
    ...{ device_class: 'running', path: 'climate.steering_wheel_heat' },
  },
  {
    ...{ key: 'washer_warning', ...flag, name: 'Washer fluid', device_class: 'problem', ...aside },
    path: 'warnings.washer_fluid',
  },
  {
    ...{ key: 'brake_warning', ...flag, name: 'Brake fluid', device_class: 'problem', ...aside },
    path: 'warnings.brake_fluid',
  },
  {
    ...{ key: 'key_battery', ...flag, name: 'Key battery', device_class: 'battery', ...aside },
    path: 'warnings.key_battery',
  },
  {
    ...{ key: 'lamp_fault', ...flag, name: 'Exterior lamp', device_class: 'problem' },
    ...{ ...aside, ...off, path: 'warnings.lamp' },
  },
  {
    ...{ key: 'aux_battery_fault', ...flag, name: '12 V battery fault', device_class: 'problem' },
    ...{ ...aside, ...off, path: 'aux_battery.fault' },
  },
  {
    ...{ key: 'dtc_count', ...sensor, name: 'Fault codes', ...measured, precision: 0 },
    ...{ ...aside, ...off, icon: 'mdi:engine-outline', path: 'dtc.count' },
    when: tells('dtc.count'),
  },
  {
    ...{ key: 'drive_mode', ...sensor, name: 'Drive mode', icon: 'mdi:car-cog' },
    ...{ ...aside, ...off, path: 'drive_mode' },
    when: tells('drive_mode'),
  },
  {
    ...{ key: 'drivetrain', ...sensor, name: 'Drivetrain', device_class: 'enum' },
    ...{ ...aside, ...off, path: 'drivetrain' },
    options: { options: ['ev', 'phev', 'hev', 'ice'] },
  },
  {
    ...{ key: 'source', ...sensor, name: 'Source of values', device_class: 'enum' },
    ...{ ...aside, ...off, path: 'source' },
    options: { options: ['cached', 'force'] },
  },
  {
    ...{ key: 'stale', ...flag, name: 'Values out of date', device_class: 'problem' },
    ...{ ...aside, ...off, path: 'stale' },
  },
  {
    ...{ key: 'windows', platform: 'cover', name: 'Windows', device_class: 'window', ...off },
    when: can('windows', 'open', 'close'),
    path: 'windows.all',
    command: { name: 'windows', words: ['open', 'close'] },
    options: {
      ...{ payload_open: 'open', payload_close: 'close', payload_stop: null },
      ...{ state_open: 'open', state_closed: 'closed' },
    },
  },
  {
    ...{ key: 'windows_close', name: 'Close windows', icon: 'mdi:car-door', ...off },
    ...press('windows', 'close'),
    when: (car) => car.can('windows', 'close') && !car.can('windows', 'open', 'close'),
  },
  {
    ...{ key: 'windows_vent', name: 'Vent windows', icon: 'mdi:car-door', ...off },
    ...press('windows', 'vent'),
  },
  {
    ...{ key: 'climate_duration', platform: 'number', name: 'Climate duration' },
    ...{ device_class: 'duration', ...setting, ...off },
    when: can('climate_duration'),
    path: 'climate.duration_min',
    command: { name: 'climate_duration' },
    options: (car) => numberOptions(car, 'climate_duration', 'climate.duration_min', 'box'),
  },
  {
    ...{ key: 'start_defrost', platform: 'switch', name: 'Defrost on start' },
    ...{ icon: 'mdi:car-defrost-front', ...setting, ...off },
    when: can('climate_defrost', 'on', 'off'),
    path: 'climate.start_defrost',
    command: { name: 'climate_defrost', words: ['on', 'off'] },
    options: { payload_on: 'on', payload_off: 'off' },
  },
  ...corners.map(([short, corner, words]): Row => ({
    ...{ key: `seat_${short}`, platform: 'select', name: `Seat ${words}` },
    ...{ icon: 'mdi:car-seat-heater', ...setting, ...off },
    when: can(`climate_seat_${corner}`),
    path: `climate.seats.${corner}`,
    command: { name: `climate_seat_${corner}` },
    options: (car) => ({ options: wordsOf(car, `climate_seat_${corner}`, seatLevels) }),
  })),
  {
    ...{ key: 'refresh', name: 'Refresh from cloud', icon: 'mdi:cloud-refresh', ...aside },
    ...press('refresh', 'cached'),
  },
  {
    ...{ key: 'wake', name: 'Wake and refresh', icon: 'mdi:car-connected', ...aside },
    ...press('refresh', 'force'),
  },
  {
    ...{ key: 'lights', name: 'Flash lights', icon: 'mdi:car-light-alert', ...off },
    ...press('lights', 'PRESS'),
  },
  {
    ...{ key: 'horn', name: 'Horn and lights', icon: 'mdi:bullhorn', ...off },
    ...press('horn', 'PRESS'),
  },
  {
    ...commandEvent,
    options: (car) => ({ ...commandEvent.options, state_topic: car.resultTopic }),
  },
  {
    ...newestCommand,
    options: (car) => ({ ...newestCommand.options, json_attributes_topic: car.stateTopic }),
  },
];

/** What a car with a drive battery and a plug has besides. */
const withPlug: readonly Row[] = [
  {
    // The only sensor of class `battery`: Home Assistant shows it as the battery of the device.
    ...{ key: 'soc', ...sensor, name: 'Battery', device_class: 'battery', ...measured, ...percent },
    path: 'ev.soc',
  },
  {
    ...{ key: 'ev_range', ...sensor, name: 'Electric range', ...km, ...measured },
    path: 'ev.range_km',
  },
  {
    ...{ key: 'charging', ...flag, name: 'Charging', device_class: 'battery_charging' },
    path: 'ev.charging',
  },
  { key: 'plugged', ...flag, name: 'Plug', device_class: 'plug', path: 'ev.plugged' },
  {
    ...{ key: 'charge_state', ...sensor, name: 'Charging state', device_class: 'enum' },
    path: 'ev.charge_state',
    options: {
      options: ['disconnected', 'connected', 'scheduled', 'charging', 'complete', 'error'],
    },
  },
  {
    ...{ key: 'charge_status', ...sensor, name: 'Charging status', device_class: 'enum' },
    ...{ ...aside, ...off, path: 'ev.status' },
    options: { options: ['A', 'B', 'C'] },
  },
  {
    ...{ key: 'charge_power', ...sensor, name: 'Charging power', device_class: 'power' },
    ...{ ...measured, unit: 'kW', precision: 1, path: 'ev.charge_power_kw' },
  },
  {
    ...{ key: 'charge_time', ...sensor, name: 'Charging time remaining', ...minutes, ...measured },
    path: 'ev.minutes_to_limit',
  },
  { key: 'charge_end', ...sensor, name: 'Charging end', ...time, path: 'ev.finish_at' },
  {
    ...{ key: 'energy_remaining', ...sensor, name: 'Battery energy', ...measured },
    ...{ device_class: 'energy_storage', unit: 'kWh', precision: 1, path: 'ev.energy_kwh' },
    when: tells('ev.energy_kwh'),
  },
  {
    ...{ key: 'consumption', ...sensor, name: 'Consumption 30 days', ...measured },
    ...{ device_class: 'energy_distance', unit: 'kWh/100km', precision: 1 },
    path: 'ev.consumption_kwh_100km',
    when: tells('ev.consumption_kwh_100km'),
  },
  {
    // Not of class `battery`: see `soc`.
    ...{ key: 'soh', ...sensor, name: 'Battery health', ...measured, ...percent },
    ...{ icon: 'mdi:battery-heart-variant', ...aside, ...off, path: 'ev.soh' },
  },
  {
    ...{ key: 'battery_capacity', ...sensor, name: 'Battery capacity', ...measured },
    ...{ device_class: 'energy_storage', unit: 'kWh', precision: 1, ...aside, ...off },
    path: 'ev.capacity_kwh',
    when: tells('ev.capacity_kwh'),
  },
  {
    // Of a rolling window, which is no total: no state class.
    ...{ key: 'energy_used_90d', ...sensor, name: 'Energy used 90 days' },
    ...{ device_class: 'energy', unit: 'kWh', precision: 1, ...aside, ...off },
    path: 'ev.used_90d_kwh',
  },
  {
    ...{ key: 'energy_regenerated_90d', ...sensor, name: 'Energy regenerated 90 days' },
    ...{ device_class: 'energy', unit: 'kWh', precision: 1, ...aside, ...off },
    path: 'ev.regenerated_90d_kwh',
  },
  ...(['fast', 'portable', 'station'] as const).map((charger): Row => ({
    ...{ key: `charge_time_${charger}`, ...sensor, name: `Time to charge (${charger})` },
    ...{ ...minutes, ...aside, ...off, path: `ev.minutes_${charger}` },
  })),
  {
    ...{ key: 'range_at_ac_limit', ...sensor, name: 'Range at AC limit', ...km },
    ...{ ...aside, ...off, path: 'ev.range_at_ac_limit_km' },
  },
  {
    ...{ key: 'range_at_dc_limit', ...sensor, name: 'Range at DC limit', ...km },
    ...{ ...aside, ...off, path: 'ev.range_at_dc_limit_km' },
  },
  {
    ...{ key: 'battery_temp_min', ...sensor, name: 'Battery temperature min' },
    ...{ ...celsius, ...measured, ...aside, ...off, path: 'ev.temp_min_c' },
    when: tells('ev.temp_min_c'),
  },
  {
    ...{ key: 'battery_temp_max', ...sensor, name: 'Battery temperature max' },
    ...{ ...celsius, ...measured, ...aside, ...off, path: 'ev.temp_max_c' },
    when: tells('ev.temp_max_c'),
  },
  {
    ...{ key: 'plug_type', ...sensor, name: 'Plug type', device_class: 'enum' },
    ...{ ...aside, ...off, path: 'ev.plug_type' },
    options: { options: ['none', 'ac', 'dc', 'portable', 'v2l'] },
  },
  {
    ...{ key: 'preconditioning', ...flag, name: 'Battery preconditioning' },
    ...{ device_class: 'running', ...aside, ...off, path: 'ev.preconditioning' },
    when: tells('ev.preconditioning'),
  },
  {
    ...{ key: 'charge', platform: 'switch', name: 'Charge', icon: 'mdi:ev-station' },
    when: can('charge', 'start', 'stop'),
    path: 'ev.charging',
    command: { name: 'charge', words: ['start', 'stop'] },
    options: { payload_on: 'start', payload_off: 'stop' },
  },
  ...(
    [
      ['ac', 'mdi:ev-plug-type2'],
      ['dc', 'mdi:ev-plug-ccs2'],
    ] as const
  ).flatMap(([kind, icon]): Row[] => {
    const name = `charge_limit_${kind}`;
    const path = `ev.limit_${kind}`;
    const title = `${kind.toUpperCase()} charge limit`;
    return [
      {
        ...{ key: `limit_${kind}`, platform: 'number', name: title, icon, ...setting },
        when: can(name),
        path,
        command: { name },
        options: (car) => numberOptions(car, name, path, 'slider'),
      },
      {
        ...{ key: `limit_${kind}_now`, ...sensor, name: title, icon, ...percent, ...aside },
        when: (car) => car.tells(path) && !car.can(name),
        path,
      },
    ];
  }),
  {
    ...{ key: 'v2l_limit', platform: 'number', name: 'V2L limit', icon: 'mdi:fuel-cell' },
    ...{ ...setting, ...off, path: 'ev.v2l_limit' },
    when: can('v2l_limit'),
    command: { name: 'v2l_limit' },
    options: (car) => numberOptions(car, 'v2l_limit', 'ev.v2l_limit', 'slider'),
  },
  {
    ...{ key: 'charge_current', platform: 'select', name: 'Charging current' },
    ...{ icon: 'mdi:current-ac', ...setting, path: 'ev.charge_current' },
    when: can('charging_current'),
    command: { name: 'charging_current' },
    options: (car) => ({
      options: wordsOf(car, 'charging_current', chargingCurrents),
      // The document has a number, and may have one that the car was not told by us.
      value_template: `{% set now = value_json.ev.charge_current %}{{ now | int if now in [${wordsOf(car, 'charging_current', chargingCurrents).join(', ')}] else None }}`,
    }),
  },
  {
    ...{ key: 'charge_port', platform: 'cover', name: 'Charge port', device_class: 'door' },
    when: can('charge_port', 'open', 'close'),
    path: 'ev.port_open',
    command: { name: 'charge_port', words: ['open', 'close'] },
    options: {
      ...{ payload_open: 'open', payload_close: 'close', payload_stop: null },
      ...{ state_open: 'True', state_closed: 'False' },
    },
  },
  {
    ...{ key: 'charge_port_open', ...flag, name: 'Charge port', device_class: 'door' },
    when: (car) => car.tells('ev.port_open') && !car.can('charge_port', 'open', 'close'),
    path: 'ev.port_open',
  },
  {
    ...{ key: 'scheduled_charging', platform: 'switch', name: 'Scheduled charging' },
    ...{ icon: 'mdi:calendar-clock', ...setting, ...off, path: 'ev.schedule.enabled' },
    when: can('schedule'),
    command: { name: 'schedule' },
    options: { payload_on: '{"enabled": true}', payload_off: '{"enabled": false}' },
  },
];

/** What a car with an engine has besides. */
const withEngine: readonly Row[] = [
  {
    // No class of Home Assistant fits a tank in percent.
    ...{ key: 'fuel_level', ...sensor, name: 'Fuel level', ...measured, ...percent },
    ...{ icon: 'mdi:gas-station', path: 'fuel.level' },
  },
  {
    ...{ key: 'fuel_range', ...sensor, name: 'Fuel range', ...km, ...measured },
    path: 'fuel.range_km',
  },
  {
    ...{ key: 'fuel_low', ...flag, name: 'Fuel low', device_class: 'problem', ...aside },
    path: 'fuel.low',
  },
  { key: 'engine', ...flag, name: 'Engine', device_class: 'running', path: 'engine_running' },
  {
    ...{ key: 'oil_warning', ...flag, name: 'Oil level', device_class: 'problem', ...aside },
    path: 'warnings.oil_level',
    when: tells('warnings.oil_level'),
  },
];

/** The off-peak times, for a Home Assistant that knows the platform: an older one refuses the whole car. */
const times: readonly Row[] = (['start', 'end'] as const).map((edge) => ({
  ...{ key: `offpeak_${edge}`, platform: 'time', name: `Off-peak ${edge}`, ...setting, ...off },
  when: (car) => car.hasPlug && car.can('schedule'),
  path: `ev.schedule.offpeak_${edge}`,
  command: { name: 'schedule' },
  options: { command_template: `{"offpeak_${edge}": "{{ value }}"}` },
}));

/** The entities of this car. */
export function entitiesOfCar(car: Car, { hasTimes }: { readonly hasTimes: boolean }) {
  const rows = [
    ...everyCar,
    ...(car.hasPlug ? withPlug : []),
    ...(car.hasEngine ? withEngine : []),
    ...(hasTimes ? times : []),
  ];
  return rows.filter((row) => row.when?.(car) ?? true);
}

/** A tracker without a position has no attributes: a null would be a warning at each message. */
const position =
  "{% set at = value_json.location %}{{ ({} if at.latitude is none or at.longitude is none else {'latitude': at.latitude, 'longitude': at.longitude, 'gps_accuracy': at.accuracy_m if at.accuracy_m is not none else 0}) | to_json }}";

function climateOptions(car: Car) {
  const { min, max, step, unit } = car.limits('climate_temperature');
  const isFahrenheit = unit?.endsWith('F') === true;
  const topic = car.commandTopic('climate');
  const temperature = {
    temperature_command_topic: car.commandTopic('climate_temperature'),
    temperature_state_topic: car.stateTopic,
    temperature_state_template: '{{ value_json.climate.target }}',
    temperature_unit: isFahrenheit ? 'F' : 'C',
    precision: isFahrenheit ? 1 : 0.5,
    ...{ min_temp: min, max_temp: max, temp_step: step },
  };
  return {
    modes: ['off', 'auto'],
    mode_command_topic: topic,
    mode_state_topic: car.stateTopic,
    mode_state_template: '{{ value_json.climate.mode }}',
    power_command_topic: topic,
    payload_on: 'on',
    payload_off: 'off',
    message_expiry_interval: { seconds: car.patience_s('climate', ['start', 'stop']) },
    ...(car.can('climate_temperature') ? temperature : {}),
  };
}

/** Home Assistant logs an error at each message for a number out of range, such as a limit that was set in the car. */
function numberOptions(car: Car, name: string, path: string, mode: 'box' | 'slider') {
  const { min = 0, max = 100, step, unit } = car.limits(name);
  const range = `${String(min)} <= now <= ${String(max)}`;
  return {
    ...{ min, max, step, unit_of_measurement: unit, mode },
    value_template: `{% set now = value_json.${path} %}{{ now if now is not none and ${range} else None }}`,
  };
}

function wordsOf(car: Car, name: string, all: readonly (string | number)[]): string[] {
  return (car.limits(name).values ?? all).map(String);
}
