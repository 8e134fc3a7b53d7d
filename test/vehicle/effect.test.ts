import { describe, expect, test } from 'vitest';
import {
  believedAfter,
  effectsOf,
  shows,
  unknownAfter,
  unknownAfterAny,
  withEffects,
} from '../../src/vehicle/effect.js';
import type { RemoteAction } from '../../src/vehicle/remote-action.js';
import { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { vehicleReportSchema } from '../../src/vehicle/state.js';

const report = SimulatedCar.create({ index: 0, seed: 1 }, { now: () => 0 }).report();

const schedule = {
  ...({ name: 'schedule', part: 'all', enabled: true, offpeak_only: true } as const),
  ...{ offpeak_start: '22:00', offpeak_end: '06:00' },
  departures: [
    { enabled: true, days: ['mon' as const], time: '07:30' },
    { enabled: false, days: [], time: '09:00' },
  ],
  climate: { enabled: true, temperature: 21, unit: 'C' as const, defrost: false },
} satisfies RemoteAction;

const start: RemoteAction = {
  ...{ name: 'climate_start', temperature: null, unit: 'C', duration_min: 10, defrost: false },
  ...{ heating: 'off', steering_wheel: null },
  seats: { front_left: null, front_right: null, rear_left: null, rear_right: null },
};

const windows = (front_left: 'open' | 'close' | 'vent' | null, others: 'close' | null) =>
  ({
    ...{ name: 'windows', front_left },
    ...{ front_right: others, rear_left: others, rear_right: others },
  }) satisfies RemoteAction;

const readBack: readonly (readonly [string, RemoteAction, Record<string, unknown>])[] = [
  ['lock', { name: 'lock', value: 'lock' }, { 'lock.state': 'locked' }],
  ['unlock', { name: 'lock', value: 'unlock' }, { 'lock.state': 'unlocked' }],
  ['climate start', start, { 'climate.mode': 'auto' }],
  ['climate stop', { name: 'climate_stop' }, { 'climate.mode': 'off' }],
  ['charge', { name: 'charge', value: 'stop' }, { 'ev.charging': false }],
  ['limits', { name: 'charge_limits', ac: 60, dc: 70 }, { 'ev.limit_ac': 60, 'ev.limit_dc': 70 }],
  ['current', { name: 'charging_current', percent: 60 }, { 'ev.charge_current': 60 }],
  ['port', { name: 'charge_port', value: 'open' }, { 'ev.port_open': true }],
  ['v2l', { name: 'v2l_limit', percent: 30 }, { 'ev.v2l_limit': 30 }],
  ['a window', windows('vent', null), { 'windows.front_left': true }],
  [
    'the second half of a schedule',
    { ...schedule, part: 'climate' },
    { 'ev.schedule.departures': schedule.departures, 'ev.schedule.climate': schedule.climate },
  ],
];

describe('what a car shows of it', () => {
  test.each(readBack)('%s', (_, action, values) => {
    expect(Object.fromEntries(effectsOf(action).map(({ path, value }) => [path, value]))).toEqual(
      values,
    );
  });

  test.each(readBack)(
    '%s: a report shows it exactly if all of it is there',
    (_, action, values) => {
      const effects = effectsOf(action);
      const done = withEffects(report, effects);
      expect(shows(done, effects)).toBe(true);
      for (const path of Object.keys(values)) {
        expect(shows(withEffects(done, [{ path, value: null }]), effects)).toBe(false);
      }
    },
  );

  test.each([
    { name: 'lights' },
    { name: 'horn' },
    { name: 'valet_mode', value: 'start' },
    { name: 'navigation', pois: [] },
  ] as const)('of $name there is nothing to see', (action) => {
    const sent = action.name === 'navigation' ? { ...action, pois: [] } : action;
    expect([effectsOf(sent), believedAfter(sent), unknownAfter(sent)]).toEqual([[], [], []]);
  });
});

describe('what is believed', () => {
  test.each([
    [windows('close', 'close'), 'closed'],
    [windows('vent', 'close'), 'open'],
    [windows('open', null), 'open'],
    [windows('close', null), null],
  ])('the windows together go with those that were told', (action, all) => {
    expect(withEffects(report, believedAfter(action)).windows.all).toBe(all);
  });

  test('a car that was stopped is not said to charge', () => {
    const { ev } = withEffects(report, believedAfter({ name: 'charge', value: 'stop' }));
    expect([ev.charging, ev.charge_state]).toEqual([false, null]);
  });

  test.each(readBack)('%s: unknown is what it would have changed, and no more', (_, action) => {
    const paths = believedAfter(action).map(({ path }) => path);
    expect(unknownAfter(action)).toEqual(paths.map((path) => ({ path, value: null })));
    expect(unknownAfterAny(action.name).map(({ path }) => path)).toEqual(
      expect.arrayContaining(paths),
    );
  });

  test('every place is one of the report, and takes what it is given', () => {
    for (const [, action] of readBack) {
      const known = withEffects(report, believedAfter(action));
      const unknown = withEffects(report, unknownAfterAny(action.name));
      expect(vehicleReportSchema.parse(known)).not.toEqual(vehicleReportSchema.parse(unknown));
      expect(shows(unknown, unknownAfter(action))).toBe(true);
    }
  });

  test('a place or a value of another release changes nothing', () => {
    expect(withEffects(report, [{ path: 'lock.colour', value: 1 }])).toEqual(report);
    expect(withEffects(report, [{ path: 'lock.state', value: 'ajar' }])).toEqual(report);
  });
});
