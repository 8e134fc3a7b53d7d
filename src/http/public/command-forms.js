import { commandName, deed, fieldName, plain, warnings } from './command-words.js';
import { ask, formOf } from './dialog.js';

/** @typedef {import('../../vehicle/command-info.js').CommandInfo} CommandInfo */
/** @typedef {import('../../vehicle/state.js').StateDocument} StateDocument */
/** @typedef {import('./dialog.js').Field} Field */
/** @typedef {{ title: string, name: string, info: CommandInfo, state: StateDocument | null }} Subject */
/** @typedef {Promise<Record<string, unknown> | undefined>} Payload undefined: not meant after all */

const asItIs = 'As it is';
const electric = 'The car heats or cools from its driving battery.';

/**
 * Asks once where the value is one that a person should be asked for.
 * @param {string} car
 * @param {string} name
 * @param {unknown} value
 */
export async function confirmed(car, name, value) {
  const text = warnings[`${name}:${String(value)}`];
  if (text === undefined) return true;
  const title = `${deed(name, value)}: ${car}?`;
  return ask({ title, text, yes: deed(name, value), isGrave: true });
}

/**
 * What a start takes; the form is the question, too.
 * @param {Subject} subject
 * @returns {Payload}
 */
export async function askClimate({ title, info, state }) {
  const climate = state?.climate;
  const fields = Object.entries(info.fields ?? {}).map(([name, limits]) => {
    const given = name === 'temperature' ? climate?.target : undefined;
    return fieldFor(name, limits, name === 'duration' ? climate?.duration_min : given);
  });
  const form = formOf(fields);
  const isMeant = await ask({
    title: `Start climate: ${title}?`,
    text: state?.drivetrain === 'ev' ? electric : (warnings['climate:start'] ?? ''),
    yes: 'Start climate',
    isGrave: true,
    fields: form.elements,
  });
  return isMeant ? { value: 'start', ...nested(form.read()) } : undefined;
}

/**
 * Fields of an object, each of which may be left as it is.
 * @param {Subject} subject
 * @returns {Payload}
 */
export async function askFields({ title, name, info, state }) {
  const present = presentOf(name, state);
  const fields = Object.entries(info.fields ?? {}).map(([field, limits]) =>
    fieldFor(field, limits, present[field]),
  );
  return askForm(`${commandName(name)}: ${title}`, fields);
}

/**
 * A number between limits.
 * @param {Subject} subject
 * @returns {Payload}
 */
export async function askNumber({ title, name, info, state }) {
  const { min, max, step, unit } = info;
  /** @type {Field} */
  const field = {
    ...{ name: 'value', label: commandName(name), type: 'number', isRequired: true },
    ...limitsOf({ min, max, step, unit }),
    value: presentOf(name, state)['value'],
  };
  return askForm(`${commandName(name)}: ${title}`, [field]);
}

/**
 * One of several words.
 * @param {Subject} subject
 * @returns {Payload}
 */
export async function askWord({ title, name, info, state }) {
  const { values = [], unit = '' } = info;
  /** @type {Field} */
  const field = {
    ...{ name: 'value', label: commandName(name), type: 'select', options: values },
    optionName: (option) => `${plain(option)}${unit === '' ? '' : ` ${unit}`}`,
    value: presentOf(name, state)['value'],
  };
  return askForm(`${commandName(name)}: ${title}`, [field]);
}

/**
 * @param {Subject} subject
 * @returns {Payload}
 */
export async function askDestination({ title }) {
  const form = formOf([
    { name: 'name', label: 'Name', type: 'text', isRequired: true },
    { name: 'latitude', label: 'Latitude', type: 'number', min: -90, max: 90, isRequired: true },
    {
      name: 'longitude',
      label: 'Longitude',
      type: 'number',
      min: -180,
      max: 180,
      isRequired: true,
    },
    { name: 'address', label: 'Address', type: 'text' },
  ]);
  const question = { title: `Destination: ${title}`, yes: 'Send', fields: form.elements };
  if (!(await ask(question))) return undefined;
  return { pois: [Object.fromEntries(form.read())] };
}

/**
 * @param {Subject} subject
 * @returns {Payload}
 */
export async function askTrips({ title }) {
  const form = formOf([
    {
      ...{ name: 'month', label: 'Month', type: 'month', isRequired: true },
      ...{ value: new Date().toISOString().slice(0, 7), hint: 'As 2026-10' },
    },
  ]);
  const text =
    'Reads from the maker what the car drove; wakes no car. The days are published on its topics.';
  const question = { title: `Trips: ${title}`, text, yes: 'Read', fields: form.elements };
  return (await ask(question)) ? Object.fromEntries(form.read()) : undefined;
}

/**
 * Only what was changed is sent; the rest stays as the car has it.
 * @param {Subject} subject
 * @returns {Payload}
 */
export async function askSchedule({ title, info, state }) {
  const schedule = state?.ev.schedule;
  const offered = Object.entries(info.fields ?? {});
  const present = presentOf('schedule', state);
  const plainFields = offered
    .filter(([name]) => name !== 'departures')
    .map(([name, limits]) => fieldFor(name, limits, present[name]));
  const departures = info.fields?.['departures'] === undefined ? [] : [0, 1];
  const fields = [
    ...plainFields,
    ...departures.flatMap((at) => departureFields(at, schedule?.departures?.[at])),
  ];
  const form = formOf(fields);
  const before = form.read();
  const text = 'What stays as it is stays as the car has it.';
  const question = { title: `Schedule: ${title}`, text, yes: 'Send', fields: form.elements };
  if (!(await ask(question))) return undefined;
  return scheduleOf(before, form.read());
}

/**
 * @param {ReadonlyMap<string, unknown>} before
 * @param {ReadonlyMap<string, unknown>} after
 */
function scheduleOf(before, after) {
  const isChanged = (/** @type {string} */ name) =>
    JSON.stringify(before.get(name)) !== JSON.stringify(after.get(name));
  const names = [...after.keys()];
  const changed = new Map(
    names
      .filter((name) => !name.startsWith('departures.') && isChanged(name))
      .map((name) => [name, after.get(name)]),
  );
  const hasDeparture = names.some((name) => name.startsWith('departures.') && isChanged(name));
  const departures = [0, 1].map((at) => ({
    enabled: after.get(`departures.${at}.enabled`),
    days: after.get(`departures.${at}.days`),
    time: after.get(`departures.${at}.time`),
  }));
  return { ...nested(changed), ...(hasDeparture ? { departures } : {}) };
}

/**
 * @param {number} at
 * @param {{ enabled: boolean | null, days: readonly string[] | null, time: string | null } | undefined} departure
 * @returns {Field[]}
 */
function departureFields(at, departure) {
  const label = `Departure ${at + 1}`;
  return [
    {
      ...{ name: `departures.${at}.enabled`, label, type: 'select', options: [true, false] },
      ...{ optionName: onOrOff, value: departure?.enabled ?? false },
    },
    {
      name: `departures.${at}.days`,
      label: `${label}: days`,
      type: 'days',
      value: departure?.days,
    },
    {
      ...{ name: `departures.${at}.time`, label: `${label}: time`, type: 'time' },
      value: departure?.time,
    },
  ];
}

/**
 * @param {string} title
 * @param {readonly Field[]} fields
 * @returns {Payload}
 */
async function askForm(title, fields) {
  const form = formOf(fields);
  const isMeant = await ask({ title, yes: 'Send', fields: form.elements });
  return isMeant ? nested(form.read()) : undefined;
}

/** @typedef {{ values?: readonly unknown[] | undefined, min?: number | undefined, max?: number | undefined, step?: number | undefined, unit?: string | undefined }} Limits */

/**
 * @param {string} name
 * @param {Limits} limits
 * @param {unknown} present
 * @returns {Field}
 */
function fieldFor(name, limits, present) {
  const label = fieldName(name);
  if (limits.values !== undefined) {
    /** @type {(option: unknown) => string} */
    const optionName = (option) =>
      option === '' ? asItIs : typeof option === 'boolean' ? onOrOff(option) : plain(option);
    const options = ['', ...limits.values];
    return { name, label, type: 'select', options, optionName, value: present ?? '' };
  }
  if (limits.min === undefined) return { name, label, type: 'time', value: present };
  return { name, label, type: 'number', ...limitsOf(limits), value: present };
}

/** @param {Limits} limits */
function limitsOf({ min, max, step, unit }) {
  return {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(step === undefined ? {} : { step }),
    ...(unit === undefined ? {} : { unit }),
  };
}

/** @param {unknown} value */
function onOrOff(value) {
  return value === true ? 'On' : 'Off';
}

/**
 * What the car has at present, by the name of a field.
 * @param {string} name
 * @param {StateDocument | null} state
 * @returns {Readonly<Record<string, unknown>>}
 */
function presentOf(name, state) {
  if (state === null) return {};
  const { climate, ev } = state;
  const { schedule } = ev;
  /** @type {Readonly<Record<string, Readonly<Record<string, unknown>>>>} */
  const values = {
    climate_temperature: { value: climate.target },
    climate_duration: { value: climate.duration_min },
    climate_defrost: { value: climate.start_defrost === true ? 'on' : 'off' },
    charge_limits: { ac: ev.limit_ac, dc: ev.limit_dc },
    charge_limit_ac: { value: ev.limit_ac },
    charge_limit_dc: { value: ev.limit_dc },
    charging_current: { value: ev.charge_current },
    v2l_limit: { value: ev.v2l_limit },
    schedule: {
      enabled: schedule.enabled,
      offpeak_start: schedule.offpeak_start,
      offpeak_end: schedule.offpeak_end,
      offpeak_only: schedule.offpeak_only,
      'climate.enabled': schedule.climate?.enabled,
      'climate.temperature': schedule.climate?.temperature,
      'climate.defrost': schedule.climate?.defrost,
    },
  };
  return values[name] ?? {};
}

/**
 * Names with a dot are fields of an object.
 * @param {ReadonlyMap<string, unknown>} entered
 * @returns {Record<string, unknown>}
 */
function nested(entered) {
  /** @type {Record<string, unknown>} */
  const payload = {};
  for (const [name, value] of entered) {
    const [outer = '', inner] = name.split('.');
    if (inner === undefined) payload[outer] = value;
    else payload[outer] = { .../** @type {object} */ (payload[outer] ?? {}), [inner]: value };
  }
  return payload;
}
