import { plain } from './command-words.js';
import { timeOfDay } from './time.js';

/** @typedef {import('../../vehicle/state.js').StateDocument} StateDocument */
/** @typedef {{ label: string, icon: string, text: string, tone?: 'warn' | 'unknown' | 'active', href?: string }} Fact */

const unknown = /** @type {const} */ ({ text: 'Not known', tone: 'unknown' });
const lowAux_percent = 65;

/**
 * What a card says of a car beside its battery and tank.
 * @param {StateDocument} state
 * @returns {Fact[]}
 */
export function factsOf(state) {
  const { location, odometer_km, aux_battery } = state;
  return [
    lock(state),
    openings('Doors', 'door', doorNames, state.doors),
    windows(state),
    climate(state),
    {
      label: '12 V battery',
      icon: 'battery',
      ...(aux_battery.level === null ? unknown : auxBattery(aux_battery.level, aux_battery.fault)),
    },
    {
      label: 'Odometer',
      icon: 'road',
      ...(odometer_km === null ? unknown : { text: kilometres(odometer_km) }),
    },
    place(location),
    ...warningsOf(state),
  ];
}

/** @param {number} km */
export function kilometres(km) {
  return `${Math.round(km).toLocaleString()} km`;
}

const doorNames = {
  front_left: 'front left',
  front_right: 'front right',
  rear_left: 'rear left',
  rear_right: 'rear right',
  trunk: 'trunk',
  hood: 'hood',
  sunroof: 'sunroof',
};

/**
 * @param {StateDocument} state
 * @returns {Fact}
 */
function lock({ lock: { state } }) {
  const label = 'Lock';
  if (state === null) return { label, icon: 'lock', ...unknown };
  if (state === 'locked') return { label, icon: 'lock', text: 'Locked' };
  if (state === 'unlocked') return { label, icon: 'unlock', text: 'Unlocked', tone: 'warn' };
  return { label, icon: 'lock', text: `${plain(state)} …`, tone: 'active' };
}

/**
 * @param {string} label
 * @param {string} icon
 * @param {Readonly<Record<string, string>>} names
 * @param {Readonly<Record<string, boolean | null>>} values
 * @returns {Fact}
 */
function openings(label, icon, names, values) {
  const known = Object.entries(values).filter(([, isOpen]) => isOpen !== null);
  if (known.length === 0) return { label, icon, ...unknown };
  const open = known.filter(([, isOpen]) => isOpen).map(([name]) => names[name] ?? name);
  if (open.length === 0) return { label, icon, text: 'All closed' };
  return { label, icon, text: `Open: ${open.join(', ')}`, tone: 'warn' };
}

/**
 * @param {StateDocument} state
 * @returns {Fact}
 */
function windows({ windows: { all, ...each } }) {
  const told = openings('Windows', 'window', doorNames, each);
  if (told.tone !== 'unknown' || all === null) return told;
  const { label, icon } = told;
  return all === 'closed'
    ? { label, icon, text: 'All closed' }
    : { label, icon, text: 'Open', tone: 'warn' };
}

/**
 * @param {StateDocument} state
 * @returns {Fact}
 */
function climate({ climate: { mode, target, unit, defrost }, outside_temperature_c: outside_c }) {
  const outside = outside_c === null ? '' : `, ${outside_c} °C outside`;
  const icon = 'fan';
  if (mode === null) return { label: 'Climate', icon, ...unknown };
  if (mode === 'off') return { label: 'Climate', icon, text: `Off${outside}` };
  const to = target === null ? '' : ` to ${target} °${unit}`;
  const text = `On${to}${defrost === true ? ', defrost' : ''}${outside}`;
  return { label: 'Climate', icon, text, tone: 'active' };
}

/**
 * @param {number} level
 * @param {boolean | null} isFaulty
 * @returns {Pick<Fact, 'text' | 'tone'>}
 */
function auxBattery(level, isFaulty) {
  if (isFaulty === true) return { text: `${level} %, fault`, tone: 'warn' };
  if (level < lowAux_percent) return { text: `${level} %, low`, tone: 'warn' };
  return { text: `${level} %` };
}

/**
 * A link; nothing of a map is loaded by this page.
 * @param {StateDocument['location']} location
 * @returns {Fact}
 */
function place({ latitude, longitude, at }) {
  const label = 'Location';
  const icon = 'pin';
  if (latitude === null || longitude === null) return { label, icon, ...unknown };
  const where = `${latitude.toFixed(4)}, ${longitude.toFixed(4)}`;
  const href = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`;
  return { label, icon, text: `${where}${at === null ? '' : `, ${timeOfDay(at)}`}`, href };
}

/**
 * @param {StateDocument} state
 * @returns {Fact[]}
 */
function warningsOf({ tyres, warnings, engine_running, ignition_on, fuel }) {
  const lit = Object.entries(warnings)
    .filter(([, isLit]) => isLit)
    .map(([name]) => plain(name).toLowerCase());
  const texts = [
    ...(tyres.warning === true ? ['tyre pressure'] : []),
    ...(fuel.low === true ? ['fuel is low'] : []),
    ...lit,
  ];
  /** @type {Fact[]} */
  const facts = [];
  if (engine_running === true) {
    facts.push({ label: 'Engine', icon: 'bolt', text: 'Running', tone: 'active' });
  } else if (ignition_on === true) {
    facts.push({ label: 'Ignition', icon: 'key', text: 'On', tone: 'active' });
  }
  if (texts.length > 0) {
    facts.push({ label: 'Warnings', icon: 'warning', text: texts.join(', '), tone: 'warn' });
  }
  return facts;
}
