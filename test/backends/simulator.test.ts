import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { SimulatorEffect } from '../../src/backends/simulator.js';
import type { Outcome, Task } from '../../src/vehicle/task.js';
import { SharedText, sharedTextBytes } from '../../src/backends/simulator-shared-text.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';
import { aSimulator, failureOf, idOf, listed, reportOf, withControl } from './a-simulator.js';

test('sign-in lists the cars and gives a session', async () => {
  const { run } = aSimulator({ vehicles: 3, brand: 'kia' });
  const outcome = await run({ operation: 'sign_in', session: null });
  expect(outcome.session).toBeDefined();
  const vehicles = await listed(run);
  expect(vehicles.map(({ drivetrain }) => drivetrain)).toEqual(['ev', 'phev', 'hev']);
  expect(vehicles.every(({ brand }) => brand === 'kia')).toBe(true);
});

test('without a session reads answer auth_failed, and nothing is sent', async () => {
  const { run, requests } = aSimulator();
  const outcome = await run({ operation: 'cached', vehicle: 'any', session: null });
  expect(failureOf(outcome)).toMatchObject({ code: 'auth_failed', sent: false });
  expect(requests()).toBe(0);
});

test('a car that is not listed is unknown', async () => {
  const { run } = aSimulator();
  const outcome = await run({ operation: 'force', vehicle: 'nobody' });
  expect(failureOf(outcome)?.code).toBe('unknown_vehicle');
});

test('cached shows the last report, force makes the car report anew', async () => {
  const { run } = aSimulator();
  const vehicle = await idOf(run, 0);
  const first = reportOf(await run({ operation: 'cached', vehicle }));
  const second = reportOf(await run({ operation: 'cached', vehicle }));
  expect(second).toEqual(first);
  const forced = await run({ operation: 'force', vehicle });
  expect(forced).toMatchObject({ ok: true, requests: 2, result: { advanced: true } });
  const woken = reportOf(forced);
  expect(Date.parse(woken.reported_at ?? '')).toBeGreaterThan(Date.parse(first.reported_at ?? ''));
  expect(reportOf(await run({ operation: 'cached', vehicle }))).toEqual(woken);
});

test('requests are told as they are sent', async () => {
  const { run, requests } = aSimulator();
  const vehicle = await idOf(run, 0);
  expect(requests()).toBe(2);
  await run({ operation: 'cached', vehicle });
  await run({ operation: 'force', vehicle });
  expect(requests()).toBe(5);
});

test('two backends on the same memory see the same cars, others do not', async () => {
  const one = aSimulator();
  const two = aSimulator({ shared: one.settings.shared });
  const elsewhere = aSimulator();
  const vehicle = await idOf(one.run, 1);
  const before = reportOf(await two.run({ operation: 'cached', vehicle }));
  const woken = reportOf(await one.run({ operation: 'force', vehicle }));
  expect(reportOf(await two.run({ operation: 'cached', vehicle }))).toEqual(woken);
  const other = reportOf(await elsewhere.run({ operation: 'cached', vehicle }));
  expect(other.odometer_km).toBe(before.odometer_km);
  expect(other.reported_at).not.toBe(woken.reported_at);
});

test('a slow car ends with timeout at the deadline and has not woken', async () => {
  const { run } = aSimulator({ force_latency_ms: 60_000 });
  const vehicle = await idOf(run, 0);
  const before = reportOf(await run({ operation: 'cached', vehicle }));
  const outcome = await run({ operation: 'force', vehicle, remaining_ms: 30 });
  expect(failureOf(outcome)).toMatchObject({ code: 'timeout', retryable: true, sent: true });
  expect(reportOf(await run({ operation: 'cached', vehicle }))).toEqual(before);
});

test('closing ends a wait as interrupted', async () => {
  const { run, backend } = aSimulator({ latency_ms: 60_000 });
  const waiting = run({ operation: 'sign_in', session: null });
  await backend.close();
  await backend.close();
  expect(failureOf(await waiting)?.code).toBe('interrupted');
  expect(failureOf(await run({ operation: 'sign_in' }))?.code).toBe('interrupted');
});

test('a fault strikes as often as it says, across threads, and again once rewritten', async () => {
  const control = { vehicles: { '*': { cached: { fail: { code: 'unavailable', times: 2 } } } } };
  const one = await withControl(control);
  const two = aSimulator({
    shared: one.settings.shared,
    control_file: one.settings.control_file ?? '',
  });
  const vehicle = await idOf(one.run, 0);
  const codes = [];
  for (const { run } of [one, two, one, two]) {
    codes.push(failureOf(await run({ operation: 'cached', vehicle }))?.code);
  }
  expect(codes).toEqual(['unavailable', 'unavailable', undefined, undefined]);
  await one.write({ ...control, sign_in: {} });
  const again = await two.run({ operation: 'cached', vehicle });
  expect(failureOf(again)).toMatchObject({ code: 'unavailable', retryable: true });
});

test("a car's own fault goes before that of all cars, by operation", async () => {
  const { run, write } = await withControl({});
  const [first, second] = await listed(run);
  const vehicle = first?.id ?? '';
  await write({
    vehicles: {
      '*': { cached: { fail: { code: 'unavailable' } }, force: { fail: { code: 'internal' } } },
      [vehicle]: { cached: {} },
      [second?.vin ?? '']: {
        force: { fail: { code: 'rate_limited', message: 'enough', retry_after_s: 60 } },
      },
    },
  });
  expect((await run({ operation: 'cached', vehicle })).ok).toBe(true);
  expect(failureOf(await run({ operation: 'force', vehicle }))?.code).toBe('internal');
  const other = second?.id ?? '';
  expect(failureOf(await run({ operation: 'force', vehicle: other }))).toEqual({
    code: 'rate_limited',
    message: 'enough',
    retryable: true,
    retry_after_s: 60,
  });
  expect(failureOf(await run({ operation: 'cached', vehicle: other }))?.code).toBe('unavailable');
});

test('a hang is ended by the deadline only, and a latency replaces the configured one', async () => {
  const { run, write } = await withControl(
    { vehicles: { '*': { cached: { hang: true }, force: { latency_ms: 0 } } } },
    { force_latency_ms: 60_000 },
  );
  const vehicle = await idOf(run, 0);
  const hung = await run({ operation: 'cached', vehicle, remaining_ms: 40 });
  expect(failureOf(hung)?.code).toBe('timeout');
  expect((await run({ operation: 'force', vehicle })).ok).toBe(true);
  await write({});
  expect((await run({ operation: 'cached', vehicle })).ok).toBe(true);
});

test('the charge of the 12 V battery can be told, of a read and of a wake', async () => {
  const { run } = await withControl({
    vehicles: { '*': { cached: { aux_battery: 41 }, force: { aux_battery: 39 } } },
  });
  const vehicle = await idOf(run, 0);
  const own = reportOf(await aSimulator().run({ operation: 'cached', vehicle }));
  expect(reportOf(await run({ operation: 'cached', vehicle })).aux_battery).toEqual({
    ...own.aux_battery,
    level: 41,
  });
  expect(reportOf(await run({ operation: 'force', vehicle })).aux_battery.level).toBe(39);
});

test('sign-in can fail', async () => {
  const { run } = await withControl({ sign_in: { fail: { code: 'otp_required' } } });
  const outcome = await run({ operation: 'sign_in', session: null });
  expect(failureOf(outcome)?.code).toBe('otp_required');
});

test('a code is asked for, sent and taken once; a device that has given it is asked no more', async () => {
  const { run, write } = await withControl({ code: '123456' });
  const signIn = (device: Task['device']) => run({ operation: 'sign_in', session: null, device });
  const asked = await signIn(null);
  expect(asked).toMatchObject({ failure: { code: 'otp_required' } });
  expect(asked).toMatchObject({ challenge: { methods: ['email', 'sms'] } });
  const submit = (code: string, { device }: Outcome) =>
    run({ operation: 'submit_code', session: null, code, device: device ?? null });
  // Nobody has had it sent yet.
  const early = await submit('123456', asked);
  expect(early).toMatchObject({ failure: { code: 'otp_required' } });

  const sent = await run({
    ...{ operation: 'request_code', method: 'sms', session: null },
    device: asked.device ?? null,
  });
  expect(sent).toMatchObject({ result: { operation: 'request_code', method: 'sms' } });
  const wrong = await submit('000000', sent);
  expect(wrong).toMatchObject({ failure: { code: 'otp_required' }, device: sent.device });
  const right = await submit('123456', wrong);
  expect(right).toMatchObject({ result: { operation: 'sign_in' } });
  expect(right.session).toBeDefined();
  expect(await signIn(right.device ?? null)).toMatchObject({ ok: true });

  // A sign-in in between voids the code.
  const anew = await signIn(sent.device ?? null);
  expect((await submit('123456', anew)).ok).toBe(false);
  await write({});
  expect(await signIn(null)).toMatchObject({ ok: true });
});

test.each([
  ['missing', undefined, /ENOENT/],
  ['no JSON', '{', /JSON/],
  ['of another shape', { vehicles: { '*': { cached: { fail: { code: 'odd' } } } } }, /code/],
])('a control file that is %s means no faults and one warning', async (_, control, expected) => {
  const control_file = join(await tempDir(), 'control.json');
  if (control !== undefined) {
    await writeFile(control_file, typeof control === 'string' ? control : JSON.stringify(control));
  }
  const { run, logs } = aSimulator({ control_file });
  const vehicle = await idOf(run, 0);
  expect((await run({ operation: 'cached', vehicle })).ok).toBe(true);
  expect(logs).toHaveLength(1);
  expect(logs[0]?.level).toBe('warn');
  expect(logs[0]?.message).toMatch(expected);
});

test('the log file tells what was started and what was done', async () => {
  const log_file = join(await tempDir(), 'effects.jsonl');
  const { run } = await withControl(
    { vehicles: { '*': { cached: { hang: true } } } },
    { log_file },
  );
  const vehicle = await idOf(run, 0);
  await run({ operation: 'force', vehicle, attempt: 'f', command_id: 'mine' });
  await run({ operation: 'cached', vehicle, attempt: 'c', remaining_ms: 10 });
  const lines = readFileSync(log_file, 'utf8').trimEnd().split('\n');
  const effects = lines.map((line) => JSON.parse(line) as SimulatorEffect);
  expect(effects.map((one) => [one.operation, one.phase, one.vehicle, one.command_id])).toEqual([
    ['sign_in', 'started', null, null],
    ['sign_in', 'done', null, null],
    ['force', 'started', vehicle, 'mine'],
    ['force', 'done', vehicle, 'mine'],
    ['cached', 'started', vehicle, null],
  ]);
  expect(effects.at(-1)?.attempt).toBe('c');
});

test('the session never reaches the log file or a log line', async () => {
  const log_file = join(await tempDir(), 'effects.jsonl');
  const { run, logs } = aSimulator({ log_file, control_file: join(await tempDir(), 'none') });
  const { session: made } = await run({ operation: 'sign_in', session: null });
  await run({ operation: 'cached', vehicle: await idOf(run, 0), session: made ?? null });
  const token = String(made?.['token']);
  expect(token.length).toBeGreaterThan(10);
  expect(readFileSync(log_file, 'utf8') + JSON.stringify(logs)).not.toContain(token);
});

const builtText = new URL('../../dist/backends/simulator-shared-text.js', import.meta.url);

function startThread(body: string, memory: SharedArrayBuffer): Worker {
  if (!existsSync(builtText)) throw new Error('dist is missing: run `npm run build` first');
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(${JSON.stringify(builtText.href)}).then(({ SharedText }) => {
      const text = new SharedText(workerData, 0);
      ${body}
    });`;
  const worker = new Worker(code, { eval: true, workerData: memory });
  onTeardown(async () => {
    await worker.terminate();
  });
  return worker;
}

test('threads take turns: no change is lost', async () => {
  const memory = new SharedArrayBuffer(sharedTextBytes);
  const add = `
    for (let turn = 0; turn < 2000; turn += 1) {
      text.exchange((old) => ({ answer: undefined, text: String(Number(old) + 1) }));
    }
    parentPort.postMessage('done');`;
  await Promise.all([1, 2, 3].map(() => once(startThread(add, memory), 'message')));
  expect(new SharedText(memory, 0).exchange((text) => ({ answer: text }))).toBe('6000');
});

test('the lock of a thread that was terminated is taken over, and the text is whole', async () => {
  const memory = new SharedArrayBuffer(sharedTextBytes);
  const text = new SharedText(memory, 0);
  text.exchange(() => ({ answer: undefined, text: 'whole' }));
  const holder = startThread(
    `text.exchange(() => { parentPort.postMessage('held'); for (;;); });`,
    memory,
  );
  await once(holder, 'message');
  await holder.terminate();
  expect(text.exchange((old) => ({ answer: old, text: 'next' }))).toBe('whole');
  expect(text.exchange((old) => ({ answer: old }))).toBe('next');
});

test('a text that does not fit is refused and the lock is free again', () => {
  const text = new SharedText(new SharedArrayBuffer(sharedTextBytes), 0);
  expect(() => text.exchange(() => ({ answer: 1, text: 'x'.repeat(sharedTextBytes) }))).toThrow(
    /expected at most/,
  );
  expect(text.exchange((old) => ({ answer: old }))).toBe('');
});
