/** What Home Assistant 2025.10, the oldest that the product supports, knows; read in its own source. */

const common = [
  ...['availability', 'availability_mode', 'availability_template', 'availability_topic'],
  ...['payload_available', 'payload_not_available', 'device', 'origin', 'entity_picture', 'icon'],
  ...['enabled_by_default', 'entity_category', 'json_attributes_topic', 'json_attributes_template'],
  ...['default_entity_id', 'unique_id', 'name', 'qos', 'encoding', 'platform'],
];
const reading = ['state_topic', 'value_template'];
const writing = ['command_topic', 'command_template', 'retain', 'optimistic', ...reading];
const temperature = (part: string) => [
  ...[`${part}_command_topic`, `${part}_command_template`],
  ...[`${part}_state_topic`, `${part}_state_template`],
];

/** The options of each platform that a car or a bridge may be shown with. */
export const optionsOf: Readonly<Record<string, ReadonlySet<string>>> = {
  binary_sensor: setOf(reading, [
    ...['device_class', 'expire_after', 'force_update', 'off_delay', 'payload_off', 'payload_on'],
  ]),
  button: setOf(['command_topic', 'command_template', 'retain', 'device_class', 'payload_press']),
  climate: setOf(temperature('temperature'), [
    ...['mode_command_topic', 'mode_command_template', 'mode_state_topic', 'mode_state_template'],
    ...['modes', 'power_command_topic', 'power_command_template', 'payload_on', 'payload_off'],
    ...['current_temperature_topic', 'current_temperature_template', 'temperature_unit'],
    ...['min_temp', 'max_temp', 'temp_step', 'precision', 'initial', 'action_topic'],
    ...['action_template', 'optimistic', 'retain', 'value_template'],
  ]),
  cover: setOf(writing, [
    ...['device_class', 'payload_open', 'payload_close', 'payload_stop', 'state_open'],
    ...['state_opening', 'state_closed', 'state_closing', 'state_stopped', 'position_topic'],
    ...['position_template', 'position_open', 'position_closed', 'set_position_topic'],
    ...['set_position_template'],
  ]),
  device_tracker: setOf(
    reading,
    ['payload_home', 'payload_not_home', 'payload_reset'],
    ['source_type'],
  ),
  event: setOf(reading, ['device_class', 'event_types']),
  lock: setOf(writing, [
    ...['code_format', 'payload_lock', 'payload_unlock', 'payload_open', 'payload_reset'],
    ...['state_jammed', 'state_locked', 'state_locking', 'state_open', 'state_opening'],
    ...['state_unlocked', 'state_unlocking'],
  ]),
  number: setOf(writing, [
    ...['device_class', 'max', 'min', 'mode', 'payload_reset', 'step', 'unit_of_measurement'],
  ]),
  select: setOf(writing, ['options']),
  sensor: setOf(reading, [
    ...['device_class', 'expire_after', 'force_update', 'last_reset_value_template', 'options'],
    ...['suggested_display_precision', 'state_class', 'unit_of_measurement'],
  ]),
  switch: setOf(writing, ['device_class', 'payload_off', 'payload_on', 'state_off', 'state_on']),
};

/** Of a later Home Assistant: only for those who say that they have it. */
export const laterPlatforms: Readonly<Record<string, ReadonlySet<string>>> = {
  time: setOf(writing),
};

/** Dropped without a word inside a component by a Home Assistant that does not know it. */
export const harmlessOptions: ReadonlySet<string> = new Set(['message_expiry_interval']);

/** What no component may lack. */
export const required: Readonly<Record<string, readonly string[]>> = {
  binary_sensor: ['state_topic'],
  button: ['command_topic'],
  event: ['state_topic', 'event_types'],
  lock: ['command_topic'],
  number: ['command_topic'],
  select: ['command_topic', 'options'],
  sensor: ['state_topic'],
  switch: ['command_topic'],
  time: ['command_topic'],
};

export const rootKeys: ReadonlySet<string> = new Set([
  ...['device', 'origin', 'components', 'availability', 'availability_mode', 'qos', 'encoding'],
  ...['availability_template', 'availability_topic', 'payload_available', 'payload_not_available'],
  ...['state_topic', 'command_topic'],
]);
export const deviceKeys: ReadonlySet<string> = new Set([
  ...['identifiers', 'connections', 'manufacturer', 'model', 'model_id', 'name', 'hw_version'],
  ...['sw_version', 'serial_number', 'via_device', 'suggested_area', 'configuration_url'],
]);
export const originKeys: ReadonlySet<string> = new Set(['name', 'sw_version', 'support_url']);
/** Copied into every component that does not have them. */
export const sharedOptions = [
  ...['availability', 'availability_mode', 'availability_template', 'availability_topic'],
  ...['payload_available', 'payload_not_available', 'state_topic', 'command_topic'],
];

interface SensorClass {
  /** None: it takes no unit. */
  readonly units: readonly string[];
  readonly stateClasses: readonly string[];
}

const any = ['measurement', 'total', 'total_increasing'];
const measurement = ['measurement'];

/** The classes of sensors and numbers that a car may have; more of them would be new to the tables of the product. */
export const sensorClasses: Readonly<Record<string, SensorClass>> = {
  battery: { units: ['%'], stateClasses: measurement },
  distance: { units: ['km', 'm', 'mi'], stateClasses: any },
  duration: { units: ['d', 'h', 'min', 's', 'ms'], stateClasses: any },
  energy: { units: ['kWh', 'Wh'], stateClasses: ['total', 'total_increasing'] },
  energy_distance: { units: ['kWh/100km', 'km/kWh', 'mi/kWh'], stateClasses: measurement },
  energy_storage: { units: ['kWh', 'Wh'], stateClasses: measurement },
  enum: { units: [], stateClasses: [] },
  power: { units: ['kW', 'W'], stateClasses: measurement },
  pressure: { units: ['kPa', 'bar', 'psi'], stateClasses: measurement },
  speed: { units: ['km/h', 'mph'], stateClasses: measurement },
  temperature: { units: ['°C', '°F'], stateClasses: measurement },
  timestamp: { units: [], stateClasses: [] },
  voltage: { units: ['V', 'mV'], stateClasses: measurement },
};

/** The classes of the other platforms. */
export const classesOf: Readonly<Record<string, readonly string[]>> = {
  binary_sensor: [
    ...['battery', 'battery_charging', 'carbon_monoxide', 'cold', 'connectivity', 'door', 'gas'],
    ...['garage_door', 'heat', 'light', 'lock', 'moisture', 'motion', 'moving', 'occupancy'],
    ...['opening', 'plug', 'power', 'presence', 'problem', 'running', 'safety', 'smoke', 'sound'],
    ...['tamper', 'update', 'vibration', 'window'],
  ],
  button: ['identify', 'restart', 'update'],
  cover: [
    ...['awning', 'blind', 'curtain', 'damper', 'door', 'garage', 'gate', 'shade', 'shutter'],
    'window',
  ],
  event: ['button', 'doorbell', 'motion'],
  switch: ['outlet', 'switch'],
};

function setOf(...parts: readonly (readonly string[])[]): ReadonlySet<string> {
  return new Set([...common, ...parts.flat()]);
}
