import { expect, test } from 'vitest';
import { page } from '../docs/pages.js';
import { LegacyTopics } from '../../src/mqtt/legacy-topics.js';
import { createTopics } from '../../src/mqtt/topics.js';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { idle, stateDocument } from '../../src/vehicle/state-document.js';
import { withoutPlug, type StateDocument } from '../../src/vehicle/state.js';

const start = Date.UTC(2026, 10, 22, 10, 0, 0);
const at = (seconds: number): string => new Date(start + seconds * 1000).toISOString();
const vendorId = '0123-ABCD';

const simulated = SimulatedCar.create({ index: 0, seed: 7 }, { now: () => start });
const report = simulated.report();
const listed = { ...simulated.identity, id: vendorId };
const car = {
  ...{ topic_id: 'ioniq5', listed, name: null, enabled: true },
  ...{ gone_at: null, identity: null, told: [] },
};

type Of = Omit<Partial<StateDocument>, 'ev'> & { readonly ev?: Partial<StateDocument['ev']> };

/** A document that was read so many seconds after the start. */
function read(seconds: number, { ev, ...of }: Of = {}): StateDocument {
  const reading = { report, polled_at: at(seconds), source: 'cached' } as const;
  const document = stateDocument(car, reading, idle, false);
  return { ...document, ...of, ev: { ...document.ev, ...ev } };
}

function aBridge(makersId: string | null = vendorId) {
  /** As a broker holds them. */
  const retained = new Map<string, string>();
  const legacy = new LegacyTopics({
    topics: createTopics('hyundai'),
    publisher: {
      retain: (topic, payload) => {
        if (payload === '') retained.delete(topic);
        else retained.set(topic, payload);
      },
    },
    vendorIdOf: () => makersId ?? undefined,
    startedAt: start,
  });
  const of = (path: string): unknown => {
    const payload = retained.get(`hyundai/${vendorId}/${path}`);
    return payload === undefined ? undefined : JSON.parse(payload);
  };
  const valueOf = (path: string): unknown => (of(path) as { value: unknown } | undefined)?.value;
  return { legacy, retained, of, valueOf };
}

let seq = 0;
function event(seconds: number, of: Partial<LifeCycleEvent>): LifeCycleEvent {
  return {
    schema: 1,
    id: 'a',
    seq: (seq += 1),
    vehicle: 'ioniq5',
    command: 'refresh',
    value: 'cached',
    status: 'succeeded',
    at: at(seconds),
    ...of,
  };
}

test('every value has its topic, unit and the time at which it was read', () => {
  const { legacy, retained } = aBridge();
  const ev = {
    soc: 81,
    charging: true,
    plugged: true,
    plug_type: 'ac',
    temp_min_c: 12,
    temp_max_c: 19,
    range_km: 350,
    minutes_to_limit: 95,
    limit_ac: 100,
    limit_dc: 80,
    consumption_kwh_100km: 17.5,
  } as const;
  legacy.state(read(60, { ev, reported_at: at(-300), source: 'force' }));
  const timestamp = at(60);
  const expected = {
    'battery/level': { value: 81, unit: '%', timestamp },
    'battery/charging_status': { value: 'charging', timestamp },
    'battery/plug_status': { value: 'connected', timestamp },
    'battery/temperature': { value: 19, unit: '°C', timestamp },
    'ev/range': { value: 350, unit: 'km', timestamp },
    'ev/charge_time_100': { value: 95, unit: 'min', timestamp },
    'ev/charge_time_target': { value: 95, unit: 'min', timestamp },
    'ev/charge_limit': { value: 100, unit: '%', timestamp },
    'ev/energy_consumption': { value: 17.5, unit: 'kWh/100km', timestamp },
    'status/last_updated': { value: at(-300), timestamp },
    'status/data_source': { value: 'fresh', timestamp },
    'status/update_method': { value: 'force', timestamp },
    'status/error': { value: null, timestamp },
  };
  expect(page('docs/legacy-topics.md').firstColumn('topic')).toEqual(Object.keys(expected));
  const published = Object.fromEntries(
    [...retained].map(([topic, payload]) => [topic, JSON.parse(payload) as unknown]),
  );
  expect(published).toEqual(
    Object.fromEntries(
      Object.entries(expected).flatMap(([path, payload]) =>
        [vendorId, 'ioniq5'].map((id) => [`hyundai/${id}/${path}`, payload]),
      ),
    ),
  );
});

test('what is not known has no topic, and what is known no more loses it', () => {
  const { legacy, of, valueOf } = aBridge();
  legacy.state(read(1, { ev: { soc: 80, charging: false, plugged: false } }));
  expect(valueOf('battery/level')).toBe(80);
  expect(valueOf('battery/charging_status')).toBe('not_charging');
  expect(valueOf('battery/plug_status')).toBe('disconnected');
  legacy.state(read(2, { ev: withoutPlug, reported_at: null }));
  for (const path of ['battery/level', 'battery/charging_status', 'battery/plug_status']) {
    expect(of(path)).toBeUndefined();
  }
  expect(of('ev/range')).toBeUndefined();
  expect(of('status/last_updated')).toBeUndefined();
  expect(valueOf('status/data_source')).toBe('cached');
});

test.each([
  ['ac', 100, 80, 95],
  ['portable', 100, 80, 95],
  ['dc', 100, 80, undefined],
  ['dc', 80, 100, 95],
  ['ac', 80, 100, undefined],
] as const)('the time to 100 %% is told where %s ends there: %d, %d', (plug, ac, dc, minutes) => {
  const { legacy, valueOf } = aBridge();
  const ev = { plug_type: plug, limit_ac: ac, limit_dc: dc, minutes_to_limit: 95 };
  legacy.state(read(1, { ev }));
  expect(valueOf('ev/charge_time_100')).toBe(minutes);
  expect(valueOf('ev/charge_time_target')).toBe(95);
});

test('the coldest temperature where no other is known', () => {
  const { legacy, valueOf } = aBridge();
  legacy.state(read(1, { ev: { temp_max_c: null, temp_min_c: 4 } }));
  expect(valueOf('battery/temperature')).toBe(4);
});

test.each([['ioniq5'], [null], ['a/b'], ['a+b'], ['#']])(
  'with the maker calling the car %s nothing is said twice, or outside of its topics',
  (id) => {
    const { legacy, retained } = aBridge(id);
    legacy.state(read(1));
    const ids = new Set([...retained.keys()].map((topic) => topic.split('/')[1]));
    expect([...ids]).toEqual(['ioniq5']);
  },
);

test('what a refresh brought has its name, what the bridge read by itself has none', () => {
  const { legacy, valueOf } = aBridge();
  const method = (seconds: number): unknown => {
    legacy.state(read(seconds));
    return valueOf('status/update_method');
  };
  expect(method(1)).toBe('cached');
  legacy.step(event(10, { status: 'running', value: 'smart:300' }));
  expect(method(11)).toBe('smart');
  legacy.step(event(13, { status: 'running', value: 'smart:300', phase: 'force' }));
  legacy.step(event(15, { status: 'succeeded', value: 'smart:300' }));
  // Stored and published after the command has ended.
  expect(method(14)).toBe('smart');
  expect(method(20)).toBe('cached');
  legacy.step(event(30, { id: 'b', status: 'running', value: 'force' }));
  legacy.step(event(31, { id: 'c', status: 'running', command: 'lock', value: 'lock' }));
  expect(method(32)).toBe('force');
});

test('a command that fails is told until one succeeds', () => {
  const { legacy, of, valueOf } = aBridge();
  legacy.state(read(1));
  const failed = { status: 'failed', code: 'vehicle_timeout', message: 'no answer' } as const;
  legacy.step(event(2, { ...failed, value: 'force' }));
  const error = {
    error: 'no answer',
    error_type: 'vehicle_timeout',
    command_type: 'force',
    timestamp: at(2),
  };
  expect(of('status/error')).toEqual({ value: error, timestamp: at(2) });
  legacy.state(read(3));
  expect(valueOf('status/error')).toEqual(error);
  legacy.step(event(4, { status: 'running' }));
  legacy.step(event(5, { status: 'cancelled' }));
  legacy.step(event(6, { dry_run: true }));
  legacy.step(event(7, { replayed: true }));
  legacy.step(event(8, { vehicle: null, command: 'polling' }));
  expect(valueOf('status/error')).toEqual(error);
  legacy.step(event(9, {}));
  expect(of('status/error')).toEqual({ value: null, timestamp: at(9) });
});

test.each([
  [
    { status: 'rejected', code: 'not_allowed', message: 'no', command: 'lock', value: 'unlock' },
    ['not_allowed', 'no', 'lock'],
  ],
  [
    { status: 'rejected', code: 'invalid_payload', message: 'value: …', value: undefined },
    ['invalid_payload', 'value: …', 'refresh'],
  ],
  [{ status: 'expired', message: 'too late', value: 'smart:9' }, ['expired', 'too late', 'smart']],
  [{ status: 'expired', command: 'climate', value: {} }, ['expired', 'expired', 'climate']],
] as const)('%j is told too', (of, [error_type, error, command_type]) => {
  const { legacy, valueOf } = aBridge();
  legacy.step(event(2, of));
  expect(valueOf('status/error')).toEqual({ error, error_type, command_type, timestamp: at(2) });
});

test('what was read before the start says nothing of errors', () => {
  const { legacy, of } = aBridge();
  legacy.state(read(-60));
  expect(of('status/error')).toBeUndefined();
  legacy.state(read(1));
  expect(of('status/error')).toEqual({ value: null, timestamp: at(1) });
});
