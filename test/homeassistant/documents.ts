import { schemas } from '../../src/cli/schema.js';
import type { BridgeState } from '../../src/bridge-state.js';
import { statuses, type LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import {
  stateDocumentSchema,
  withoutPlug,
  type StateDocument,
  type VehicleReport,
} from '../../src/vehicle/state.js';
import { aCar } from './cars.js';
import { objectIn, type Json } from './discovered.js';
import type { Documents } from './templates.js';

const at = '2026-11-22T10:15:00.123Z';
const { state: stateSchema, result: resultSchema } = schemas();

/** Whether a JSON Schema has a value at this path. */
export function isInSchema(schema: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true;
  const { properties, anyOf } = objectIn(schema);
  const choices: readonly unknown[] = Array.isArray(anyOf) ? anyOf : [];
  if (choices.some((one) => isInSchema(one, [key, ...rest]))) return true;
  const own = objectIn(properties);
  return Object.hasOwn(own, key) && isInSchema(own[key], rest);
}

/** Every value null, in every object that it has. */
function nulled(value: object): object {
  return Object.fromEntries(
    Object.entries(value).map(([key, one]: [string, unknown]) => [
      key,
      typeof one === 'object' && one !== null && !Array.isArray(one) ? nulled(one) : null,
    ]),
  );
}

const electric = aCar().document;

/** Of a car of which nothing is known. */
export const allNull: StateDocument = stateDocumentSchema.parse({
  ...nulled(electric),
  ...{ schema: 1, id: 'car', stale: false },
  climate: { ...nulled(electric.climate), unit: 'C' },
  command: { ...nulled(electric.command), state: 'idle' },
  ev: withoutPlug,
});

/** No car has all of it. */
export const full: StateDocument = stateDocumentSchema.parse({
  ...electric,
  climate: {
    ...electric.climate,
    ...{ duration_min: 10, start_defrost: true, seats: electric.climate.seat_status },
  },
  drive_mode: 'sport',
  dtc: { count: 2 },
  warnings: { ...electric.warnings, oil_level: false },
  location: { ...electric.location, accuracy_m: 25.5 },
  fuel: { level: 44, range_km: 312.4, low: false },
  service: { due_km: -120, last_km: 30_000 },
  command: { state: 'failed', id: 'a', command: 'lock', code: 'timeout', at },
  ev: {
    ...electric.ev,
    ...{ charging: true, plugged: true, plug_type: 'ac', charge_state: 'charging', status: 'C' },
    ...{ charge_power_kw: 7.2, minutes_to_limit: 90, finish_at: at, minutes_fast: 20 },
    ...{ minutes_portable: 1200, minutes_station: 240, range_at_dc_limit_km: 390 },
    ...{ energy_kwh: 51.234, capacity_kwh: 77.4, soh: 98.5, consumption_kwh_100km: 17.53 },
    ...{ used_90d_kwh: 400.1, regenerated_90d_kwh: 51.2, temp_min_c: -7, temp_max_c: 31.5 },
    ...{ preconditioning: false, v2l_limit: 40, limit_ac: 80, limit_dc: 90 },
    range_at_ac_limit_km: 401.5,
    schedule: {
      ...{ enabled: true, offpeak_start: '22:00', offpeak_end: '06:00', offpeak_only: false },
      departures: [{ enabled: true, days: ['mon'], time: '07:30' }],
      climate: { enabled: true, temperature: 21.5, unit: 'C', defrost: false },
    },
  },
} satisfies StateDocument);

function withReport(change: (report: VehicleReport) => Partial<VehicleReport>): StateDocument {
  return stateDocumentSchema.parse({ ...full, ...change(full) });
}

const charges = [
  'disconnected',
  'connected',
  'scheduled',
  'charging',
  'complete',
  'error',
] as const;

export const stateDocuments: Documents = {
  knows: (path) => isInSchema(stateSchema, path),
  allNull,
  others: {
    full,
    ev: electric,
    phev: aCar({ index: 1 }).document,
    hev: aCar({ index: 2 }).document,
    ice: aCar({ index: 3 }).document,
    'miles and °F': stateDocumentSchema.parse({
      ...aCar({ region: 'usa' }).document,
      odometer_km: 12_345 * 1.609344,
      range_km: 241 * 1.609344,
      outside_temperature_c: ((23 - 32) * 5) / 9,
    }),
    'set at the car': withReport(({ climate, ev }) => ({
      climate: { ...climate, target: 13.5, duration_min: 45 },
      ev: { ...ev, limit_ac: 45, limit_dc: 100, v2l_limit: 15, charge_current: 85, soc: 0 },
    })),
    'all the same': withReport(() => ({
      location: { latitude: 0, longitude: -0.5, accuracy_m: null, at: null },
      odometer_km: 0,
      drive_mode: 'eco',
    })),
    ...Object.fromEntries(
      charges.map((charge_state) => [
        charge_state,
        withReport(({ ev }) => ({ ev: { ...ev, charge_state } })),
      ]),
    ),
    ...Object.fromEntries(
      (['locked', 'unlocked', 'locking', 'unlocking'] as const).map((state) => [
        state,
        withReport(({ windows, climate }) => ({
          lock: { state },
          windows: { ...windows, all: state === 'locked' ? 'closed' : 'open' },
          climate: { ...climate, mode: state === 'locked' ? 'off' : 'auto' },
        })),
      ]),
    ),
    ...Object.fromEntries(
      statuses.map((state) => [
        `a command ${state}`,
        { ...full, command: { ...full.command, state } },
      ]),
    ),
  },
};

const event: LifeCycleEvent = {
  ...{ schema: 1, id: 'a', seq: 1, vehicle: 'car', command: 'lock', status: 'accepted', at },
};

/** A key is there only where it applies: there is no null to be read. */
export const resultDocuments: Documents = {
  knows: (path) => isInSchema(resultSchema, path),
  allNull: event,
  others: {
    ...Object.fromEntries(statuses.map((status) => [status, { ...event, status }])),
    replayed: { ...event, status: 'succeeded', value: 'lock', replayed: true },
    'of the bridge': { ...event, vehicle: null, value: { ac: 80 }, code: 'timeout', message: '"' },
  },
};

type BridgeDocument = NonNullable<BridgeState['document']>;

/** The bridge with these accounts. */
export function bridgeDocuments(accounts: readonly string[]): Documents {
  const of = <T>(value: T): Record<string, T> =>
    Object.fromEntries(accounts.map((name) => [name, value]));
  const breaker = {
    state: 'closed',
    failures: 0,
    since: at,
    retry_at: null,
    reason: null,
  } as const;
  const quiet: BridgeDocument = {
    ...{ schema: 1, version: '1.2.3', started_at: at, log_level: 'info', jobs: [] },
    mqtt: { version: null, reconnects: 0 },
    accounts: of({
      ...{ state: 'signing_in', vehicles: [], backend: 'simulator', session_expires_at: null },
      library: null,
    }),
    breakers: of({ read: breaker, wake: breaker }),
    polling: { enabled: false, interval_min: 30, next_poll_at: null, vehicles: {} },
    queue: { depth: 0, running: 0, oldest_ms: null },
    pool: { threads: 0, busy: 0, waiting: 0, processes: 0 },
    budget: of({
      ...{ used: 0, left: null, limit: null, resets_at: at, state: 'ok', blocked_until: null },
    }),
    event_loop: { p99_ms: 0.8, max_ms: 3.1 },
    last_error: null,
  } satisfies BridgeDocument;
  const open = { ...breaker, state: 'open', failures: 5, retry_at: at, reason: 'timeout' };
  const busy = {
    ...quiet,
    polling: { ...quiet.polling, enabled: true, interval_min: 1440, next_poll_at: at },
    queue: { depth: 3, running: 1, oldest_ms: 1234 },
    breakers: of({ read: open, wake: { ...breaker, state: 'half_open' } }),
    budget: of({
      used: 17,
      left: 183,
      limit: 200,
      resets_at: at,
      state: 'ok',
      blocked_until: null,
    }),
    last_error: { code: 'timeout', message: 'no answer', at },
  };
  const accountIn = (state: string) =>
    of({ ...Object.values(quiet.accounts)[0], state, session_expires_at: at });
  const states = ['ready', 'otp_required', 'refused', 'unreachable'].map((state) => [
    `an account ${state}`,
    { ...busy, accounts: accountIn(state) },
  ]);
  const levels = ['error', 'warn', 'debug', 'trace'].map((log_level) => [
    `level ${log_level}`,
    { ...busy, log_level },
  ]);
  return {
    knows: (path) => isInDocument({ ...quiet, last_error: busy.last_error }, path),
    allNull: quiet,
    others: { busy, ...Object.fromEntries([...states, ...levels]) } as Record<string, Json>,
    // Before the first error there is none: that is known.
    knownOfNull: { last_error: 'none' },
  };
}

function isInDocument(document: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true;
  const own = objectIn(document);
  return Object.hasOwn(own, key) && isInDocument(own[key], rest);
}
