import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxAgeLimits_s, parseRefresh, readFields } from '../../src/vehicle/command.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const json = (value: unknown): Uint8Array => bytes(JSON.stringify(value));

/** What a refused payload is told; undefined for one that is taken. */
function refusalOf(payload: Uint8Array): string | undefined {
  const parsed = parseRefresh(payload);
  return parsed.ok ? undefined : `${parsed.failure.code}: ${parsed.failure.message}`;
}

const modes = fc.constantFrom('cached', 'force', 'smart');
const anyCase = (word: string): fc.Arbitrary<string> =>
  fc.mixedCase(fc.constant(word), { toggleCase: (letter) => letter.toUpperCase() });
const ages = fc.integer({ min: maxAgeLimits_s.min, max: maxAgeLimits_s.max });
const spaces = fc.stringMatching(/^[ \t\r\n]{0,3}$/);

describe('whatever a message contains', () => {
  const runs = { numRuns: 2500 };
  const isAnswered = (payload: Uint8Array): void => {
    const parsed = parseRefresh(payload);
    if (parsed.ok) return;
    expect(parsed.failure).toMatchObject({ code: 'invalid_payload', retryable: false });
    expect(parsed.failure.message).toMatch(/^.+: expected .+, got .+/s);
    expect(parsed.failure.message.length).toBeLessThan(2000);
  };

  test('any bytes are answered', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 9000 }), isAnswered), runs);
  });

  test('any text is answered', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        isAnswered(bytes(text));
      }),
      runs,
    );
  });

  test('any JSON is answered', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        isAnswered(bytes(text));
      }),
      runs,
    );
  });

  test('any values of the known fields are answered', () => {
    const known = fc.record(
      {
        value: fc.oneof(modes, fc.anything()),
        max_age: fc.oneof(ages, fc.anything()),
        id: fc.oneof(fc.string(), fc.anything()),
        expires_in: fc.oneof(fc.integer(), fc.double(), fc.anything()),
        issued_at: fc.oneof(
          fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
          fc.anything(),
        ),
        override: fc.oneof(fc.boolean(), fc.anything()),
        dry_run: fc.oneof(fc.boolean(), fc.anything()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(known, (fields) => {
        const text = textOf(fields);
        if (text !== undefined) isAnswered(bytes(text));
      }),
      runs,
    );
  });

  test('a time that is taken is a time', () => {
    const part = (most: number) =>
      fc.integer({ min: 0, max: most }).map((number) => String(number).padStart(2, '0'));
    const time = fc
      .tuple(part(13), part(32), part(25), part(61), part(61), fc.constantFrom('Z', '+', '-'))
      .chain(([month, day, hour, minute, second, sign]) =>
        fc.tuple(part(25), part(61)).map(([hours, minutes]) => {
          const offset = sign === 'Z' ? sign : `${sign}${hours}:${minutes}`;
          return `2024-${month}-${day}T${hour}:${minute}:${second}${offset}`;
        }),
      );
    fc.assert(
      fc.property(time, (issued_at) => {
        const parsed = parseRefresh(json({ value: 'cached', issued_at }));
        if (parsed.ok) expect(parsed.request.issued_at).toBeGreaterThan(0);
      }),
      runs,
    );
  });
});

describe('the two forms', () => {
  test('agree in every word, in any case and with spaces around', () => {
    fc.assert(
      fc.property(modes.chain(anyCase), spaces, spaces, (word, before, after) => {
        const bare = parseRefresh(bytes(before + word + after));
        expect(bare).toEqual(parseRefresh(json({ value: word })));
        expect(bare).toMatchObject({ ok: true, command: { mode: word.toLowerCase() } });
      }),
    );
  });

  test('agree in the age of smart, wherever it stands', () => {
    fc.assert(
      fc.property(fc.oneof(ages, fc.integer({ min: -5, max: 9_999_999 })), (age) => {
        const word = `smart:${String(age)}`;
        const named = parseRefresh(json({ value: 'smart', max_age: age }));
        expect(parseRefresh(bytes(word)).ok).toBe(named.ok);
        expect(named.ok).toBe(age >= maxAgeLimits_s.min && age <= maxAgeLimits_s.max);
        if (!named.ok) return;
        expect(parseRefresh(bytes(word))).toEqual(named);
        expect(parseRefresh(json({ value: word }))).toEqual(named);
        expect(named.command.max_age_s).toBe(age);
      }),
    );
  });

  test('a byte order mark changes nothing', () => {
    expect(parseRefresh(bytes('\uFEFFforce'))).toEqual(parseRefresh(bytes('force')));
  });
});

test('every field of the JSON form is read', () => {
  const fields = {
    value: 'force',
    id: 'morning-2026-11-22',
    expires_in: 30,
    issued_at: '2026-11-22T11:15:00+01:00',
    override: true,
    dry_run: true,
  };
  expect(parseRefresh(json(fields))).toEqual({
    ok: true,
    request: {
      id: 'morning-2026-11-22',
      expires_in_s: 30,
      issued_at: Date.UTC(2026, 10, 22, 10, 15),
      override: true,
      dry_run: true,
    },
    command: { name: 'refresh', mode: 'force', override: true },
  });
});

test.each([
  ['a word that is none', bytes('locked'), 'value: expected cached, force, smart', 'got "locked"'],
  ['an age of cached', bytes('cached:5'), 'value: expected', 'got "cached:5"'],
  ['an age of zero', bytes('smart:0'), 'value: expected seconds from 1 to 604800', 'got "smart:0"'],
  [
    'an age beside cached',
    json({ value: 'cached', max_age: 5 }),
    'max_age: expected only',
    'got 5',
  ],
  ['two ages', json({ value: 'smart:5', max_age: 5 }), 'max_age: expected only', 'got 5'],
  ['half a second', json({ value: 'smart', max_age: 1.5 }), 'max_age: expected int', 'got 1.5'],
  ['endless age', bytes('{"value":"smart","max_age":1e999}'), 'max_age: expected', 'Infinity'],
  ['no value', json({ id: 'a' }), 'value: expected string', 'got nothing'],
  ['a number', json({ value: 80 }), 'value: expected string', 'got 80'],
  ['an unknown field', json({ value: 'force', speed: 3 }), 'speed: expected no such', 'got 3'],
  ['an id with a space', json({ value: 'force', id: 'a b' }), 'id: expected 1 to 64', 'got "a b"'],
  ['an empty id', json({ value: 'force', id: '' }), 'id: expected 1 to 64', 'got ""'],
  ['a long id', json({ value: 'force', id: 'x'.repeat(65) }), 'id: expected 1 to 64', 'got "xxx'],
  ['an id with a line', json({ value: 'force', id: 'a\n' }), 'id: expected 1 to 64', 'got "a\\n"'],
  [
    'no time at all',
    json({ value: 'force', expires_in: 0 }),
    'expires_in: Too small: expected',
    'got 0',
  ],
  [
    'too long',
    json({ value: 'force', expires_in: 3601 }),
    'expires_in: Too big: expected',
    'got 3601',
  ],
  ['a local time', json({ value: 'force', issued_at: '2026-11-22T10:15:00' }), 'issued_at', 'got'],
  ['override of cached', json({ value: 'cached', override: true }), 'override: expected', 'true'],
  ['a word for yes', json({ value: 'force', dry_run: 'yes' }), 'dry_run: expected', 'got "yes"'],
  ['a list', json(['force']), 'payload: expected a word or a JSON object', 'got'],
  ['a JSON string', json('force'), 'payload: expected a word or a JSON object', 'got'],
  ['half an object', bytes('{"value":"force"'), 'payload: expected', 'does not parse'],
  ['bytes that are no text', Uint8Array.of(0xff, 0xfe), 'payload: expected UTF-8', 'got'],
])('%s is refused by name', (_, payload, expected, got) => {
  const refusal = refusalOf(payload);
  expect(refusal).toContain(`invalid_payload: ${expected}`);
  expect(refusal).toContain(got);
});

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
  'a field %s is as unknown as any other',
  (key) => {
    const payload = bytes(`{"value":"cached","${key}":{"polluted":true}}`);
    expect(refusalOf(payload)).toContain(`${key}: expected no such field`);
    expect({}).not.toHaveProperty('polluted');
  },
);

test('prototypes bring no field in', () => {
  const payload = bytes('{"__proto__":{"value":"force","id":"stolen"}}');
  expect(parseRefresh(payload)).not.toHaveProperty('id', 'stolen');
  expect(parseRefresh(payload).ok).toBe(false);
});

test('the id of a refused command is told wherever it can be read', () => {
  expect(parseRefresh(json({ value: 'nonsense', id: 'mine' }))).toHaveProperty('id', 'mine');
  expect(parseRefresh(json({ value: 'force', id: 'not mine' }))).not.toHaveProperty('id');
});

test('8 KiB are read, one byte more is refused unparsed', () => {
  const padded = (length: number): Uint8Array => bytes('{"value":"force"}'.padEnd(length));
  expect(parseRefresh(padded(8192)).ok).toBe(true);
  expect(refusalOf(padded(8193))).toBe(
    'invalid_payload: payload: expected at most 8192 bytes, got 8193',
  );
});

test('nesting of 8 is parsed, deeper is refused unparsed', () => {
  const nested = (depth: number): Uint8Array =>
    bytes(`{"value":${'['.repeat(depth - 1)}1${']'.repeat(depth - 1)}}`);
  expect(refusalOf(nested(8))).toContain('value: expected');
  expect(refusalOf(nested(9))).toContain('payload: expected nesting of at most 8');
  expect(refusalOf(bytes('['.repeat(4000)))).toContain('nesting');
});

test('brackets and quotes inside of texts are no nesting', () => {
  const text = String.raw`{"value":"[[[[[[[[[[{{{\"[[[[","id":"a"}`;
  expect(refusalOf(bytes(text))).toContain('value: expected cached');
  expect(readFields(bytes(text)).ok).toBe(true);
});

test('the worst 8 KiB take no longer than the best', () => {
  const worst = [
    '{"a":'.repeat(1600),
    `{"value":"${'\\'.repeat(8000)}"}`,
    `{${Array.from({ length: 900 }, (_, at) => `"k${String(at)}":1`).join()}}`,
    `{"id":"${'a'.repeat(8000)}","value":"force"}`,
    `{"value":"smart:${'1'.repeat(8000)}"}`,
    `{"issued_at":"${'2026-11-22T'.repeat(700)}","value":"force"}`,
    ' '.repeat(8192),
    `${' '.repeat(4000)}x${' '.repeat(4000)}`,
    '[]'.repeat(4000),
  ].map(bytes);
  const took_ms = worst.map((payload) => {
    const since = performance.now();
    for (let time = 0; time < 20; time += 1) parseRefresh(payload);
    return performance.now() - since;
  });
  // A quadratic one would need hundreds of milliseconds for each of the twenty.
  expect(Math.max(...took_ms)).toBeLessThan(2000);
});

function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
