import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codeWords, page } from '../docs/pages.js';
import { translateLegacy } from '../../src/mqtt/legacy-commands.js';
import { vehicleCommandNames } from '../../src/vehicle/command.js';

const text = (payload: Uint8Array): string => Buffer.from(payload).toString();
const translated = (name: string, payload: unknown): unknown =>
  JSON.parse(text(translateLegacy(name, Buffer.from(JSON.stringify(payload)))));

const fullStart = {
  action: 'start_climate',
  set_temp: 22.5,
  duration: 15,
  defrost: true,
  climate: true,
  steering_wheel: 4,
  front_left_seat: 6,
  front_right_seat: 8,
  rear_left_seat: 0,
  rear_right_seat: 3,
};

test.each<[string, object, object]>([
  ['lock', { action: 'lock' }, { value: 'lock' }],
  ['lock', { action: 'unlock' }, { value: 'unlock' }],
  ['charge_port', { action: 'open' }, { value: 'open' }],
  ['charge_port', { action: 'close' }, { value: 'close' }],
  ['climate', { action: 'stop_climate' }, { value: 'stop' }],
  ['climate', { action: 'start_climate' }, { value: 'start' }],
  [
    'climate',
    fullStart,
    {
      value: 'start',
      temperature: 22.5,
      duration: 15,
      defrost: true,
      steering_wheel: 'high',
      seats: {
        front_left: 'heat_low',
        front_right: 'heat_high',
        rear_left: 'off',
        rear_right: 'cool_low',
      },
    },
  ],
  [
    'climate',
    { action: 'start_climate', set_temp: null, defrost: 0, steering_wheel: 1, front_left_seat: 1 },
    {
      value: 'start',
      defrost: false,
      steering_wheel: 'low',
      seats: { front_left: 'heat_high' },
    },
  ],
  [
    'windows',
    { action: 'set_windows', front_left: 2, front_right: 0, back_left: 1, back_right: null },
    { front_left: 'vent', front_right: 'close', rear_left: 'open' },
  ],
  ['windows', { back_right: 0 }, { rear_right: 'close' }],
  ['charging_current', { level: 1 }, { value: 100 }],
  ['charging_current', { level: 2 }, { value: 90 }],
  ['charging_current', { action: 'set_charging_current', level: 3 }, { value: 60 }],
])('%s %j means the same in the words of the contract', (name, sent, meant) => {
  expect(translated(name, sent)).toEqual(meant);
});

test('what the car does not have is left out of a start', () => {
  const fields = { temperature: {}, defrost: {}, 'seats.front_right': {} };
  const meantFor = (climate: object): unknown => {
    const sent = Buffer.from(JSON.stringify(fullStart));
    return JSON.parse(text(translateLegacy('climate', sent, { climate })));
  };
  expect(meantFor({ fields })).toEqual({
    value: 'start',
    temperature: 22.5,
    defrost: true,
    seats: { front_right: 'heat_high' },
  });
  expect(meantFor({})).toEqual({ value: 'start' });
});

test.each(vehicleCommandNames)(
  'the common fields of %s are carried over, others are not',
  (name) => {
    const forms: Readonly<Record<string, object>> = {
      lock: { action: 'lock' },
      climate: { action: 'stop_climate' },
      windows: { back_left: 0 },
      charge_port: { action: 'open' },
      charging_current: { level: 1 },
    };
    const common = {
      id: 'a-1',
      expires_in: 30,
      issued_at: '2026-11-22T10:15:00Z',
      override: true,
      dry_run: true,
    };
    const form = forms[name];
    const sent = { ...common, ...form, note: 'mine' };
    if (form === undefined) expect(translated(name, sent)).toEqual(sent);
    else
      expect(translated(name, sent)).toEqual({ ...common, ...(translated(name, form) as object) });
  },
);

test.each<[string, string]>([
  ['lock', 'LOCK'],
  ['lock', '{"value":"unlock"}'],
  ['lock', '{"action":"lock","value":"unlock"}'],
  ['lock', '{"action":"Lock"}'],
  ['lock', '{"action":"constructor"}'],
  ['lock', '{"action":["lock"]}'],
  ['lock', '{"action":"lock"'],
  ['lock', '{"__proto__":{"action":"lock"}}'],
  ['climate', '{"value":"start","temperature":21}'],
  ['climate', '{"action":"start"}'],
  ['windows', '{"front_left":"vent","rear_right":"close"}'],
  ['windows', 'close'],
  ['charging_current', '90'],
  ['charging_current', '{"level":0}'],
  ['charging_current', '{"level":4}'],
  ['charging_current', '{"level":1.5}'],
  ['charge', '{"action":"start"}'],
  ['constructor', '{"action":"lock"}'],
  ['refresh', 'smart:300'],
  ['refresh', '{"value":"force:3"}'],
])('%s %s is left as it is', (name, sent) => {
  expect(text(translateLegacy(name, Buffer.from(sent)))).toBe(sent);
});

test.each([
  ['cached:now', 'cached'],
  [' force: ', 'force'],
  ['force:300', 'force'],
])('what follows the colon of %j is passed over', (sent, meant) => {
  expect(text(translateLegacy('refresh', Buffer.from(sent)))).toBe(meant);
});

test('what cannot be said otherwise keeps its name or its value, and is refused by that', () => {
  expect(
    translated('climate', { action: 'start_climate', climate: false, rear_left_seat: 9 }),
  ).toEqual({ value: 'start', climate: false, seats: { rear_left: 9 } });
  expect(translated('windows', { front_left: 3 })).toEqual({ front_left: 3 });
});

test('nothing that is sent can stop it, and a start never becomes of what was none', () => {
  const name = fc.constantFrom(...vehicleCommandNames);
  const keys = fc.constantFrom('action', 'value', 'level', 'set_temp', 'front_left', 'back_left');
  const words = fc.constantFrom('lock', 'unlock', 'open', 'close', 'stop_climate');
  const value = fc.oneof(words, fc.integer(), fc.jsonValue());
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.dictionary(keys, value).map((fields) => Buffer.from(JSON.stringify(fields))),
  );
  fc.assert(
    fc.property(name, payload, (command, sent) => {
      const meant = text(translateLegacy(command, sent));
      if (command === 'climate') expect(meant).not.toContain('"value":"start"');
      if (command === 'lock' && !text(sent).includes('unlock')) {
        expect(meant).not.toContain('unlock');
      }
    }),
    { numRuns: 10_000 },
  );
});

const shown = page('docs/legacy-topics.md')
  .table('command')
  .map((row) => {
    const [name = '', sent = '', meant = ''] = row.map((cell) => codeWords(cell)[0]);
    return [name, sent, meant] as const;
  });

test.each(shown)('the page says it of %s %s', (name, sent, meant) => {
  expect(text(translateLegacy(name, Buffer.from(sent)))).toBe(meant);
});
