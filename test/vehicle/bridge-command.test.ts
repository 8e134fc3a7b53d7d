import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  parseBridgeCommand,
  refreshAllSchema,
  type BridgeCommandName,
} from '../../src/vehicle/bridge-command.js';

function parse(name: BridgeCommandName, payload: unknown) {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return parseBridgeCommand(name, Buffer.from(text));
}

function commandOf(name: BridgeCommandName, payload: unknown) {
  const parsed = parse(name, payload);
  if (!parsed.ok) throw new Error(parsed.failure.message);
  return parsed.command;
}

function refusalOf(name: BridgeCommandName, payload: unknown): string {
  const parsed = parse(name, payload);
  if (parsed.ok) throw new Error('it was taken');
  expect(parsed.failure.code).toBe('invalid_payload');
  return parsed.failure.message;
}

describe('a refresh of all cars', () => {
  test.each([
    ['cached', { mode: 'cached' }],
    ['FORCE', { mode: 'force' }],
    ['smart:600', { mode: 'smart', max_age_s: 600 }],
    [
      { value: 'smart', max_age: 60 },
      { mode: 'smart', max_age_s: 60 },
    ],
    [{ value: 'force', override: false }, { mode: 'force' }],
  ])('%j is read', (payload, command) => {
    const read = commandOf('refresh_all', payload);
    expect(read).toEqual({ name: 'refresh_all', ...command });
    expect(refreshAllSchema.safeParse(read).success).toBe(true);
  });

  test.each([
    ['', 'value'],
    ['all', 'value'],
    [{ value: 'cached', max_age: 60 }, 'max_age'],
    [{ value: 'force', override: true }, 'override'],
    [{ value: 'cached', account: 'home' }, 'account'],
  ])('%j is refused, and %s named', (payload, field) => {
    expect(refusalOf('refresh_all', payload)).toMatch(new RegExp(`^${field}: `));
  });
});

describe('a one-time code', () => {
  test.each([
    ['email', { method: 'email' }, undefined],
    ['sms', { method: 'sms' }, undefined],
    ['123456', { code: '123456' }, undefined],
    ['0042', { code: '0042' }, undefined],
    [{ method: 'email' }, { method: 'email' }, undefined],
    [{ account: 'home', method: 'sms' }, { method: 'sms' }, 'home'],
    [{ account: 'home', code: '012345' }, { code: '012345' }, 'home'],
    [{ account: 'home', code: 123456 }, { code: '123456' }, 'home'],
    [{ account: 'home', code: ' 123456 ' }, { code: '123456' }, 'home'],
    [{ account: 'home', value: 'email' }, { method: 'email' }, 'home'],
    [{ account: 'home', value: 123456 }, { code: '123456' }, 'home'],
  ])('%j is read', (payload, step, account) => {
    expect(commandOf('otp', payload)).toEqual({ name: 'otp', account, step });
  });

  test.each([
    ['', 'value'],
    ['fax', 'value'],
    ['123', 'value'],
    ['12345678901', 'value'],
    ['12 34 56', 'value'],
    ['１２３４５６', 'value'],
    [{}, 'code'],
    [{ account: 'home' }, 'code'],
    [{ method: 'email', code: '123456' }, 'code'],
    [{ code: '123456', value: '123456' }, 'code'],
    [{ method: 'fax' }, 'method'],
    [{ method: null }, 'method'],
    [{ code: 12345.6 }, 'code'],
    [{ code: -123456 }, 'code'],
    [{ code: true }, 'code'],
    [{ code: ['123456'] }, 'code'],
    [{ account: 7, code: '123456' }, 'account'],
    [{ account: 'home', code: '123456', colour: 'red' }, 'colour'],
    [{ code: '123456', expires_in: 0 }, 'expires_in'],
    [{ code: '123456', dry_run: 'yes' }, 'dry_run'],
  ])('%j is refused, and %s named', (payload, field) => {
    const message = refusalOf('otp', payload);
    expect(message).toMatch(new RegExp(`^${field}: `));
    expect(message).toMatch(/expected .*, got (nothing|something else)$/);
  });

  test('the sender hears its id with a refusal', () => {
    expect(parse('otp', { id: 'mine', code: 'x' })).toMatchObject({ ok: false, id: 'mine' });
  });

  test('whatever is wrong, no refusal quotes a digit of what came', () => {
    const code = '918273';
    const places = fc.constantFrom<(value: unknown) => unknown>(
      (value) => ({ code: value, method: 'email' }),
      (value) => ({ code: value, colour: 'red' }),
      (value) => ({ account: [value], method: 'email' }),
      (value) => ({ account: 'home', method: value }),
      (value) => ({ account: 'home', expires_in: value, method: 'email' }),
      (value) => ({ account: 'home', issued_at: value, method: 'email' }),
      (value) => ({ [String(value)]: 'email' }),
      (value) => ({ [`code:${String(value)}`]: true, method: 'email' }),
      (value) => `{"code":${String(value)}`,
      (value) => `code ${String(value)}`,
      (value) => `["${String(value)}"]`,
    );
    fc.assert(
      fc.property(places, fc.constantFrom(code, `${code}0000000`, `x${code}`), (place, value) => {
        const payload = place(value);
        expect(refusalOf('otp', payload)).not.toContain(code);
      }),
    );
  });
});

test('commands with a word still say what came', () => {
  expect(refusalOf('log_level', 'loud')).toMatch(/^value: expected error, warn.*, got "loud"$/);
  expect(refusalOf('announce', { value: 'PRESS', extra1: 2 })).toBe(
    'extra1: expected no such field, got 2',
  );
});

test.each([
  ['clear_queue', 'PRESS', ''],
  ['announce', {}, ''],
  ['log_level', 'DEBUG', 'debug'],
  ['reset_breaker', ' Home ', 'home'],
  ['cancel', 'an-Id', 'an-Id'],
  ['cancel', { target: 'an-Id' }, 'an-Id'],
] as const)('%s %j is read', (name, payload, value) => {
  const said = name === 'clear_queue' ? 'press' : value;
  expect(commandOf(name, payload)).toEqual({ name, value: said });
});
