import fc from 'fast-check';
import type { RemoteName } from '../../src/vehicle/parse-remote.js';

type Value = fc.Arbitrary<unknown>;

const corners = ['front_left', 'front_right', 'rear_left', 'rear_right'] as const;
const words = [
  ...['lock', 'unlock', 'start', 'stop', 'on', 'off', 'auto', 'true', 'false', '1', '0', 'open'],
  ...['close', 'vent', 'PRESS', 'all', 'rear_window', 'steering_wheel', 'low', 'high', 'heat_low'],
  ...['heat_medium', 'heat_high', 'cool_low', 'cool_medium', 'cool_high', 'mon', 'tue', 'sun'],
  ...['cached', 'force', 'smart', 'locked', 'opened', 'toggle', 'null', 'none', '', '-'],
];
const anyCase = (arbitrary: fc.Arbitrary<string>) =>
  fc.mixedCase(arbitrary, { toggleCase: (letter) => letter.toUpperCase() });
const spaced = (arbitrary: fc.Arbitrary<string>) =>
  fc
    .tuple(fc.constantFrom('', ' ', '\n', '\t '), arbitrary, fc.constantFrom('', ' ', '\r\n'))
    .map((parts) => parts.join(''));
const oneOf = (...some: readonly string[]) => spaced(anyCase(fc.constantFrom(...some)));

/** One letter too many or too few. */
const misspelt = fc
  .tuple(fc.constantFrom(...words), fc.nat(8), fc.constantFrom('', 'x', '0', ' ', '.', ':', '"'))
  .map(
    ([word, at, letter]) => word.slice(0, at) + letter + word.slice(at + (letter === '' ? 1 : 0)),
  );

const numberText = fc.oneof(
  fc.integer({ min: -2, max: 12 }).map((tens) => String(tens * 10)),
  fc.integer({ min: -2, max: 130 }).map(String),
  fc.integer({ min: -2, max: 130 }).map((number) => `${String(number)}.0`),
  fc.double({ min: -50, max: 120, noNaN: true }).map(String),
  fc.constantFrom(
    '1e1',
    '8E+1',
    '+80',
    '080',
    '80.',
    '.5',
    '0x50',
    '8 0',
    '80%',
    'NaN',
    'Infinity',
  ),
  fc.constantFrom('1e999', '-0', '1_000', '٨٠', '21,5', '9'.repeat(400)),
);

const junk: Value = fc.oneof(
  fc.constantFrom(null, '', [], {}, -1, 0, 1.5, 31, 1e300, true, false, '80', 'start', 'off', [
    null,
  ]),
  fc.constantFrom(...words),
  fc.jsonValue(),
);
/** Mostly what it should be. */
const nearly = (value: Value): Value => fc.oneof({ arbitrary: value, weight: 9 }, junk);
const some = (fields: Record<string, Value>, needed = false): Value => {
  const each = Object.fromEntries(Object.entries(fields).map(([name, of]) => [name, nearly(of)]));
  return fc.oneof(
    { arbitrary: fc.record(each, { requiredKeys: [] }), weight: needed ? 1 : 4 },
    { arbitrary: fc.record(each), weight: needed ? 4 : 1 },
  );
};

const tens = fc.integer({ min: 4, max: 11 }).map((number) => number * 10);
const minutes = fc.integer({ min: 0, max: 31 });
const degrees = fc.oneof(fc.integer({ min: 10, max: 35 }), fc.double({ noNaN: true }));
const seatLevel = oneOf('off', 'heat_low', 'heat_medium', 'heat_high', 'cool_low', 'cool_high');
const place = oneOf('open', 'close', 'vent');
const perCorner = (value: Value) => Object.fromEntries(corners.map((corner) => [corner, value]));
const padded = (most: number) =>
  fc.integer({ min: 0, max: most }).map((number) => String(number).padStart(2, '0'));
const time = fc
  .tuple(padded(25), padded(61), fc.option(padded(61)))
  .map((parts) => parts.filter((part) => part !== null).join(':'));
const month = fc
  .tuple(fc.integer({ min: 1968, max: 2028 }), padded(13))
  .map(([year, number]) => `${String(year)}-${number}`);
const day = fc.tuple(month, padded(32)).map((parts) => parts.join('-'));
const nearNow = fc.constantFrom(
  ...['2026-10', '2026-11', '2026-12', '2026-11-22', '2026-11-23', '2026-11-24', '1970-01'],
  ...['1969-12', '1970-01-01', '1969-12-31', '2024-02-29', '2023-02-29'],
);
const startOrStop = fc.oneof(
  oneOf('start', 'stop', 'on', 'off', 'true', 'false', '1', '0', '1.0'),
  fc.constantFrom(true, false, 1, 0),
);
const limit = { value: fc.oneof(tens, tens.map(String)) };
const seat = { value: seatLevel };

/** What each command is told, and sometimes what it is nearly told. */
const fieldsOf: Record<RemoteName, Record<string, Value>> = {
  lock: { value: oneOf('lock', 'unlock') },
  climate: {
    value: fc.oneof({ arbitrary: oneOf('start', 'on', 'auto'), weight: 3 }, startOrStop),
    temperature: degrees,
    duration: minutes,
    defrost: fc.boolean(),
    heating: oneOf('off', 'all', 'rear_window', 'steering_wheel'),
    steering_wheel: oneOf('off', 'low', 'high'),
    seats: some(perCorner(seatLevel)),
  },
  climate_temperature: { value: fc.oneof(degrees, degrees.map(String)) },
  climate_duration: { value: fc.oneof(minutes, minutes.map(String)) },
  climate_defrost: { value: startOrStop },
  climate_seat_front_left: seat,
  climate_seat_front_right: seat,
  climate_seat_rear_left: seat,
  climate_seat_rear_right: seat,
  charge: { value: startOrStop },
  charge_limit_ac: limit,
  charge_limit_dc: limit,
  charge_limits: { ac: fc.oneof(tens, fc.constant(80)), dc: fc.oneof(tens, fc.constant(90)) },
  charging_current: { value: fc.constantFrom(100, 90, 60, '90', 80) },
  charge_port: { value: oneOf('open', 'close') },
  windows: perCorner(place),
  lights: { value: oneOf('press') },
  horn: { value: oneOf('press') },
  valet_mode: { value: oneOf('start', 'stop') },
  v2l_limit: { value: tens.map((percent) => percent - 30) },
  schedule: {
    enabled: fc.boolean(),
    offpeak_start: time,
    offpeak_end: time,
    offpeak_only: fc.boolean(),
    departures: fc.array(
      some({ enabled: fc.boolean(), days: fc.array(oneOf('sun', 'mon', 'fri', 'sat')), time }),
      { maxLength: 3 },
    ),
    climate: some({ enabled: fc.boolean(), temperature: degrees, defrost: fc.boolean() }),
  },
  navigation: {
    pois: fc.array(
      some(
        {
          name: fc.string(),
          latitude: fc.double({ min: -91, max: 91, noNaN: true }),
          longitude: fc.double({ min: -181, max: 181, noNaN: true }),
          address: fc.string(),
        },
        true,
      ),
      { maxLength: 3 },
    ),
  },
  trips: { month, day, from: month, to: fc.oneof(month, nearNow), value: nearNow },
};

const common = {
  id: fc.oneof(fc.stringMatching(/^[A-Za-z0-9._:-]{1,64}$/), fc.string()),
  expires_in: fc.oneof(fc.integer({ min: -1, max: 3602 }), fc.double()),
  issued_at: fc.constantFrom(
    ...['2026-11-22T10:15:00Z', '2026-11-22T10:15:00.123+01:00', '2026-11-22T10:15:00'],
    ...['2026-02-30T10:15:00Z', '2026-11-22', 'now', 1_763_800_000],
  ),
  override: fc.boolean(),
  dry_run: fc.boolean(),
};

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A payload for a command: right, nearly right, or anything. */
export function payloadsFor(name: RemoteName): fc.Arbitrary<Uint8Array> {
  const fields = fieldsOf[name];
  const own = some(fields, Object.keys(fields).length <= 2);
  const single = Object.entries(fields).map(([field, value]) =>
    value.map((held) => ({ [field]: held })),
  );
  const foreign = fc.dictionary(
    fc.constantFrom('value', 'speed', 'temperature', 'ac', '__proto__', 'toString', 'front_left'),
    junk,
    { minKeys: 1, maxKeys: 2 },
  );
  const json = fc.oneof(
    { arbitrary: fc.oneof(own, ...single), weight: 6 },
    { arbitrary: withFields(own, fc.record(common, { requiredKeys: [] })), weight: 2 },
    { arbitrary: withFields(own, foreign), weight: 1 },
    { arbitrary: fc.record({ value: nearly(fields['value'] ?? junk) }), weight: 2 },
  );
  return fc.oneof(
    { arbitrary: json.map((value) => bytes(JSON.stringify(value))), weight: 12 },
    { arbitrary: (fields['value'] ?? place).map((value) => bytes(String(value))), weight: 4 },
    { arbitrary: fc.oneof(oneOf(...words), misspelt, spaced(numberText)).map(bytes), weight: 6 },
    { arbitrary: fc.oneof(fc.json(), fc.string({ unit: 'binary' })).map(bytes), weight: 2 },
    { arbitrary: fc.uint8Array({ maxLength: 200 }), weight: 1 },
  );
}

function withFields(own: Value, more: Value): Value {
  return fc.tuple(own, more).map(([first, second]) => Object.assign({}, first, second) as unknown);
}
