import { readFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SharedText } from '../../src/backends/simulator-shared-text.js';
import type { SimulatorEffect, SimulatorSettings } from '../../src/backends/simulator.js';
import { effectsOf, shows } from '../../src/vehicle/effect.js';
import type { RemoteAction, ScheduleAction } from '../../src/vehicle/remote-action.js';
import type { Outcome, Task } from '../../src/vehicle/task.js';
import { tempDir } from '../support/temp-dir.js';
import { waitUntil } from '../support/wait.js';
import { aSimulator, failureOf, idOf, listed, reportOf, withControl } from './a-simulator.js';

type Run = ReturnType<typeof aSimulator>['run'];

const minute_ms = 60_000;
const unlock: RemoteAction = { name: 'lock', value: 'unlock' };
const climate: RemoteAction = {
  name: 'climate_start',
  temperature: 22.5,
  unit: 'C',
  duration_min: 10,
  defrost: true,
  heating: 'off',
  steering_wheel: null,
  seats: { front_left: 'heat_high', front_right: null, rear_left: null, rear_right: null },
};
const schedule: ScheduleAction = {
  name: 'schedule',
  part: 'all',
  enabled: true,
  offpeak_start: '22:00',
  offpeak_end: '05:30',
  offpeak_only: true,
  departures: [
    { enabled: true, days: ['mon', 'fri'], time: '07:10' },
    { enabled: false, days: [], time: '00:00' },
  ],
  climate: { enabled: true, temperature: 20, unit: 'C', defrost: true },
};

/** With the log file of the vendor's side. */
async function aLoggedSimulator(control: unknown, part: Partial<SimulatorSettings> = {}) {
  const log_file = join(await tempDir(), 'effects.jsonl');
  const simulator = await withControl(control, { ...part, log_file });
  const effects = (): SimulatorEffect[] =>
    readFileSync(log_file, { encoding: 'utf8', flag: 'a+' })
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as SimulatorEffect);
  const phases = (): string[] =>
    effects()
      .filter(({ operation }) => operation === 'command')
      .map(({ phase }) => phase);
  return { ...simulator, log_file, effects, phases };
}

function send(run: Run, vehicle: string, action: RemoteAction, more: Partial<Task> = {}) {
  return run({ operation: 'command', vehicle, action, ...more });
}

function takenOf(outcome: Outcome) {
  if (!outcome.ok || outcome.result.operation !== 'command') {
    throw new Error(`not taken: ${JSON.stringify(outcome)}`);
  }
  return outcome.result;
}

async function statusOf(run: Run, vehicle: string, sent: Outcome, action: RemoteAction = unlock) {
  const { follow_up } = takenOf(sent);
  const action_id = follow_up?.action_id ?? expect.unreachable('nothing to ask for');
  const answer = await run({ operation: 'action_status', vehicle, action_id, action });
  if (!answer.ok || answer.result.operation !== 'action_status') throw new Error('no status');
  return answer.result.status;
}

async function reportAfter(run: Run, vehicle: string) {
  return reportOf(await run({ operation: 'cached', vehicle }));
}

test.each<RemoteAction>([
  unlock,
  climate,
  { name: 'climate_stop' },
  { name: 'charge', value: 'stop' },
  { name: 'charge_limits', ac: 100, dc: 80 },
  { name: 'charging_current', percent: 60 },
  { name: 'windows', front_left: 'open', front_right: 'vent', rear_left: null, rear_right: null },
  { name: 'lights' },
  { name: 'horn' },
  { name: 'valet_mode', value: 'start' },
  { name: 'v2l_limit', percent: 50 },
  { ...schedule, part: 'charge' },
  { ...schedule, part: 'climate' },
  { name: 'navigation', pois: [{ name: 'Home', latitude: 1, longitude: 2, address: '' }] },
])('$name: the car does it once, reports it and the vendor knows', async (action) => {
  const { run, effects } = await aLoggedSimulator({});
  const vehicle = await idOf(run, 0);
  const before = await reportAfter(run, vehicle);
  const sentAt = Date.now();
  const sent = await send(run, vehicle, action, { attempt: 'a', command_id: 'mine' });
  expect(await statusOf(run, vehicle, sent, action)).toBe('succeeded');
  const after = await reportAfter(run, vehicle);
  expect(shows(after, effectsOf(action))).toBe(true);
  expect(Date.parse(after.reported_at ?? '')).toBeGreaterThan(sentAt);
  expect(after.odometer_km).toBe(before.odometer_km);
  const lines = effects().filter(({ operation }) => operation === 'command');
  expect(lines.map(({ phase }) => phase)).toEqual(['started', 'taken', 'executed', 'done']);
  const { action_id } = takenOf(sent);
  for (const line of lines) expect(line).toMatchObject({ vehicle, action, command_id: 'mine' });
  for (const line of lines.slice(1, 3)) expect(line).toMatchObject({ attempt: 'a', action_id });
});

test('until the car has done it the vendor says pending and the report is the old one', async () => {
  const { run, phases } = await aLoggedSimulator({}, { command_latency_ms: 10 * minute_ms });
  const vehicle = await idOf(run, 0);
  const before = await reportAfter(run, vehicle);
  const sent = await send(run, vehicle, unlock);
  expect(await statusOf(run, vehicle, sent)).toBe('pending');
  expect(await reportAfter(run, vehicle)).toEqual(before);
  expect(phases()).toEqual(['started', 'taken', 'done']);
});

test('a car does what it was told in its time, also when nobody looks', async () => {
  const { run, phases, effects } = await aLoggedSimulator({}, { command_latency_ms: 40 });
  const vehicle = await idOf(run, 0);
  const sent = await send(run, vehicle, unlock);
  await waitUntil(
    () => phases().includes('executed'),
    10_000,
    () => phases().join(),
  );
  expect(await statusOf(run, vehicle, sent)).toBe('succeeded');
  const [taken, executed] = ['taken', 'executed'].map((phase) =>
    Date.parse(effects().find((one) => one.phase === phase)?.at ?? ''),
  );
  expect(executed).toBeGreaterThanOrEqual((taken ?? NaN) + 40);
  expect(phases().filter((phase) => phase === 'executed')).toHaveLength(1);
});

test('another thread sees a command through, once', async () => {
  const one = await aLoggedSimulator({}, { command_latency_ms: 30 });
  const { shared, log_file = '' } = one.settings;
  const two = aSimulator({ shared, log_file });
  const vehicle = await idOf(one.run, 0);
  const sent = await send(one.run, vehicle, unlock);
  // Nothing of the first one is left but what it has put into the shared memory.
  await one.backend.close();
  await waitUntil(
    async () => (await statusOf(two.run, vehicle, sent)) === 'succeeded',
    10_000,
    () => 'the car',
  );
  expect((await reportAfter(two.run, vehicle)).lock.state).toBe('unlocked');
  expect(one.phases().filter((phase) => phase === 'executed')).toHaveLength(1);
});

test('what a terminated thread has not written is written once, whether or not it got so far', async () => {
  const { run, settings, log_file, effects } = await aLoggedSimulator({});
  const vehicle = await idOf(run, 0);
  await send(run, vehicle, unlock);
  const executed = effects().find(({ phase }) => phase === 'executed');
  const [written, unwritten] = ['written', 'unwritten'].map((action_id) => ({
    ...executed,
    action_id,
  }));
  await appendFile(log_file, `${JSON.stringify(written)}\n`);
  new SharedText(settings.shared, 0).exchange((text) => {
    const slot = JSON.parse(text) as Record<string, unknown>;
    const owed = [written, unwritten];
    return { answer: undefined, text: JSON.stringify({ ...slot, owed }) };
  });
  await run({ operation: 'cached', vehicle });
  await run({ operation: 'cached', vehicle });
  const ids = effects().map(({ action_id }) => action_id);
  expect(ids.filter((id) => id === 'written')).toHaveLength(1);
  expect(ids.filter((id) => id === 'unwritten')).toHaveLength(1);
});

test('in the USA the car is told, and tells, Fahrenheit', async () => {
  const { run } = aSimulator({ region: 'usa' });
  const vehicle = await idOf(run, 0);
  for (const [temperature, shown] of [
    [67, 67],
    [null, 70],
    [82, 82],
  ] as const) {
    await send(run, vehicle, { ...climate, temperature, unit: 'F' });
    expect((await reportAfter(run, vehicle)).climate).toMatchObject({ unit: 'F', target: shown });
  }
  await send(run, vehicle, {
    ...schedule,
    climate: { ...schedule.climate, unit: 'F', temperature: 63 },
    part: 'climate',
  });
  const { ev } = await reportAfter(run, vehicle);
  expect(ev.schedule.climate).toMatchObject({ unit: 'F', temperature: 63 });
});

test('a car without a plug refuses to charge, and does not offer it', async () => {
  const { run, phases } = await aLoggedSimulator({}, { vehicles: 4 });
  const cars = await listed(run);
  expect(cars[3]?.drivetrain).toBe('ice');
  expect(cars[3]?.commands).not.toHaveProperty('charge');
  expect(cars[0]?.commands).toHaveProperty('charge');
  const refused = await send(run, cars[3]?.id ?? '', { name: 'charge', value: 'start' });
  expect(failureOf(refused)).toMatchObject({ code: 'unsupported', retryable: false });
  expect(failureOf(refused)).not.toHaveProperty('outcome');
  expect(phases()).toEqual(['started']);
});

test('an electric car takes a schedule half by half, another car both at once', async () => {
  const { run } = aSimulator();
  const [ev = '', phev = ''] = (await listed(run)).map(({ id }) => id);
  const first = takenOf(await send(run, ev, schedule));
  expect(first.rest).toEqual({ ...schedule, part: 'climate' });
  const half = await reportAfter(run, ev);
  expect(shows(half, effectsOf({ ...schedule, part: 'charge' }))).toBe(true);
  expect(shows(half, effectsOf(schedule))).toBe(false);
  expect(takenOf(await send(run, ev, first.rest ?? schedule))).not.toHaveProperty('rest');
  expect(shows(await reportAfter(run, ev), effectsOf(schedule))).toBe(true);

  expect(takenOf(await send(run, phev, schedule))).not.toHaveProperty('rest');
  expect(shows(await reportAfter(run, phev), effectsOf(schedule))).toBe(true);
});

test('a half-done schedule: the charging half is done, the other one is not', async () => {
  const { run, effects } = await aLoggedSimulator({
    vehicles: { '*': { command: { half_done: true } } },
  });
  const [ev = '', phev = ''] = (await listed(run)).map(({ id }) => id);
  const whole = await send(run, phev, schedule);
  expect(await statusOf(run, phev, whole, schedule)).toBe('succeeded');
  expect(shows(await reportAfter(run, phev), effectsOf(schedule))).toBe(false);
  const { rest = schedule } = takenOf(await send(run, ev, schedule));
  expect(await statusOf(run, ev, await send(run, ev, rest), rest)).toBe('failed');
  const done = effects().filter(({ phase }) => phase === 'executed');
  expect(done.map(({ vehicle, action }) => [vehicle, action])).toEqual([
    [phev, { ...schedule, part: 'charge' }],
    [ev, { ...schedule, part: 'charge' }],
  ]);
});

test.each(['duplicate_request', 'unsupported', 'pin_rejected', 'rate_limited'])(
  'the vendor refuses with %s: not taken, and known to be not done',
  async (code) => {
    const { run, phases } = await aLoggedSimulator({
      vehicles: { '*': { command: { fail: { code, times: 1 } } } },
    });
    const vehicle = await idOf(run, 0);
    const refused = await send(run, vehicle, unlock);
    expect(failureOf(refused)).toMatchObject({ code });
    expect(failureOf(refused)).not.toHaveProperty('outcome');
    expect(phases()).toEqual(['started']);
    expect((await send(run, vehicle, unlock)).ok).toBe(true);
  },
);

test.each([
  ['refuses', 'failed'],
  ['silent', 'timeout'],
] as const)('a car that %s: the vendor says %s and nothing was done', async (car, status) => {
  const { run, phases } = await aLoggedSimulator({ vehicles: { '*': { command: { car } } } });
  const vehicle = await idOf(run, 0);
  const before = await reportAfter(run, vehicle);
  expect(await statusOf(run, vehicle, await send(run, vehicle, unlock))).toBe(status);
  expect(await reportAfter(run, vehicle)).toEqual(before);
  expect(phases()).not.toContain('executed');
});

test('a car refuses by itself what it cannot do', async () => {
  const { run } = aSimulator();
  const vehicle = await idOf(run, 1);
  const action: RemoteAction = { name: 'charge', value: 'start' };
  const sent = await send(run, vehicle, action);
  expect(await statusOf(run, vehicle, sent, action)).toBe('failed');
});

test('the vendor may say pending for ever of what was done, and knows no other actions', async () => {
  const { run, write, phases } = await aLoggedSimulator({
    vehicles: { '*': { action_status: { actions: { lock: { status: 'pending' } } } } },
  });
  const vehicle = await idOf(run, 0);
  const sent = await send(run, vehicle, unlock);
  for (let poll = 0; poll < 3; poll += 1) {
    expect(await statusOf(run, vehicle, sent)).toBe('pending');
  }
  expect(phases()).toContain('executed');
  await write({});
  expect(await statusOf(run, vehicle, sent)).toBe('succeeded');
  const strange = { operation: 'action_status', vehicle, action_id: 'strange' } as const;
  expect(await run({ ...strange, action: unlock })).toMatchObject({
    result: { status: 'unknown' },
  });
});

test.each([
  { what: 'fails', fault: { fail: { code: 'unavailable' } }, code: 'unavailable' },
  {
    what: 'is a refusal of something else',
    fault: { fail: { code: 'internal' } },
    code: 'internal',
  },
  { what: 'never comes', fault: { hang: true }, code: 'timeout' },
  { what: 'comes too late', fault: { latency_ms: minute_ms }, code: 'timeout' },
])('the answer $what, and yet the car has done it', async ({ fault, code }) => {
  const { run, phases } = await aLoggedSimulator({
    vehicles: { '*': { command: { ...fault, taken: true } } },
  });
  const vehicle = await idOf(run, 0);
  const lost = await send(run, vehicle, unlock, { remaining_ms: 80 });
  expect(failureOf(lost)).toMatchObject({ code, sent: true, outcome: 'unknown' });
  expect((await reportAfter(run, vehicle)).lock.state).toBe('unlocked');
  expect(phases()).toEqual(['started', 'taken', 'executed']);
});

test.each([{ hang: true }, { latency_ms: minute_ms }, { fail: { code: 'vehicle_timeout' } }])(
  'an answer that says nothing leaves the outcome open though nothing was done: %j',
  async (fault) => {
    const { run, phases } = await aLoggedSimulator({ vehicles: { '*': { command: fault } } });
    const vehicle = await idOf(run, 0);
    const lost = await send(run, vehicle, unlock, { remaining_ms: 80 });
    expect(failureOf(lost)).toMatchObject({ sent: true, outcome: 'unknown' });
    expect(phases()).toEqual(['started']);
  },
);

test('what is known to be unsent has no open outcome', async () => {
  const fail = { code: 'unavailable', sent: false };
  const { run } = await withControl({ vehicles: { '*': { command: { fail } } } });
  const unsent = failureOf(await send(run, await idOf(run, 0), unlock));
  expect(unsent).toMatchObject({ code: 'unavailable', sent: false });
  expect(unsent).not.toHaveProperty('outcome');
});

test('a command whose time is over before it can be sent is not sent', async () => {
  const { run, requests, phases } = await aLoggedSimulator({
    vehicles: { '*': { command: { starts_after_ms: 10 * minute_ms } } },
  });
  const vehicle = await idOf(run, 0);
  const before = requests();
  const late = await send(run, vehicle, unlock, { send_within_ms: 20 });
  expect(late).toMatchObject({ ok: false, requests: 0 });
  expect(failureOf(late)).toMatchObject({ code: 'timeout', sent: false });
  expect(failureOf(late)).not.toHaveProperty('outcome');
  expect(requests()).toBe(before);
  expect(phases()).toEqual([]);
});

test('a fault can be that of one action, and can wait for its turn', async () => {
  const fail = { code: 'duplicate_request', after: 1, times: 1 };
  const { run } = await withControl({
    vehicles: { '*': { command: { actions: { lock: { fail } } } } },
  });
  const vehicle = await idOf(run, 0);
  const codes = [];
  for (const action of [unlock, climate, unlock, climate, unlock]) {
    codes.push(failureOf(await send(run, vehicle, action))?.code);
  }
  expect(codes).toEqual([undefined, undefined, 'duplicate_request', undefined, undefined]);
});

test.each([
  ['over', { follow_up: { succeeded_means: 'over' } }],
  ['none', { action_id: null, follow_up: null }],
])('the vendor may tell less: follow_up %s', async (follow_up, expected) => {
  const { run } = await withControl({ vehicles: { '*': { command: { follow_up } } } });
  expect(takenOf(await send(run, await idOf(run, 0), unlock))).toMatchObject(expected);
});

test('a car with several commands on their way takes no more', async () => {
  const { run } = aSimulator({ command_latency_ms: 10 * minute_ms });
  const vehicle = await idOf(run, 0);
  for (let turn = 0; turn < 3; turn += 1) takenOf(await send(run, vehicle, unlock));
  const refused = failureOf(await send(run, vehicle, unlock));
  expect(refused?.code).toBe('duplicate_request');
});

test('the memory of a car holds the largest commands that it takes', async () => {
  const { run } = aSimulator({ command_latency_ms: 30 });
  const vehicle = await idOf(run, 0);
  const poi = { latitude: 1, longitude: 2, address: 'ü'.repeat(550) };
  for (let turn = 0; turn < 12; turn += 1) {
    const pois = ['é', 'è'].map((name) => ({ ...poi, name: String(turn) + name.repeat(100) }));
    const sent = [];
    for (let place = 0; place < 3; place += 1) {
      sent.push(await send(run, vehicle, { name: 'navigation', pois }));
    }
    for (const one of sent) {
      const status = () => statusOf(run, vehicle, one, unlock);
      await waitUntil(
        async () => (await status()) === 'succeeded',
        10_000,
        () => 'the car',
      );
    }
  }
  const pois = ['one', 'two', 'three'].map((name) => ({ ...poi, name }));
  const refused = failureOf(await send(run, vehicle, { name: 'navigation', pois }));
  expect(refused?.code).toBe('vehicle_refused');
});

test('trips are told by day and month, and can fail', async () => {
  const { run, write } = await withControl({});
  const vehicle = await idOf(run, 0);
  const month = await run({ operation: 'trips', vehicle, period: '2025-03' });
  if (!month.ok || month.result.operation !== 'trips') throw new Error('no trips');
  const [first] = month.result.days;
  expect(first?.list).toBeNull();
  const day = await run({ operation: 'trips', vehicle, period: first?.date ?? '' });
  expect(day).toMatchObject({ requests: 1, result: { days: [{ date: first?.date }] } });
  await write({ vehicles: { '*': { trips: { fail: { code: 'rate_limited' } } } } });
  const failed = await run({ operation: 'trips', vehicle, period: '2025-03' });
  expect(failureOf(failed)?.code).toBe('rate_limited');
});
