import { describe, expect, test, vi } from 'vitest';
import { aRemoteCar, aReport, reading, said, taken } from './a-remote-car.js';
import { useFakeClock, settle } from './fake-clock.js';
import { MemoryStore } from './memory-store.js';
import { aFailure } from './outcomes.js';

const clock = useFakeClock();
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('a clean stop', () => {
  test('ends what waits at once, wherever it waits, and lets nothing more leave', async () => {
    const car = aRemoteCar(clock);
    await car.command('lock', { value: 'lock', id: 'runs' });
    await car.command('charge', { value: 'start', id: 'in-lane' });
    await car.command('charge_limit_ac', { value: 60, id: 'leader' });
    await car.command('charge_limit_dc', { value: 60, id: 'companion' });
    await car.command('climate', { value: 'auto', id: 'holds' });
    const stopped = car.stopCleanly();
    await settle();
    for (const id of ['in-lane', 'leader', 'companion', 'holds']) {
      expect(car.story(id)).toEqual(['accepted', 'failed interrupted']);
    }
    await car.end(aFailure('duplicate_request'));
    await stopped;
    expect(car.story('runs').at(-1)).toBe('failed duplicate_request');
    await wait(60_000);
    expect([car.left, car.waiting.total, vi.getTimerCount()]).toEqual([[], 0, 0]);
  });

  test('what is confirming ends interrupted, and its value is unknown', async () => {
    const car = aRemoteCar(clock);
    await car.command('lock', { value: 'unlock', id: 'a' });
    await car.end(taken());
    await wait(5000);
    const stopped = car.stopCleanly();
    await car.end(said('pending'), 'action_status');
    await stopped;
    expect(car.story('a').at(-1)).toBe('failed interrupted unknown');
    expect(car.vehicles.report('car')?.lock.state).toBeNull();
    expect(car.dispatcher.running).toBe(0);
  });

  test('what is being noted as left does not leave any more', async () => {
    const car = aRemoteCar(clock);
    car.setReady(false);
    await car.command('lock', { value: 'unlock', id: 'a' });
    car.store.mode = 'hangs';
    car.setReady(true);
    await settle();
    const stopped = car.stopCleanly();
    car.store.goOn();
    await settle();
    await stopped;
    expect(car.story('a')).toEqual(['accepted', 'failed interrupted']);
    expect(car.left).toEqual([]);
  });

  test('a session that is renewed meanwhile sends nothing', async () => {
    const car = aRemoteCar(clock);
    await car.command('lock', { value: 'unlock', id: 'a' });
    const stopped = car.stopCleanly();
    await car.end(aFailure('auth_failed', { sent: false }));
    await stopped;
    expect(car.story('a')).toEqual(['accepted', 'running', 'failed interrupted']);
    expect(car.left).toEqual([]);
  });

  test('what is accepted during the stop ends with it', async () => {
    const car = aRemoteCar(clock);
    await car.command('lock', { value: 'lock', id: 'runs' });
    const stopped = car.stopCleanly();
    await car.command('charge', { value: 'start', id: 'late' });
    expect(car.story('late')).toEqual(['accepted', 'failed interrupted']);
    await car.end(aFailure('vehicle_refused'));
    await stopped;
    expect(car.waiting.total).toBe(0);
  });

  test('what does not end in time ends at the next start', async () => {
    const store = new MemoryStore();
    const car = aRemoteCar(clock, { store });
    await car.command('lock', { value: 'lock', id: 'a' });
    const stopped = car.stopCleanly();
    await wait(5000);
    await stopped;
    await car.end(aFailure('interrupted', { outcome: 'unknown' }));
    expect(car.story('a')).toEqual(['accepted', 'running']);
    const { open } = await car.journal.recover(clock.now(), 0);
    expect(open.map(({ id, started }) => [id, started])).toEqual([['a', true]]);
  });
});

describe('after a restart', () => {
  async function restarted(left: boolean, name: string, value: string | number) {
    const store = new MemoryStore();
    const before = aRemoteCar(clock, left ? { store } : { store, slots: 0 });
    await before.command(name, { value, id: 'a' });
    await wait(1500);
    before.stop();
    await wait(5000);
    const { open, remembered } = await before.journal.recover(clock.now(), 3_600_000);
    const car = aRemoteCar(clock, { store, boot: 2 });
    car.admissions.restore(open, remembered);
    await settle();
    return car;
  }

  test('one that never left has not been sent, and is not', async () => {
    const car = await restarted(false, 'lock', 'unlock');
    await wait(60_000);
    expect(car.story('a')).toEqual(['failed interrupted']);
    expect([car.left, car.waiting.total]).toEqual([[], 0]);
    expect((await car.state()).lock.state).toBe('locked');
  });

  test.each([
    ['lock', 'unlock', ['lock.state']],
    ['charge', 'start', ['ev.charging', 'ev.charge_state']],
    ['charge_limit_ac', 60, ['ev.limit_ac', 'ev.limit_dc']],
    ['climate', 'auto', ['climate.mode']],
  ])('one of %s that may have left is not sent again: nobody knows', async (name, value, paths) => {
    const car = await restarted(true, name, value);
    await wait(60_000);
    expect(car.story('a')).toEqual(['failed interrupted unknown']);
    expect([car.under(), car.waiting.total]).toEqual([[], 0]);
    const state = await car.state();
    for (const path of paths) expect(state).toHaveProperty(path, null);
    await car.command('refresh', 'cached');
    await car.end(reading(clock, aReport(clock, undefined, 1)), 'cached');
    expect((await car.state()).lock.state).toBe('locked');
  });
});
