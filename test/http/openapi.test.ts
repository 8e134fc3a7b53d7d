import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, test } from 'vitest';
import { bridgePayloads, vehiclePayloads } from '../../src/http/command-payloads.js';
import { bridgeCommandNames, parseBridgeCommand } from '../../src/vehicle/bridge-command.js';
import { parseRefresh, vehicleCommandNames } from '../../src/vehicle/command.js';
import { parseRemote } from '../../src/vehicle/parse-remote.js';
import { codeWords, page } from '../docs/pages.js';
import { MemoryBridge } from './memory-bridge.js';
import { Described, operationsOf, type OpenApiDocument } from './openapi-document.js';
import { exchange, serve, serveWeb, token } from './served.js';

let document: OpenApiDocument;
let described: Described;

beforeAll(async () => {
  const { ask } = await serveWeb({ token });
  const { text } = await ask('GET /api/openapi.json', { token });
  document = JSON.parse(text) as OpenApiDocument;
  described = new Described(document);
});

test('it is a valid OpenAPI document', async () => {
  const { valid, errors } = await new Validator().validate({ ...structuredClone(document) });
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
  expect(document.openapi).toMatch(/^3\.1\./);
});

test('every call has a name of its own, words, and what its path names', () => {
  const operations = operationsOf(document);
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(ids).toEqual([...new Set(ids)]);
  const known = document.tags.map(({ name }) => name);
  for (const { path, operation } of operations) {
    const { operationId, summary, tags, parameters = [], responses } = operation;
    expect(operationId).toMatch(/^[a-z][A-Za-z]+$/);
    expect(summary.length, operationId).toBeGreaterThan(8);
    expect(tags, operationId).toHaveLength(1);
    expect(known).toEqual(expect.arrayContaining([...tags]));
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const told = parameters.filter((one) => one.in === 'path').map(({ name }) => name);
    expect(told, operationId).toEqual(named);
    for (const { description } of Object.values(responses)) expect(description).not.toBe('');
  }
});

test('the page has the same routes', () => {
  const told = page('docs/http.md')
    .table('route')
    .flatMap(([routes = '']) => codeWords(routes))
    .map((route) => route.replace(/\?.*/, '').replaceAll(/<\w+>/g, '{}'));
  const routes = operationsOf(document).map(
    ({ method, path }) => `${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, '{}')}`,
  );
  expect(told.filter((route) => route !== 'GET /').sort()).toEqual(routes.sort());
});

test('the same document is on the control socket, but for what only a browser needs', async () => {
  const { path } = await serve(new MemoryBridge());
  const { body } = await exchange(path, 'GET /api/openapi.json');
  const own = Object.keys((body as unknown as OpenApiDocument).paths);
  const more = Object.keys(document.paths).filter((path) => !own.includes(path));
  expect(more).toEqual(['/api/session']);
});

describe('what a command may be sent', () => {
  test('every command has its payload', () => {
    expect(vehiclePayloads.map(({ name }) => name)).toEqual(vehicleCommandNames);
    expect(bridgePayloads.map(({ name }) => name)).toEqual(bridgeCommandNames);
  });

  const common = { id: 'one', expires_in: 30, issued_at: '2026-11-22T12:00:00Z', dry_run: true };
  const taken: readonly (readonly [string, unknown])[] = [
    ['refresh', 'force'],
    ['refresh', { value: 'smart', max_age: 300, ...common }],
    ['lock', 'unlock'],
    ['climate', { value: 'start', temperature: 21.5, seats: { front_left: 'heat_low' } }],
    ['climate', { value: 'start', defrost: true, heating: 'all', steering_wheel: 'low' }],
    ['climate_duration', 30],
    ['climate_defrost', true],
    ['charge', 'on'],
    ['charge_limit_ac', { value: 80 }],
    ['charge_limits', { ac: 80, dc: 90, ...common }],
    ['charging_current', 60],
    ['windows', { front_left: 'vent' }],
    ['windows', 'open'],
    ['horn', {}],
    ['horn', 'press'],
    ['v2l_limit', 70],
    ['schedule', { offpeak_start: '22:00', departures: [{ days: ['mon'], time: '07:30' }] }],
    ['navigation', { pois: [{ name: 'a', latitude: 1, longitude: 2, address: 'b' }] }],
    ['trips', { month: '2026-10' }],
    ['trips', '2026-10'],
    ['bridge refresh_all', 'cached'],
    ['bridge polling', 'off'],
    ['bridge poll_interval', 30],
    ['bridge log_level', 'debug'],
    ['bridge reset_breaker', 'all'],
    ['bridge clear_queue', {}],
    ['bridge announce', { id: 'a' }],
    ['bridge otp', { account: 'home', method: 'sms' }],
    ['bridge otp', { code: '123456' }],
    ['bridge cancel', { target: 'an-id' }],
  ];
  const refused: readonly (readonly [string, unknown])[] = [
    ['refresh', 'now'],
    ['refresh', { value: 'smart', max_age: 0 }],
    ['refresh', {}],
    ['lock', 'open'],
    ['lock', { value: 'lock', force: true }],
    ['lock', { value: 'lock', id: 'not an id' }],
    ['climate', { value: 'start', duration: 31 }],
    ['climate', { value: 'start', seats: { middle: 'off' } }],
    ['charge_limit_ac', 85],
    ['charge_limits', { ac: 80 }],
    ['charging_current', 80],
    ['windows', 'half'],
    ['schedule', { departures: [{ days: ['someday'] }] }],
    ['navigation', { pois: [] }],
    ['trips', { month: '2026-13' }],
    ['bridge polling', 'maybe'],
    ['bridge poll_interval', 4],
    ['bridge log_level', 'loud'],
    ['bridge otp', { method: 'letter' }],
    ['bridge cancel', { target: 'a b' }],
  ];
  const all = [
    ...taken.map((one) => [...one, true] as const),
    ...refused.map((one) => [...one, false] as const),
  ];

  test.each(all)('%s %j: %s, for the document and for who reads it', (line, sent, isTaken) => {
    const payloads = line.startsWith('bridge ') ? bridgePayloads : vehiclePayloads;
    const name = line.replace('bridge ', '');
    const component = payloads.find((one) => one.name === name)?.component ?? '';
    const validate = described.schema(component);
    expect(validate(sent), JSON.stringify(validate.errors)).toBe(isTaken);
    expect(isRead(line, sent)).toBe(isTaken);
  });

  function isRead(line: string, sent: unknown): boolean {
    const payload = Buffer.from(typeof sent === 'string' ? sent : JSON.stringify(sent));
    const bridgeName = bridgeCommandNames.find((name) => line === `bridge ${name}`);
    if (bridgeName !== undefined) return parseBridgeCommand(bridgeName, payload).ok;
    const name = vehicleCommandNames.find((one) => one === line) ?? 'refresh';
    if (name === 'refresh') return parseRefresh(payload).ok;
    return parseRemote(name, payload, Date.parse('2026-11-22T12:00:00Z')).ok;
  }
});
