import { describe, expect, test, vi } from 'vitest';
import { aRemoteCar, aReport, reading, said, taken } from './a-remote-car.js';
import { aCar } from './an-account.js';
import { settle, useFakeClock } from './fake-clock.js';
import { aFailure } from './outcomes.js';

const clock = useFakeClock();
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const lost = aFailure('timeout', { outcome: 'unknown', sent: true });
const refusedUnsent = aFailure('unavailable', { sent: false });

describe('a command and its car', () => {
  test('is accepted, runs, is confirmed by the vendor and succeeds', async () => {
    const car = aRemoteCar(clock);
    await car.command('lock', { value: 'unlock', id: 'a' });
    await car.end(taken());
    await wait(5000);
    await car.end(said('pending'), 'action_status');
    await wait(5000);
    await car.end(said('succeeded'), 'action_status');
    expect(car.story('a')).toEqual([
      'accepted',
      'running',
      'confirming',
      'succeeded action_status',
    ]);
    const [, running, confirming, ended] = car.events('a');
    expect(running).toMatchObject({ attempt: 1, queued_ms: 0 });
    expect(confirming).toMatchObject({ action_id: 'act-1' });
    expect(ended).toMatchObject({ value: 'unlock', duration_ms: 10_000 });
    expect(car.waiting.total).toBe(0);
  });

  test('its task names what is sent, for whom, and how long it may still be', async () => {
    const car = aRemoteCar(clock);
    car.setReady(false);
    await car.command('lock', { value: 'lock', id: 'a', expires_in: 30 });
    await wait(12_000);
    car.setReady(true);
    await settle();
    expect(car.under()[0]?.task).toMatchObject({
      ...{ operation: 'command', vehicle: 'car', command_id: 'a', send_within_ms: 18_000 },
      action: { name: 'lock', value: 'lock' },
    });
  });

  test('a lock is neither locked nor unlocked while its command runs, and then what was wanted', async () => {
    const car = aRemoteCar(clock);
    await car.command('lock', 'unlock');
    await car.end(taken());
    expect((await car.state()).lock.state).toBe('unlocking');
    await wait(5000);
    await car.end(said('succeeded'), 'action_status');
    expect((await car.state()).lock.state).toBe('unlocked');
  });

  test('what was confirmed is believed although the cloud shows the old state, until the car reports', async () => {
    const car = aRemoteCar(clock);
    await car.command('lock', 'unlock');
    await car.end(taken());
    await wait(5000);
    await car.end(said('succeeded'), 'action_status');
    await car.end(reading(clock, aReport(clock)), 'cached');
    expect((await car.state()).lock.state).toBe('unlocked');
    await wait(60_000);
    await car.command('refresh', 'cached');
    await car.end(reading(clock, aReport(clock, undefined, 10)), 'cached');
    expect((await car.state()).lock.state).toBe('locked');
  });

  test('a report of the second before does not hide what was confirmed', async () => {
    const report = aReport(clock, undefined, 0);
    const car = aRemoteCar(clock, { report });
    await wait(300);
    await car.command('lock', 'unlock');
    await car.end(taken());
    await wait(5000);
    await car.end(said('succeeded'), 'action_status');
    await car.end(reading(clock, report), 'cached');
    expect((await car.state()).lock.state).toBe('unlocked');
  });

  test('after an unknown outcome the value is null until the car reports anew', async () => {
    const car = aRemoteCar(clock, {
      confirm: { poll_ms: null, for_ms: 120_000, read_back_ms: [5000] },
    });
    await car.command('lock', { value: 'unlock', id: 'a' });
    await car.end(lost);
    expect((await car.state()).lock.state).toBe('unlocking');
    await wait(5000);
    await car.end(reading(clock, aReport(clock)), 'cached');
    expect(car.story('a').at(-1)).toBe('failed timeout unknown');
    expect((await car.state()).lock.state).toBeNull();
    await car.end(reading(clock, aReport(clock)), 'cached');
    expect((await car.state()).lock.state).toBeNull();
    await wait(60_000);
    await car.command('refresh', 'cached');
    await car.end(reading(clock, aReport(clock, undefined, 1)), 'cached');
    expect((await car.state()).lock.state).toBe('locked');
  });

  test('a refusal leaves everything as it was', async () => {
    const car = aRemoteCar(clock);
    await car.command('lock', { value: 'unlock', id: 'a' });
    await car.end(taken());
    await wait(5000);
    await car.end(said('failed'), 'action_status');
    expect(car.story('a').at(-1)).toBe('failed vehicle_refused');
    expect((await car.state()).lock.state).toBe('locked');
  });

  test('a later command does not make an earlier belief last', async () => {
    const car = aRemoteCar(clock);
    await car.command('lock', 'unlock');
    await car.end(taken());
    await wait(5000);
    await car.end(said('succeeded'), 'action_status');
    await car.end(reading(clock, aReport(clock)), 'cached');
    await wait(20_000);
    await car.command('charge_port', 'open');
    await car.end(taken());
    await wait(5000);
    await car.end(said('succeeded'), 'action_status');
    // Of after the first, of before the second.
    await car.end(reading(clock, aReport(clock, undefined, 15)), 'cached');
    const { lock, ev } = await car.state();
    expect([lock.state, ev.port_open]).toEqual(['locked', true]);
  });

  test.each([
    { what: 'is confirmed by the vendor', name: 'lock', status: 'succeeded' },
    { what: 'is refused by the car', name: 'lock', status: 'failed' },
    { what: 'cannot be read back', name: 'horn', status: undefined },
  ] as const)('the cloud is read after one that $what', async ({ name, status }) => {
    const car = aRemoteCar(clock);
    await car.command(name, name === 'horn' ? 'PRESS' : 'lock');
    await car.end(taken(status === undefined ? null : {}));
    await wait(5000);
    if (status !== undefined) await car.end(said(status), 'action_status');
    expect(car.under('cached')).toHaveLength(1);
    expect(car.under('cached')[0]?.task).not.toHaveProperty('command_id');
  });

  test('nothing is read after what never left', async () => {
    const car = aRemoteCar(clock);
    await car.command('lock', { value: 'lock', id: 'a' });
    await car.end(aFailure('pin_rejected', { sent: false }));
    expect(car.story('a').at(-1)).toBe('failed pin_rejected');
    expect(car.left).toEqual([]);
  });

  test('what the vendor does not offer is offered no more', async () => {
    const car = aRemoteCar(clock);
    await car.command('lock', { value: 'lock', id: 'a' });
    await car.end(aFailure('unsupported', { sent: true }));
    expect(car.story('a').at(-1)).toBe('failed unsupported');
    expect(car.infos.findLast(({ id }) => id === 'car')?.commands).not.toHaveProperty('lock');
    await car.command('lock', { value: 'lock', id: 'b' });
    expect(car.story('b')).toEqual(['rejected unsupported']);
  });
});

describe('at most once', () => {
  test('a session that is refused before anything left is renewed, and the command sent once', async () => {
    const car = aRemoteCar(clock);
    await car.command('lock', { value: 'lock', id: 'a' });
    await car.end(aFailure('auth_failed', { sent: false }));
    expect(car.under()).toHaveLength(1);
    await car.end(aFailure('auth_failed', { sent: false }));
    expect(car.left).toEqual([]);
    expect(car.story('a')).toEqual(['accepted', 'running', 'failed auth_failed']);
  });

  test('a session that was refused when it may have left is not tried with another', async () => {
    const car = aRemoteCar(clock);
    await car.command('lock', { value: 'lock', id: 'a' });
    await car.end(aFailure('auth_failed', { sent: true, outcome: 'unknown' }));
    expect(car.under()).toEqual([]);
    await wait(50_000);
    expect(car.under()).toEqual([]);
  });

  test('one that could not start with an account that is renewed waits', async () => {
    const car = aRemoteCar(clock);
    car.store.mode = 'hangs';
    const sending = car.command('lock', { value: 'lock', id: 'a' });
    await settle();
    car.store.goOn();
    await sending;
    await car.end(aFailure('auth_failed', { sent: false }));
    car.setReady(false);
    await car.end(refusedUnsent);
    expect(car.story('a')).toEqual(['accepted', 'running']);
    car.setReady(true);
    await wait(10_000);
    await car.end(taken(null));
    expect(car.events('a').at(-1)).toMatchObject({ status: 'confirming' });
  });

  test.each(['vehicle_refused', 'pin_rejected', 'internal', 'timeout', 'unavailable'] as const)(
    'a failure %s after it left is not repeated',
    async (code) => {
      const car = aRemoteCar(clock);
      await car.command('lock', { value: 'lock', id: 'a' });
      await car.end(aFailure(code, { sent: true }));
      await wait(700_000);
      expect(car.under()).toEqual([]);
      expect(car.story('a').at(-1)).toBe(`failed ${code}`);
    },
  );

  test('while one car confirms, a refresh of it waits and another car goes on', async () => {
    const car = aRemoteCar(clock);
    await car.command('lock', 'lock');
    await car.end(taken());
    await car.command('refresh', 'force');
    await car.command('charge', 'start');
    await car.command('lock', 'lock', { car: aCar('one') });
    expect(car.left.map(({ task }) => [task.vehicle, task.operation])).toEqual([
      ['one', 'command'],
    ]);
    await car.end(taken());
    await wait(5000);
    for (const call of car.under('action_status')) await call.end(said('succeeded'));
    // Remote commands go before refreshes.
    const next = car.left.filter(
      ({ task }) => task.vehicle === 'car' && task.operation !== 'cached',
    );
    expect(next.map(({ task }) => task.action?.name)).toEqual(['charge']);
    expect(car.overlaps).toEqual([]);
  });
});

describe('time', () => {
  test('one that waits ends at its time while every thread is busy', async () => {
    const car = aRemoteCar(clock, { slots: 0 });
    await car.command('lock', { value: 'unlock', id: 'a' });
    await wait(59_999);
    expect(car.story('a')).toEqual(['accepted']);
    await wait(1);
    expect(car.story('a')).toEqual(['accepted', 'expired']);
    expect([car.left, car.waiting.total, car.dispatcher.depth]).toEqual([[], 0, 0]);
  });

  test('one whose time is over before the journal has it expires, and nothing leaves', async () => {
    const car = aRemoteCar(clock);
    car.store.mode = 'works';
    car.setReady(false);
    await car.command('lock', { value: 'lock', id: 'a', expires_in: 2 });
    car.store.mode = 'hangs';
    car.setReady(true);
    await wait(2500);
    expect(car.story('a')).toEqual(['accepted']);
    car.store.goOn();
    await settle();
    expect(car.story('a')).toEqual(['accepted', 'expired']);
    expect(car.left).toEqual([]);
  });

  test('one that the journal does not take does not leave', async () => {
    const car = aRemoteCar(clock);
    car.setReady(false);
    await car.command('lock', { value: 'lock', id: 'a' });
    car.store.mode = 'fails';
    car.setReady(true);
    await settle();
    car.store.mode = 'works';
    await wait(10_000);
    expect(car.story('a')).toEqual(['accepted', 'failed not_stored']);
    expect(car.left).toEqual([]);
  });

  test('what the backend found too late to send has failed', async () => {
    const car = aRemoteCar(clock);
    await car.command('lock', { value: 'lock', id: 'a' });
    await car.end(aFailure('timeout', { sent: false }));
    expect(car.story('a')).toEqual(['accepted', 'running', 'failed timeout']);
    // The car has nothing to do with it: its lane is free.
    await car.command('lock', { value: 'lock', id: 'b' });
    expect(car.under()).toHaveLength(1);
  });

  test('a start waits for its temperature no longer than it can', async () => {
    const car = aRemoteCar(clock);
    await car.command('climate', { value: 'auto', id: 'a', expires_in: 1 });
    await wait(1000);
    expect(car.under()).toHaveLength(1);
  });
});

describe('trying again', () => {
  test.each([
    ['duplicate_request', aFailure('duplicate_request', { sent: true })],
    ['unavailable', refusedUnsent],
  ])('%s: after 10 s, then by the policy, counting as waiting', async (_, outcome) => {
    const car = aRemoteCar(clock);
    await car.command('charge', { value: 'start', id: 'a' });
    for (const pause_ms of [10_000, 2000, 4000]) {
      expect(car.waiting.total).toBe(0);
      await car.end(outcome);
      expect(car.waiting.of('car')).toBe(1);
      await wait(pause_ms - 1);
      expect(car.under()).toEqual([]);
      await wait(1);
      expect(car.under()).toHaveLength(1);
    }
    await car.end(taken());
    expect(car.events('a').map(({ status, attempt }) => [status, attempt])).toEqual([
      ['accepted', undefined],
      ...[1, 2, 3, 4].map((attempt) => ['running', attempt]),
      ['confirming', undefined],
    ]);
  });

  test('what the vendor asks for is respected', async () => {
    const car = aRemoteCar(clock);
    await car.command('charge', 'start');
    await car.end(aFailure('duplicate_request', { retry_after_s: 60 }));
    await wait(59_999);
    expect(car.under()).toEqual([]);
    await wait(1);
    expect(car.under()).toHaveLength(1);
  });

  test('until its time is over: then it has failed with the last code', async () => {
    const car = aRemoteCar(clock);
    await car.command('charge', { value: 'start', id: 'a', expires_in: 15 });
    await car.end(refusedUnsent);
    await wait(10_000);
    await car.end(aFailure('duplicate_request', { retry_after_s: 30 }));
    await wait(5000);
    expect(car.story('a').at(-1)).toBe('failed duplicate_request');
    await wait(60_000);
    expect([car.left, car.waiting.total]).toEqual([[], 0]);
  });

  test('between tries it can be replaced, and cancelled', async () => {
    const car = aRemoteCar(clock);
    await car.command('lock', { value: 'lock', id: 'a' });
    await car.end(refusedUnsent);
    await car.command('lock', { value: 'unlock', id: 'b' });
    expect(car.events('a').at(-1)).toMatchObject({ status: 'superseded', superseded_by: 'b' });
    await car.end(refusedUnsent);
    expect(car.admissions.peek('b')).toBe('ended');
    expect(car.admissions.cancel('b')).toBe('ended');
    await wait(60_000);
    expect(car.story('b').at(-1)).toBe('cancelled');
    expect([car.left, car.waiting.total]).toEqual([[], 0]);
  });

  test('until the breaker opens: the try that opens it is the last', async () => {
    const car = aRemoteCar(clock);
    await car.command('charge', { value: 'start', id: 'a' });
    for (let tries = 0; tries < 4; tries += 1) {
      await car.end(refusedUnsent);
      await wait(60_000);
    }
    expect(car.under()).toHaveLength(1);
    await car.end(refusedUnsent);
    expect(car.breakers.wake.state.is).toBe('open');
    expect(car.story('a').at(-1)).toBe('failed unavailable');
    await car.command('charge', { value: 'start', id: 'b' });
    expect(car.story('b')).toEqual(['rejected breaker_open']);
  });

  test('what waits when the breaker opens ends with that, what waits for its companion too', async () => {
    const car = aRemoteCar(clock);
    await car.command('lock', 'lock');
    await car.command('charge', { value: 'start', id: 'waits' });
    await car.command('charge_limit_ac', { value: 80, id: 'holds' });
    for (let time = 0; time < 5; time += 1) {
      await car.breakers.wake.run(() => Promise.resolve(aFailure('unavailable')));
    }
    await settle();
    expect(car.story('waits').at(-1)).toBe('failed breaker_open');
    await wait(1500);
    expect(car.story('holds').at(-1)).toBe('failed breaker_open');
    expect(car.waiting.total).toBe(0);
  });
});

describe('cancelling', () => {
  test('what has left cannot be cancelled any more, nor what is about to be noted as left', async () => {
    const car = aRemoteCar(clock);
    car.setReady(false);
    await car.command('lock', { value: 'lock', id: 'a' });
    expect(car.admissions.peek('a')).toBe('ended');
    car.store.mode = 'hangs';
    car.setReady(true);
    await settle();
    expect([car.admissions.peek('a'), car.admissions.cancel('a')]).toEqual([
      'too_late',
      'too_late',
    ]);
    car.store.goOn();
    await settle();
    expect(car.admissions.cancel('a')).toBe('too_late');
    expect(car.under()).toHaveLength(1);
    await car.end(aFailure('vehicle_refused', { sent: true }));
    expect([car.admissions.peek('a'), car.admissions.cancel('a')]).toEqual([
      'unknown_id',
      'unknown_id',
    ]);
  });
});
