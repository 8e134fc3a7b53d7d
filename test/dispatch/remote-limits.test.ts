import { describe, expect, test, vi } from 'vitest';
import { vehicleCommandNames } from '../../src/vehicle/command.js';
import { aRemoteCar, taken } from './a-remote-car.js';
import { settle, useFakeClock } from './fake-clock.js';
import { MemoryStore } from './memory-store.js';

const clock = useFakeClock();
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('commands.rate', () => {
  const rate = { count: 2, window_ms: 600_000 };

  test('what a later one replaced before it left was none that the car was sent', async () => {
    const car = aRemoteCar(clock, { rate });
    await car.command('horn', { id: 'a' });
    await car.command('lock', { value: 'unlock', id: 'b' });
    await wait(1);
    await car.command('lock', { value: 'lock', id: 'c' });
    expect(car.story('c')).toEqual(['rejected rate_limited']);
    expect(car.admissions.cancel('b')).toBe('ended');
    await settle();
    await car.command('lock', { value: 'lock', id: 'd' });
    expect(car.story('d')[0]).toBe('accepted');
  });

  test('slides: the next one may come when the oldest is out of the window', async () => {
    const car = aRemoteCar(clock, { rate });
    await car.command('horn', { id: 'a' });
    await wait(100_000);
    await car.command('lights', { id: 'b' });
    await car.command('lock', { value: 'lock', id: 'c' });
    expect(car.events('c')).toMatchObject([
      { status: 'rejected', code: 'rate_limited', retry_after_s: 500 },
    ]);
    await wait(500_000);
    await car.command('lock', { value: 'lock', id: 'd' });
    expect(car.story('d')[0]).toBe('accepted');
  });

  test('holds for those that come at once, before any is stored', async () => {
    const car = aRemoteCar(clock, { rate });
    await Promise.all(['a', 'b', 'c', 'd'].map((id) => car.command('horn', { id })));
    expect(['a', 'b', 'c', 'd'].map((id) => car.story(id)[0])).toEqual([
      ...['accepted', 'accepted', 'rejected rate_limited', 'rejected rate_limited'],
    ]);
  });

  test('what was not stored, set-points, refreshes and dry runs do not count', async () => {
    const car = aRemoteCar(clock, { rate });
    car.store.mode = 'fails';
    await car.command('horn', { id: 'a' });
    await car.command('horn', { id: 'b' });
    car.store.mode = 'works';
    for (let time = 0; time < 3; time += 1) {
      await car.command('climate_temperature', '21');
      await car.command('horn', { dry_run: true });
      await car.command('refresh', 'cached');
    }
    await car.command('horn', { id: 'c' });
    await car.command('horn', { id: 'd' });
    await car.command('horn', { id: 'e' });
    expect(['a', 'b', 'c', 'd', 'e'].map((id) => car.story(id)[0])).toEqual([
      ...['rejected not_stored', 'rejected not_stored'],
      ...['accepted', 'accepted', 'rejected rate_limited'],
    ]);
  });

  test('holds over a restart', async () => {
    const store = new MemoryStore();
    const car = aRemoteCar(clock, { store, rate });
    await car.command('horn', { id: 'a' });
    await car.end(taken(null));
    await wait(1000);
    await car.command('lock', { value: 'lock', id: 'b' });
    await settle();
    const { open, remembered } = await car.journal.recover(clock.now(), 3_600_000);
    const again = aRemoteCar(clock, { store, rate, boot: 2 });
    again.admissions.restore(open, remembered);
    await again.command('horn', { id: 'c' });
    expect(again.story('c')).toEqual(['rejected rate_limited']);
  });
});

describe('what is refused and what only looks', () => {
  const payloads: Readonly<Record<string, Record<string, unknown>>> = {
    lock: { value: 'unlock' },
    climate: { value: 'start' },
    climate_temperature: { value: 21 },
    climate_duration: { value: 20 },
    climate_defrost: { value: 'on' },
    climate_seat_front_left: { value: 'heat_low' },
    climate_seat_front_right: { value: 'heat_low' },
    climate_seat_rear_left: { value: 'heat_low' },
    climate_seat_rear_right: { value: 'heat_low' },
    charge: { value: 'start' },
    charge_limit_ac: { value: 80 },
    charge_limit_dc: { value: 80 },
    charge_limits: { ac: 80, dc: 80 },
    charging_current: { value: 90 },
    charge_port: { value: 'open' },
    windows: { value: 'open' },
    lights: {},
    horn: {},
    valet_mode: { value: 'stop' },
    v2l_limit: { value: 50 },
    schedule: { enabled: true },
    navigation: { pois: [{ name: 'x', latitude: 1, longitude: 2, address: 'y' }] },
  };
  const names = vehicleCommandNames.filter((name) => name !== 'refresh' && name !== 'trips');

  test.each(names)('a dry run of %s ends well, and nothing of it is done', async (name) => {
    const car = aRemoteCar(clock);
    const before = car.vehicles.setPoints('car');
    await car.command(name, { ...payloads[name], dry_run: true, id: 'a' });
    await wait(5000);
    expect(car.events('a').map(({ status, dry_run }) => [status, dry_run])).toEqual([
      ['accepted', undefined],
      ['succeeded', true],
    ]);
    expect([car.left, car.waiting.total]).toEqual([[], 0]);
    expect(car.vehicles.setPoints('car')).toEqual(before);
  });

  test.each(names)('read_only refuses %s', async (name) => {
    const car = aRemoteCar(clock, { readOnly: true });
    await car.command(name, { ...payloads[name], id: 'a' });
    expect(car.story('a')).toEqual(['rejected not_allowed']);
    expect(car.left).toEqual([]);
  });

  test('a full queue refuses the next one, and no other car', async () => {
    const car = aRemoteCar(clock, { slots: 0, queuePerVehicle: 2 });
    await car.command('horn', { id: 'a' });
    await car.command('horn', { id: 'b' });
    await car.command('horn', { id: 'c' });
    expect([car.story('b'), car.story('c')]).toEqual([['accepted'], ['rejected queue_full']]);
  });
});
