import type { Capabilities } from '../vehicle/capability.js';
import { commonFields, readFields } from '../vehicle/command.js';
import { seatLevelByNumber } from '../vehicle/seat-numbers.js';

type Fields = Readonly<Record<string, unknown>>;

/** The contract's own fields for a payload of the Python service; undefined for what is no payload of its. */
type Translate = (sent: Fields, offered: Capabilities) => Fields | undefined;

/** By command, the forms in which the Python service took it. */
const forms: ReadonlyMap<string, Translate> = new Map<string, Translate>([
  ['lock', byAction({ lock: { value: 'lock' }, unlock: { value: 'unlock' } })],
  ['charge_port', byAction({ open: { value: 'open' }, close: { value: 'close' } })],
  ['climate', climate],
  ['windows', windows],
  ['charging_current', chargingCurrent],
]);

/**
 * The payload of a command in the contract's words, where it is in those of the Python service; anything else comes
 * back as it is. That service passed over the fields that it did not know, and the maker over those that the car did
 * not have: so does this, as far as it is known what the car has.
 */
export function translateLegacy(
  name: string,
  payload: Uint8Array,
  offered: Capabilities = {},
): Uint8Array {
  if (name === 'refresh') return withoutSuffix(payload);
  const translate = forms.get(name);
  const sent = translate === undefined ? undefined : readFields(payload);
  if (sent?.ok !== true || Object.hasOwn(sent.value, 'value')) return payload;
  const meant = translate?.(sent.value, offered);
  if (meant === undefined) return payload;
  const kept = Object.entries(sent.value).filter(([key]) => Object.hasOwn(commonFields, key));
  return Buffer.from(JSON.stringify({ ...Object.fromEntries(kept), ...meant }));
}

const longestStart = 16;

/** `cached:x` and `force:x` were taken, and what follows the colon was passed over. */
function withoutSuffix(payload: Uint8Array): Uint8Array {
  const start = Buffer.from(payload.subarray(0, longestStart)).toString('latin1');
  const [, word] = /^\s*(cached|force):/i.exec(start) ?? [];
  return word === undefined ? payload : Buffer.from(word);
}

function byAction(meanings: Readonly<Record<string, Fields>>): Translate {
  return ({ action }) =>
    typeof action === 'string' && Object.hasOwn(meanings, action) ? meanings[action] : undefined;
}

const seatNames = {
  front_left: 'front_left_seat',
  front_right: 'front_right_seat',
  rear_left: 'rear_left_seat',
  rear_right: 'rear_right_seat',
} as const;

function climate(sent: Fields, offered: Capabilities): Fields | undefined {
  if (sent['action'] === 'stop_climate') return { value: 'stop' };
  if (sent['action'] !== 'start_climate') return undefined;
  const has = hasField(offered);
  const seats = named(
    Object.entries(seatNames)
      .filter(([seat]) => has(`seats.${seat}`))
      .map(([seat, key]) => [seat, worded(sent[key], seatLevelByNumber)]),
  );
  const extras: [string, unknown][] = [
    ['temperature', sent['set_temp']],
    ['duration', sent['duration']],
    ['defrost', flag(sent['defrost'])],
    ['steering_wheel', steeringWheel(sent['steering_wheel'])],
  ];
  return {
    value: 'start',
    ...named([
      ...extras.filter(([field]) => has(field)),
      // Only a start without the air conditioning says anything, and there is none: it is refused by that name.
      ['climate', flag(sent['climate']) === true ? null : sent['climate']],
      ['seats', Object.keys(seats).length === 0 ? null : seats],
    ]),
  };
}

/** Whether the car knows such a field of a start; all of them where nothing is known of it. */
function hasField({ climate: start }: Capabilities): (field: string) => boolean {
  return (field) => start === undefined || Object.hasOwn(start.fields ?? {}, field);
}

/** Its own example said 4 where the vendor knows 0, 1 and 2. */
function steeringWheel(level: unknown): unknown {
  return typeof level === 'number' && level > 2 ? 'high' : worded(level, ['off', 'low', 'high']);
}

const windowNames = {
  front_left: 'front_left',
  front_right: 'front_right',
  back_left: 'rear_left',
  back_right: 'rear_right',
} as const;

const windowPositions = ['close', 'open', 'vent'] as const;

function windows(sent: Fields): Fields | undefined {
  const told = Object.entries(windowNames).filter(([key]) => isNamed(sent[key]));
  const isLegacy = told.some(([key]) => key.startsWith('back_') || typeof sent[key] === 'number');
  if (!isLegacy) return undefined;
  return named(told.map(([key, window]) => [window, worded(sent[key], windowPositions)]));
}

const currents = [undefined, 100, 90, 60] as const;

function chargingCurrent({ level }: Fields): Fields | undefined {
  const percent = typeof level === 'number' ? currents[level] : undefined;
  return percent === undefined ? undefined : { value: percent };
}

function isNamed(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function named(fields: readonly (readonly [string, unknown])[]): Fields {
  return Object.fromEntries(fields.filter(([, value]) => isNamed(value)));
}

/** The word for a number; what has none stays, to be refused by its name. */
function worded(value: unknown, words: readonly string[]): unknown {
  return typeof value === 'number' ? (words[value] ?? value) : value;
}

function flag(value: unknown): unknown {
  return value === 0 || value === 1 ? value === 1 : value;
}
