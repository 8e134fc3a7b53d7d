import { isUtf8 } from 'node:buffer';
import type { RemoteName } from '../../src/vehicle/parse-remote.js';

/**
 * What the contract's text (sections 2 and 3.2) makes of a payload: the value that events show, or undefined where it
 * is to be refused. Written from that text alone.
 */
export function modelOf(name: RemoteName, payload: Uint8Array, now: number): unknown {
  const fields = fieldsOf(payload);
  if (fields === undefined) return undefined;
  const { id, expires_in, issued_at, override, dry_run, ...own } = fields;
  const isCommon =
    (!('id' in fields) || (typeof id === 'string' && /^[A-Za-z0-9._:-]{1,64}$/.test(id))) &&
    (!('expires_in' in fields) || isBetween(expires_in, 1, 3600)) &&
    (!('issued_at' in fields) || isTime(issued_at)) &&
    (!('override' in fields) || override === false) &&
    (!('dry_run' in fields) || typeof dry_run === 'boolean');
  return isCommon ? models[name](own, now) : undefined;
}

type Json = Record<string, unknown>;
type Model = (own: Json, now: number) => unknown;

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const seatLevels = 'off heat_low heat_medium heat_high cool_low cool_medium cool_high'.split(' ');
const corners = ['front_left', 'front_right', 'rear_left', 'rear_right'];
const places = ['open', 'close', 'vent'];
const on = ['on', 'true', '1'];
const off = ['off', 'false', '0'];

const models: Record<RemoteName, Model> = {
  lock: bare((value) => word(value, ['lock', 'unlock'])),
  climate: ({ value, ...rest }) => {
    const switched = onOff(value);
    const said = switched ?? word(value, ['start', 'auto', 'stop']);
    if (said === 'stop' || said === 'off') return isEmpty(rest) ? 'stop' : undefined;
    if (said === undefined) return undefined;
    const fields = shaped(rest, {
      temperature: finite,
      duration: (minutes) => inSteps(minutes, 1, 30, 1),
      defrost: flag,
      heating: (heating) => word(heating, ['off', 'all', 'rear_window', 'steering_wheel']),
      steering_wheel: (level) => word(level, ['off', 'low', 'high']),
      seats: (named) =>
        shaped(
          named,
          sameFor(corners, (level) => word(level, seatLevels)),
        ),
    });
    if (fields === undefined) return undefined;
    return isEmpty(fields) ? 'start' : { value: 'start', ...fields };
  },
  climate_temperature: bare(number),
  climate_duration: bare((value) => inSteps(number(value), 1, 30, 1)),
  climate_defrost: bare(onOff),
  ...sameFor(
    ['climate_seat_front_left', 'climate_seat_front_right'] as const,
    bare((value) => word(value, seatLevels)),
  ),
  ...sameFor(
    ['climate_seat_rear_left', 'climate_seat_rear_right'] as const,
    bare((value) => word(value, seatLevels)),
  ),
  charge: bare((value) => {
    const switched = onOff(value);
    if (switched !== undefined) return switched === 'on' ? 'start' : 'stop';
    return word(value, ['start', 'stop']);
  }),
  ...sameFor(
    ['charge_limit_ac', 'charge_limit_dc'] as const,
    bare((value) => inSteps(number(value), 50, 100, 10)),
  ),
  charge_limits: (own) => {
    const limits = shaped(
      own,
      sameFor(['ac', 'dc'], (limit) => inSteps(limit, 50, 100, 10)),
    );
    return limits !== undefined && Object.keys(limits).length === 2 ? limits : undefined;
  },
  charging_current: bare((value) => {
    const percent = number(value);
    return percent !== undefined && [100, 90, 60].includes(percent) ? percent : undefined;
  }),
  charge_port: bare((value) => word(value, ['open', 'close'])),
  windows: (own, now) => {
    if ('value' in own) return bare((value) => word(value, places))(own, now);
    const windows = shaped(
      own,
      sameFor(corners, (place) => word(place, places)),
    );
    if (windows === undefined || isEmpty(windows)) return undefined;
    const [first, ...others] = corners.map((corner) => windows[corner]);
    return others.every((other) => other === first) ? first : windows;
  },
  ...sameFor(['lights', 'horn'] as const, ({ value = 'press', ...rest }) =>
    isEmpty(rest) ? word(value, ['press'])?.toUpperCase() : undefined,
  ),
  valet_mode: bare((value) => word(value, ['start', 'stop'])),
  v2l_limit: bare((value) => inSteps(number(value), 20, 80, 10)),
  schedule: (own) => {
    const fields = shaped(own, {
      enabled: flag,
      offpeak_start: time,
      offpeak_end: time,
      offpeak_only: flag,
      departures: (departures) =>
        list(departures, 0, 2, (departure) =>
          shaped(departure, { enabled: flag, days: daysOf, time }),
        ),
      climate: (climate) => shaped(climate, { enabled: flag, temperature: finite, defrost: flag }),
    });
    if (fields === undefined) return undefined;
    const { departures = [], climate = {}, ...others } = fields;
    const parts = [others, climate as object, ...(departures as object[])];
    return parts.some((part) => !isEmpty(part)) ? fields : undefined;
  },
  navigation: (own) => {
    const fields = shaped(own, { pois: (pois) => list(pois, 1, Infinity, poi) });
    return fields !== undefined && 'pois' in fields ? fields : undefined;
  },
  trips: (own, now) => {
    // It is still that day at the one end of the world, and the next one at the other.
    const today = new Date(now + 14 * 3_600_000).toISOString().slice(0, 10);
    const isPast = (period: string): boolean =>
      period >= '1970-01-01'.slice(0, period.length) && period <= today.slice(0, period.length);
    const month = (value: unknown) =>
      typeof value === 'string' && /^\d{4}-(0[1-9]|1[012])$/.test(value) && isPast(value)
        ? value
        : undefined;
    const day = (value: unknown) =>
      typeof value === 'string' && isDate(value) && isPast(value) ? value : undefined;
    const fields = shaped(own, {
      value: (value) => month(value) ?? day(value),
      month,
      day,
      from: month,
      to: month,
    });
    if (fields === undefined) return undefined;
    const [one, ...others] = Object.values(fields);
    if (others.length === 0) return 'from' in fields || 'to' in fields ? undefined : one;
    const { from, to } = fields;
    if (others.length > 1 || typeof from !== 'string' || typeof to !== 'string') return undefined;
    const count = monthNumber(to) - monthNumber(from) + 1;
    return count >= 1 && count <= 600 ? { from, to } : undefined;
  },
};

/** Of a command that is one value and nothing else. */
function bare(model: (value: unknown) => unknown): Model {
  return ({ value, ...rest }) => (isEmpty(rest) ? model(value) : undefined);
}

function sameFor<const K extends string, T>(names: readonly K[], value: T): Record<K, T> {
  return Object.fromEntries(names.map((name) => [name, value])) as Record<K, T>;
}

/** An object of these fields at most, each in its normal form. */
function shaped(
  value: unknown,
  models: Record<string, (value: unknown) => unknown>,
): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value).map(([name, held]) => [
    name,
    Object.hasOwn(models, name) ? models[name]?.(held) : undefined,
  ]);
  const isShaped = !entries.some(([, held]) => held === undefined);
  return isShaped ? (Object.fromEntries(entries) as Json) : undefined;
}

function list(value: unknown, least: number, most: number, model: (item: unknown) => unknown) {
  if (!Array.isArray(value) || value.length < least || value.length > most) return undefined;
  const items = value.map(model);
  return items.includes(undefined) ? undefined : items;
}

function word(value: unknown, words: readonly string[]): string | undefined {
  const said = typeof value === 'string' ? value.trim().toLowerCase() : undefined;
  return words.find((one) => one === said);
}

/** `true/on/1` and `false/off/0`. */
function onOff(value: unknown): 'on' | 'off' | undefined {
  const amount = number(value);
  if (amount !== undefined) return amount === 1 ? 'on' : amount === 0 ? 'off' : undefined;
  const said = typeof value === 'boolean' ? String(value) : value;
  if (word(said, on) !== undefined) return 'on';
  return word(said, off) === undefined ? undefined : 'off';
}

/** A JSON number, or a bare one. */
function number(value: unknown): number | undefined {
  if (typeof value !== 'string') return finite(value);
  return /^\s*-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?\s*$/.test(value)
    ? finite(Number(value))
    : undefined;
}

function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function isBetween(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}

function inSteps(value: unknown, least: number, most: number, step: number): number | undefined {
  for (let one = least; one <= most; one += step) if (one === value) return one;
  return undefined;
}

function flag(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

/** `HH:MM` or `HH:MM:SS`, shown without seconds. */
function time(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^\d\d:\d\d(:\d\d)?$/.test(value)) return undefined;
  const [hours = 0, minutes = 0, seconds = 0] = value.split(':').map(Number);
  return hours < 24 && minutes < 60 && seconds < 60 ? value.slice(0, 5) : undefined;
}

function daysOf(value: unknown): string[] | undefined {
  const named = list(value, 0, Infinity, (day) => word(day, weekdays));
  return named && weekdays.filter((day) => named.includes(day));
}

function poi(value: unknown): Json | undefined {
  const text = (held: unknown) => (typeof held === 'string' ? held : undefined);
  const degrees = (most: number) => (held: unknown) =>
    isBetween(held, -most, most) ? held : undefined;
  const place = shaped(value, {
    name: text,
    latitude: degrees(90),
    longitude: degrees(180),
    address: text,
  });
  return place !== undefined && Object.keys(place).length === 4 ? place : undefined;
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function isTime(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const [, day = '', time = ''] =
    /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.exec(value) ?? [];
  return isDate(day) && time < '24' && !Number.isNaN(Date.parse(value));
}

function monthNumber(month: string): number {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return year * 12 + number;
}

function isEmpty(object: object): boolean {
  return Object.keys(object).length === 0;
}

/** The fields of the JSON form; a bare word is its `value`. Undefined where it is neither, too big or too deep. */
function fieldsOf(payload: Uint8Array): Json | undefined {
  const text = new TextDecoder().decode(payload).trim();
  if (payload.length > 8192 || !isUtf8(Buffer.from(payload))) return undefined;
  if (!/^[[{"]/.test(text)) return { value: text };
  try {
    const json: unknown = JSON.parse(text);
    const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
    return isObject && depthOf(json) <= 8 ? { ...json } : undefined;
  } catch {
    return undefined;
  }
}

function depthOf(json: unknown): number {
  if (typeof json !== 'object' || json === null) return 0;
  return 1 + Math.max(0, ...Object.values(json).map(depthOf));
}
