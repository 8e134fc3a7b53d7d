/** @typedef {import('../../vehicle/command-info.js').CommandInfo} CommandInfo */

/** @type {Readonly<Record<string, string>>} */
const names = {
  refresh: 'Refresh',
  lock: 'Lock',
  climate: 'Climate',
  climate_temperature: 'Next start: temperature',
  climate_duration: 'Next start: duration',
  climate_defrost: 'Next start: defrost',
  climate_seat_front_left: 'Next start: seat front left',
  climate_seat_front_right: 'Next start: seat front right',
  climate_seat_rear_left: 'Next start: seat rear left',
  climate_seat_rear_right: 'Next start: seat rear right',
  charge: 'Charging',
  charge_limits: 'Charge limits',
  charge_limit_ac: 'Charge limit AC',
  charge_limit_dc: 'Charge limit DC',
  charging_current: 'Charging current',
  charge_port: 'Charge port',
  windows: 'Windows',
  lights: 'Lights',
  horn: 'Horn',
  valet_mode: 'Valet mode',
  v2l_limit: 'V2L limit',
  schedule: 'Schedule',
  navigation: 'Destination',
  trips: 'Trips',
  refresh_all: 'Refresh all cars',
  polling: 'Polls',
  poll_interval: 'Poll interval',
  log_level: 'Log level',
  reset_breaker: 'Reset breaker',
  clear_queue: 'Clear the queue',
  announce: 'Announce anew',
  otp: 'One-time code',
  cancel: 'Cancel',
};

/** @param {string | null} name */
export function commandName(name) {
  return name === null ? 'Unknown command' : (names[name] ?? name);
}

/** @type {Readonly<Record<string, string>>} */
const deeds = {
  'refresh:cached': 'Read the cloud',
  'refresh:smart': 'Refresh if old',
  'refresh:force': 'Wake and read',
  'lock:lock': 'Lock',
  'lock:unlock': 'Unlock',
  'climate:start': 'Start climate',
  'climate:stop': 'Stop climate',
  'charge:start': 'Start charging',
  'charge:stop': 'Stop charging',
  'charge_port:open': 'Open charge port',
  'charge_port:close': 'Close charge port',
  'windows:open': 'Open windows',
  'windows:close': 'Close windows',
  'windows:vent': 'Vent windows',
  'lights:PRESS': 'Flash lights',
  'horn:PRESS': 'Sound horn',
  'valet_mode:start': 'Start valet mode',
  'valet_mode:stop': 'End valet mode',
  'polling:on': 'Switch polls on',
  'polling:off': 'Switch polls off',
};

/**
 * What a button with this value says.
 * @param {string | null} name
 * @param {unknown} value
 */
export function deed(name, value) {
  const word = wordOf(value);
  const rest = word === '' || word === 'PRESS' ? '' : ` ${word}`;
  return deeds[`${name}:${word}`] ?? `${commandName(name)}${rest}`;
}

/**
 * The value that tells commands of one name apart, as events have it.
 * @param {unknown} value
 * @returns {string}
 */
export function wordOf(value) {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'object') return String(value);
  if ('value' in value) return wordOf(value.value);
  return '';
}

/**
 * The command as its topic and payload say it.
 * @param {string | null} name
 * @param {unknown} value
 */
export function literally(name, value) {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value ?? '');
  return `${name ?? ''} ${value === null ? '' : text}`.trim();
}

/**
 * What opens a car, starts something, or is heard by the neighbours: what a person is asked first.
 * @type {Readonly<Record<string, string>>}
 */
export const warnings = {
  'lock:unlock': 'Whoever stands beside the car can then open it.',
  'windows:open': 'The windows stay open until somebody closes them.',
  'windows:vent': 'The windows stay open a gap until somebody closes them.',
  'climate:start': 'This starts the engine of a car that has one.',
  'charge:start': 'The car starts to charge now.',
  'charge_port:open': 'The charge port stays open until somebody closes it.',
  'valet_mode:start': 'The car hides personal data and limits its screen until valet mode ends.',
  'valet_mode:stop': 'The car is no longer limited.',
  'horn:PRESS': 'The horn can be heard by everybody around, and cannot be stopped.',
  'lights:PRESS': 'The lights can be seen by everybody around, and cannot be stopped.',
};

/** @type {Readonly<Record<string, string>>} */
const fields = {
  temperature: 'Temperature',
  duration: 'Duration',
  defrost: 'Defrost',
  heating: 'Heating',
  steering_wheel: 'Steering wheel',
  'seats.front_left': 'Seat front left',
  'seats.front_right': 'Seat front right',
  'seats.rear_left': 'Seat rear left',
  'seats.rear_right': 'Seat rear right',
  front_left: 'Front left',
  front_right: 'Front right',
  rear_left: 'Rear left',
  rear_right: 'Rear right',
  max_age: 'Wake if older than',
  ac: 'Limit AC',
  dc: 'Limit DC',
  enabled: 'Scheduled charging',
  offpeak_start: 'Off-peak from',
  offpeak_end: 'Off-peak to',
  offpeak_only: 'Off-peak only',
  'climate.enabled': 'Climate at departure',
  'climate.temperature': 'Temperature at departure',
  'climate.defrost': 'Defrost at departure',
};

/** @param {string} field */
export function fieldName(field) {
  return fields[field] ?? plain(field);
}

/**
 * A word of the contract as a person would write it: `heat_low` is `Heat low`.
 * @param {unknown} word
 */
export function plain(word) {
  const text = String(word).replaceAll(/[_.]/g, ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
