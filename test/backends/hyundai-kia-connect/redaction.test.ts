import { expect, test } from 'vitest';
import { createRedaction, secretsIn } from '../../../src/backends/hyundai-kia-connect/redaction.js';

const redact = createRedaction(['p@ss "word"', '4711', '']);

test.each([
  ['a password as it is', 'login with p@ss "word" failed', 'login with [redacted] failed'],
  ['a password in an address', 'GET /x?p=p%40ss%20%22word%22', 'GET /x?p=[redacted]'],
  ['a password in JSON', String.raw`{"p":"p@ss \"word\""}`, '{"p":"[redacted]"}'],
  ['a PIN', 'the PIN 4711 was refused', 'the PIN [redacted] was refused'],
  ['a bearer token', 'Authorization; Bearer abcdefgh12345', 'Authorization; Bearer [redacted]'],
  ['a web token', 'got eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl', 'got [redacted]'],
  ['a token by its name', `{'refresh_token': 'abc', 'code': 'E1'}`, `{'[redacted]', 'code': 'E1'}`],
])('takes out %s', (_, text, safe) => {
  expect(redact(text)).toBe(safe);
});

test('leaves an ordinary message as it is', () => {
  const message = 'the vendor answered 503 after 1200 ms (code 4004)';
  expect(redact(message)).toBe(message);
});

test('bounds the length of a text', () => {
  expect(redact('long '.repeat(1000))).toHaveLength(2001);
});

test('finds the long texts of a session at any depth, and leaves a VIN readable', () => {
  const session = {
    token: { access: 'a'.repeat(40), type: 'Bearer' },
    vehicles: [{ vin: 'KMHXX00XXXX000000', key: 'k'.repeat(20) }],
  };
  expect(secretsIn(session)).toEqual(['a'.repeat(40), 'k'.repeat(20)]);
});
