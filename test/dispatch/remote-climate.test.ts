import { describe, expect, test, vi } from 'vitest';
import { createAccountStore } from '../../src/store/account-store.js';
import {
  aRemoteCar,
  aReport,
  reading,
  said,
  taken,
  type ARemoteCar,
  type RemoteCarOptions,
} from './a-remote-car.js';
import { settle, useFakeClock } from './fake-clock.js';
import { MemoryStore } from './memory-store.js';
import { aFailure } from './outcomes.js';

const clock = useFakeClock();
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);

const starts = (car: ARemoteCar) => car.under().map(({ task }) => task.action);

async function confirm(car: ARemoteCar): Promise<void> {
  await car.end(taken());
  await wait(5000);
  await car.end(said('succeeded'), 'action_status');
  await settle();
}

/** A car whose climate this bridge has started, for ten minutes. */
async function warm(options: RemoteCarOptions = {}): Promise<ARemoteCar> {
  const car = aRemoteCar(clock, options);
  await car.command('climate', { value: 'start', id: 'first' });
  await confirm(car);
  for (const read of car.under('cached')) {
    await read.end(reading(clock, options.report ?? aReport(clock)));
  }
  return car;
}

describe('set-points', () => {
  test('are kept, shown and taken by the next start', async () => {
    const car = aRemoteCar(clock);
    await car.command('climate_temperature', { value: 19.3, id: 'a' });
    await car.command('climate_duration', '20');
    await car.command('climate_defrost', 'on');
    await car.command('climate_seat_rear_left', 'heat_low');
    expect(car.story('a')).toEqual(['accepted', 'succeeded']);
    expect([car.left, car.waiting.total]).toEqual([[], 0]);
    const { climate } = await car.state();
    expect(climate).toMatchObject({
      ...{ target: 19.5, duration_min: 20, start_defrost: true },
      seats: { rear_left: 'heat_low', front_left: null },
    });
    await car.command('climate', 'start');
    expect(starts(car)).toMatchObject([
      {
        ...{ name: 'climate_start', temperature: 19.5, unit: 'C', duration_min: 20, defrost: true },
        seats: { rear_left: 'heat_low', front_left: null },
      },
    ]);
  });

  test('are there again after a restart', async () => {
    const store = new MemoryStore();
    const car = aRemoteCar(clock, { store });
    await car.command('climate_temperature', '25');
    const setPoints = await createAccountStore(store, 'home').setPoints();
    const again = aRemoteCar(clock, { store, setPoints });
    await again.command('climate', 'start');
    expect(starts(again)).toMatchObject([{ temperature: 25 }]);
  });

  test('that cannot be stored stay as they were', async () => {
    const car = aRemoteCar(clock);
    await car.command('climate_duration', '20');
    const sending = car.send('25', { name: 'climate_duration' });
    // The command is on the disk, its set-point never gets there.
    expect(car.store.keys('journal')).not.toEqual([]);
    car.store.mode = 'fails';
    await sending;
    await settle();
    car.store.mode = 'works';
    await wait(20_000);
    expect(car.said.at(-1)).toMatchObject({ status: 'failed', code: 'not_stored' });
    expect((await car.state()).climate.duration_min).toBe(20);
  });

  test('what a start names goes before them, the target of the car behind', async () => {
    const car = aRemoteCar(clock, {
      report: aReport(clock, ({ climate }) => {
        climate.target = 22;
      }),
    });
    await car.command('climate_duration', '20');
    await car.command('climate', { value: 'start', duration: 5 });
    expect(starts(car)).toMatchObject([{ temperature: 22, duration_min: 5 }]);
  });

  test('a start with a temperature of its own sets no set-point', async () => {
    const car = aRemoteCar(clock);
    await car.command('climate_temperature', '19');
    await car.command('climate', { value: 'start', temperature: 25 });
    expect((await car.state()).climate.target).toBe(19);
  });
});

describe('mode and temperature as two messages', () => {
  test('the word auto waits for the temperature, and one start leaves with it', async () => {
    const car = aRemoteCar(clock);
    await car.command('climate', { value: 'auto', id: 'mode' });
    await wait(1000);
    expect(car.left).toEqual([]);
    await car.command('climate_temperature', { value: 24, id: 'temperature' });
    expect(starts(car)).toMatchObject([{ name: 'climate_start', temperature: 24 }]);
    expect(car.story('temperature')).toEqual(['accepted', 'succeeded']);
    await confirm(car);
    await wait(600_000);
    expect(car.under()).toEqual([]);
    expect(car.story('mode').at(-1)).toBe('succeeded action_status');
  });

  test('it waits no longer than 1.5 s, the word start not at all', async () => {
    const car = aRemoteCar(clock);
    await car.command('climate', 'auto');
    await wait(1499);
    expect(car.left).toEqual([]);
    await wait(1);
    expect(car.under()).toHaveLength(1);
    const other = aRemoteCar(clock);
    await other.command('climate', 'on');
    expect(other.under()).toHaveLength(1);
  });

  test('the temperature first: one start with it', async () => {
    const car = aRemoteCar(clock);
    await car.command('climate_temperature', '24');
    await car.command('climate', 'auto');
    await wait(1500);
    expect(starts(car)).toMatchObject([{ temperature: 24 }]);
    await confirm(car);
    await wait(600_000);
    expect(car.under()).toEqual([]);
  });

  test.each([
    ['the mode first', ['climate', 'climate_temperature']],
    ['the temperature first', ['climate_temperature', 'climate']],
  ])('while the climate is on, too, it is one start: %s', async (_, order) => {
    const car = await warm();
    for (const name of order) {
      await car.command(name, { value: name === 'climate' ? 'auto' : 24, id: name });
    }
    await wait(1500);
    expect(starts(car)).toMatchObject([{ temperature: 24 }]);
    expect(car.story('climate_temperature')).toEqual(['accepted', 'succeeded']);
    await confirm(car);
    await wait(60_000);
    expect(car.under()).toEqual([]);
    expect(car.story('climate').at(-1)).toBe('succeeded action_status');
  });
});

describe('a temperature while the climate is on', () => {
  test('starts it anew after 3 s, with the last of them', async () => {
    const car = await warm();
    await car.command('climate_temperature', { value: 20, id: 'a' });
    await wait(2000);
    await car.command('climate_temperature', { value: 23, id: 'b' });
    await wait(2999);
    expect(car.under()).toEqual([]);
    await wait(1);
    expect(starts(car)).toMatchObject([{ name: 'climate_start', temperature: 23 }]);
    await confirm(car);
    expect(car.events('a').at(-1)).toMatchObject({ status: 'superseded', superseded_by: 'b' });
    expect(car.story('b').at(-1)).toBe('succeeded action_status');
  });

  test.each([
    { why: 'the time of the start is over', after_ms: 596_000, drivetrain: 'ev' },
    { why: 'the car has an engine, too', after_ms: 0, drivetrain: 'phev' },
    { why: 'nobody knows what drives the car', after_ms: 0, drivetrain: null },
  ] as const)('only changes the set-point when $why', async ({ after_ms, drivetrain }) => {
    const report = aReport(clock, (reported) => {
      reported.drivetrain = drivetrain;
    });
    const car = await warm({ report, drivetrain });
    await wait(after_ms);
    await car.command('climate_temperature', { value: 23, id: 'a' });
    await wait(10_000);
    expect(car.story('a')).toEqual(['accepted', 'succeeded']);
    expect(car.under()).toEqual([]);
    expect((await car.state()).climate.target).toBe(23);
  });

  test.each([
    ['was not confirmed', aFailure('vehicle_refused', { sent: true })],
    ['was never sent', aFailure('pin_rejected', { sent: false })],
  ])('only changes the set-point when the start %s', async (_, outcome) => {
    const car = aRemoteCar(clock);
    await car.command('climate', 'start');
    await car.end(outcome);
    await car.command('climate_temperature', { value: 23, id: 'a' });
    expect(car.story('a')).toEqual(['accepted', 'succeeded']);
  });

  test('starts nothing when the time of the start ends before its turn', async () => {
    const car = await warm();
    await wait(593_500);
    await car.command('climate_temperature', { value: 23, id: 'a' });
    expect(car.story('a')).toEqual(['accepted']);
    await wait(3000);
    await wait(3000);
    expect(car.story('a')).toEqual(['accepted', 'succeeded']);
    expect([car.under(), car.waiting.total]).toEqual([[], 0]);
  });

  test('starts nothing when the car has reported meanwhile that it is off', async () => {
    const car = await warm();
    await wait(60_000);
    await car.command('refresh', 'cached');
    await car.end(reading(clock, aReport(clock, undefined, 5)), 'cached');
    await car.command('climate_temperature', { value: 23, id: 'a' });
    expect(car.story('a')).toEqual(['accepted', 'succeeded']);
  });

  test('starts nothing when it is stopped meanwhile', async () => {
    const car = await warm();
    await car.command('climate_temperature', { value: 23, id: 'a' });
    await car.command('climate', { value: 'stop', id: 'stop' });
    expect(starts(car)).toEqual([{ name: 'climate_stop' }]);
    await confirm(car);
    await wait(60_000);
    expect(car.under()).toEqual([]);
    expect(car.story('a')).toEqual(['accepted', 'succeeded']);
    await car.command('climate_temperature', { value: 20, id: 'b' });
    expect(car.story('b')).toEqual(['accepted', 'succeeded']);
  });

  test('starts nothing behind a stop that is under way', async () => {
    const car = await warm();
    await car.command('climate', 'stop');
    await car.end(taken());
    await car.command('climate_temperature', { value: 23, id: 'a' });
    await wait(5000);
    await car.end(said('succeeded'), 'action_status');
    await wait(10_000);
    expect(car.under()).toEqual([]);
    expect(car.story('a')).toEqual(['accepted', 'succeeded']);
    expect(car.waiting.total).toBe(0);
  });
});
