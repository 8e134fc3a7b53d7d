import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { failure } from '../../src/vehicle/outcome.js';
import type { Outcome } from '../../src/vehicle/task.js';
import {
  aRead,
  aReport,
  day_ms,
  hour_ms,
  minute_ms,
  pass,
  ScheduledCars,
  seeded,
  useFakeClocks,
  usualSettings,
} from './a-schedule.js';

const clock = useFakeClocks();

const unavailable: Outcome = { ok: false, failure: failure('unavailable', 'away'), requests: 1 };

function scheduled(more: ConstructorParameters<typeof ScheduledCars>[1] = {}): ScheduledCars {
  const world = new ScheduledCars(clock, more);
  world.readNow('one');
  return world;
}

function polledBy(world: ScheduledCars): string[] {
  return world.polls.map(({ vehicle, operation }) => `${vehicle} ${operation}`);
}

test('a car is read once in each interval, counted from the read before the start', async () => {
  const world = scheduled();
  world.lastRead.set('one', Date.now() - 10 * minute_ms);
  world.schedule.start();
  const start = Date.now();
  await pass(2 * hour_ms);
  expect(world.minutesSince(start)).toEqual([20, 50, 80, 110]);
  expect(world.polls.every(({ operation }) => operation === 'cached')).toBe(true);
});

test('the next read and its reason are told', async () => {
  const world = scheduled();
  expect(world.schedule.nextAt).toBeUndefined();
  world.schedule.start();
  const at = Date.now() + 30 * minute_ms;
  expect(world.schedule.nextAt).toBe(at);
  expect(world.schedule.document('one')).toEqual({
    next_poll_at: new Date(at).toISOString(),
    reason: 'interval',
    next_wake_at: null,
    held_by: null,
  });
  expect(world.schedule.document('another').next_poll_at).toBeNull();
  world.changed.mockClear();
  await pass(30 * minute_ms);
  expect(world.schedule.nextAt).toBe(at + 30 * minute_ms);
  expect(world.changed).toHaveBeenCalled();
});

test("a person's read is as good as a poll, which comes a whole interval behind it", async () => {
  const world = scheduled();
  world.schedule.start();
  const start = Date.now();
  await pass(20 * minute_ms);
  world.schedule.read('one');
  await pass(hour_ms);
  expect(world.minutesSince(start)).toEqual([50, 80]);
  world.schedule.read('a car that nobody listed');
  expect(world.polls).toHaveLength(2);
});

test('a car that charges is read more often, and at its end once', async () => {
  const world = scheduled();
  world.schedule.start();
  const start = Date.now();
  const finish_at = new Date(start + 64 * minute_ms).toISOString();
  const charging = aReport({ charging: true, finish_at });
  world.answer = () => aRead(4, Date.now() < Date.parse(finish_at) ? charging : aReport());
  await pass(3 * hour_ms);
  expect(world.minutesSince(start)).toEqual([30, 40, 50, 60, 70, 100, 130, 160]);
});

test('between reads that the budget keeps far apart, the end of charging is read just behind it', async () => {
  const world = scheduled({ share: 100 });
  const start = Date.now();
  const finish_at = new Date(start + 100 * minute_ms).toISOString();
  const charging = aReport({ charging: true, finish_at });
  world.reports.set('one', charging);
  world.answer = () => aRead(4, Date.now() < Date.parse(finish_at) ? charging : aReport());
  world.schedule.start();
  await pass(99 * minute_ms);
  expect(world.schedule.document('one').reason).toBe('charge_end');
  await pass(20 * minute_ms);
  // About half an hour apart, then 2 min behind the end.
  expect(world.minutesSince(start)).toEqual([29, 58, 88, 102]);
});

test('a car that only never told that it has stopped to charge is soon read as one that stands', async () => {
  const world = scheduled();
  const start = Date.now();
  const finish_at = new Date(start + 15 * minute_ms).toISOString();
  world.reports.set('one', aReport({ charging: true, finish_at }));
  world.answer = () => aRead(4, aReport({ charging: true, finish_at }));
  world.schedule.start();
  await pass(3 * hour_ms);
  expect(world.minutesSince(start)).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 110, 140, 170]);
});

test('after failures the gap grows to four hours; any read ends that', async () => {
  const world = scheduled();
  world.answer = () => unavailable;
  world.schedule.start();
  const start = Date.now();
  await pass(12 * hour_ms);
  expect(world.minutesSince(start)).toEqual([30, 60, 120, 240, 480, 720]);
  expect(world.failures.map(({ code }) => code)).toEqual(world.polls.map(() => 'unavailable'));
  expect(world.schedule.document('one').reason).toBe('failed');
  world.schedule.read('one');
  expect(world.schedule.document('one').reason).toBe('interval');
  await pass(31 * minute_ms);
  expect(world.minutesSince(start).at(-1)).toBe(750);
});

test('while something holds the account nothing leaves, and the reason is told', async () => {
  const world = scheduled();
  world.hold = { reason: 'breaker_open' };
  world.schedule.start();
  await pass(3 * hour_ms);
  expect(world.polls).toEqual([]);
  expect(world.schedule.document('one')).toMatchObject({ held_by: 'breaker_open' });
});

test('a short hold delays a poll by no more than a minute', async () => {
  const world = scheduled();
  world.schedule.start();
  await pass(29 * minute_ms);
  world.hold = { reason: 'not_ready' };
  await pass(90_000);
  world.hold = undefined;
  world.schedule.pump();
  await pass(minute_ms);
  expect(world.polls).toHaveLength(1);
  expect(world.schedule.document('one').held_by).toBeNull();
});

test('behind a long hold a thousand bridges do not call at once', async () => {
  const worlds = manyBridges();
  for (const world of worlds) world.hold = { reason: 'breaker_open' };
  await pass(40 * minute_ms);
  for (const world of worlds) {
    world.hold = undefined;
    world.schedule.pump();
  }
  expectSpread(worlds, await firstPolls(worlds));
});

test('a hold with a known end is kept to it, and a little spread', async () => {
  const worlds = manyBridges();
  await pass(20 * minute_ms);
  const end = Date.now() + 5 * hour_ms;
  for (const world of worlds) {
    world.hold = { reason: 'rate_limited', retry_after_s: 5 * 3600 };
    world.schedule.read('one');
    const { held_by, next_poll_at } = world.schedule.document('one');
    expect(held_by).toBe('rate_limited');
    expect(Date.parse(next_poll_at ?? '')).toBeGreaterThanOrEqual(end);
  }
  await pass(5 * hour_ms - minute_ms);
  for (const world of worlds) world.hold = undefined;
  await pass(minute_ms);
  expectSpread(worlds, await firstPolls(worlds));
});

test('two bridges that start together soon read at different times', async () => {
  const worlds = [1, 2].map((seed) => {
    const world = new ScheduledCars(clock, { random: seeded(seed) });
    world.readNow('one');
    world.schedule.start();
    return world;
  });
  await pass(day_ms);
  const [one = [], other = []] = worlds.map(({ polls }) => polls.map(({ at }) => at));
  expect(one.length).toBeGreaterThan(40);
  expect(one.filter((at) => other.includes(at))).toEqual([]);
});

test('behind the quiet hours a thousand bridges do not call at once', async () => {
  const quiet_hours = { from: '01:00', to: '05:00' };
  const zone = process.env['TZ'];
  process.env['TZ'] = 'UTC';
  try {
    const worlds = manyBridges((world) => (world.settings = { ...usualSettings, quiet_hours }));
    await pass(hour_ms);
    const before = worlds.map(({ polls }) => polls.length);
    await pass(4 * hour_ms);
    expect(worlds.map(({ polls }) => polls.length)).toEqual(before);
    expectSpread(worlds, await firstPolls(worlds));
  } finally {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  }
});

test('when the share of polls is used up they wait for midnight, and begin spread', async () => {
  const worlds = manyBridges((world) => {
    world.budget.polled(100);
  }, 100);
  await pass(day_ms - 1);
  expect(worlds.flatMap(({ polls }) => polls)).toEqual([]);
  const held = worlds.filter(({ schedule }) => schedule.document('one').held_by === 'budget');
  expect(held.length).toBeGreaterThan(30);
  await pass(1);
  expectSpread(held, await firstPolls(held));
  await pass(0.1 * day_ms);
  expect(worlds.filter(({ polls }) => polls.length === 0)).toEqual([]);
});

/** A fleet of which each bridge has its own dice. */
function manyBridges(prepare?: (world: ScheduledCars) => void, share?: number): ScheduledCars[] {
  return Array.from({ length: 100 }, (_, seed) => {
    const world = new ScheduledCars(clock, {
      random: seeded(seed * 7919 + 1),
      ...(share === undefined ? {} : { share }),
    });
    world.readNow('one');
    prepare?.(world);
    world.schedule.start();
    return world;
  });
}

/** What each polls first from now on, in seconds. */
async function firstPolls(worlds: readonly ScheduledCars[]): Promise<number[]> {
  const now = Date.now();
  // What is held is looked at once a minute.
  await pass(11 * minute_ms);
  return worlds.flatMap(({ polls }) => {
    const first = polls.find(({ at }) => at >= now);
    return first === undefined ? [] : [Math.floor((first.at - now) / 1000)];
  });
}

/** All of them, and nowhere many at once. */
function expectSpread(worlds: readonly unknown[], first: readonly number[]): void {
  expect(first).toHaveLength(worlds.length);
  const bins = new Map<number, number>();
  for (const second of first) {
    const bin = Math.floor(second / 60);
    bins.set(bin, (bins.get(bin) ?? 0) + 1);
  }
  expect(bins.size).toBeGreaterThan(7);
  expect(Math.max(...bins.values())).toBeLessThan(first.length / 4);
}

test('polls never use more than their share, however many cars and however dear they are', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 0, max: 150 }),
      fc.integer({ min: 5, max: 60 }),
      fc.integer({ min: 0, max: 1000 }),
      async (count, requests, share, every, seed) => {
        const world = new ScheduledCars(clock, { share, random: seeded(seed), usual: requests });
        world.cars = Array.from({ length: count }, (_, number) => `car ${String(number)}`);
        world.settings = { ...usualSettings, every_ms: every * minute_ms };
        world.readNow(...world.cars);
        world.answer = async () => {
          await new Promise((resolve) => setTimeout(resolve, 3 * minute_ms));
          return aRead(requests, aReport({ charging: seed % 2 === 0 }));
        };
        world.schedule.start();
        await pass(2 * day_ms);
        world.schedule.stop();
        for (const used of world.budget.days) expect(used).toBeLessThanOrEqual(share);
        if (share > 20 * requests * count) expect(world.budget.days.length).toBeGreaterThan(1);
      },
    ),
    { numRuns: 25 },
  );
});

/** The time of the wall, `HH:MM`. */
function local(at: number): string {
  const date = new Date(at);
  const parts = [date.getHours(), date.getMinutes()];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

test('quiet hours that are set in the middle of an interval are kept', async () => {
  const world = scheduled();
  world.schedule.start();
  const start = Date.now();
  world.settings = {
    ...usualSettings,
    quiet_hours: { from: local(start + 10 * minute_ms), to: local(start + 190 * minute_ms) },
  };
  world.schedule.settingsChanged();
  expect(world.schedule.document('one').reason).toBe('quiet_hours');
  await pass(4 * hour_ms);
  expect(world.minutesSince(start)).toEqual([195, 225]);
});

test('a clock that is set forward over the end of the quiet hours ends them', async () => {
  const world = scheduled();
  const start = Date.now();
  const quiet_hours = { from: local(start), to: local(start + 5 * hour_ms) };
  world.settings = { ...usualSettings, quiet_hours };
  world.schedule.start();
  await pass(50 * minute_ms);
  expect(world.polls).toEqual([]);
  vi.setSystemTime(start + 6 * hour_ms);
  await pass(20 * minute_ms);
  expect(world.polls).toHaveLength(1);
});

test('a clock that is set back makes no gap longer or shorter', async () => {
  const world = scheduled();
  world.schedule.start();
  const begin = performance.now();
  await pass(10 * minute_ms);
  vi.setSystemTime(Date.now() - 400 * day_ms);
  await pass(19 * minute_ms);
  expect(world.polls).toEqual([]);
  await pass(minute_ms);
  expect(world.polls).toHaveLength(1);
  expect(performance.now() - begin).toBe(30 * minute_ms);
});

test('a clock that jumps into the quiet hours holds what was planned', async () => {
  const world = scheduled();
  world.settings = { ...usualSettings, quiet_hours: { from: '13:00', to: '14:00' } };
  world.schedule.start();
  await pass(29 * minute_ms);
  const date = new Date(Date.now());
  date.setHours(13, 5, 0, 0);
  vi.setSystemTime(date);
  await pass(50 * minute_ms);
  expect(world.polls).toEqual([]);
  await pass(20 * minute_ms);
  expect(world.polls).toHaveLength(1);
});

test('cars that come are read from then on, and those that go no more', async () => {
  const world = scheduled();
  world.schedule.start();
  const start = Date.now();
  await pass(5 * minute_ms);
  world.cars = ['one', 'two'];
  world.schedule.pump();
  await pass(40 * minute_ms);
  expect(polledBy(world)).toEqual(['two cached', 'one cached', 'two cached']);
  world.cars = ['two'];
  world.schedule.pump();
  expect(world.schedule.document('one').next_poll_at).toBeNull();
  await pass(hour_ms);
  expect(world.minutesSince(start, 'one')).toEqual([30]);
  expect(world.minutesSince(start, 'two')).toEqual([10, 40, 70, 100]);
});

test('a car that goes while it is polled leaves nothing behind', async () => {
  const world = scheduled();
  let answer: (outcome: Outcome) => void = () => undefined;
  world.answer = () => new Promise<Outcome>((resolve) => (answer = resolve));
  world.schedule.start();
  await pass(30 * minute_ms);
  world.cars = [];
  world.schedule.pump();
  answer(aRead());
  await pass(day_ms);
  expect(world.polls).toHaveLength(1);
  expect(world.schedule.nextAt).toBeUndefined();
});

test('settings that a person changes hold at once', async () => {
  const world = scheduled();
  world.schedule.start();
  const start = Date.now();
  world.settings = { ...usualSettings, enabled: false };
  world.schedule.settingsChanged();
  expect(world.schedule.nextAt).toBeUndefined();
  expect(world.schedule.document('one').next_poll_at).toBeNull();
  expect(vi.getTimerCount()).toBe(0);
  await pass(3 * hour_ms);
  world.settings = { ...usualSettings, every_ms: 5 * minute_ms };
  world.schedule.settingsChanged();
  await pass(20 * minute_ms);
  expect(world.minutesSince(start)).toEqual([185, 190, 195, 200]);
  world.settings = { ...usualSettings, every_ms: hour_ms };
  world.schedule.settingsChanged();
  await pass(59 * minute_ms);
  expect(world.polls).toHaveLength(4);
});

test('a stop leaves no timer, and what comes back later starts nothing', async () => {
  const world = scheduled();
  let answer: (outcome: Outcome) => void = () => undefined;
  world.answer = () => new Promise<Outcome>((resolve) => (answer = resolve));
  world.schedule.start();
  await pass(30 * minute_ms);
  expect(world.polls).toHaveLength(1);
  world.schedule.stop();
  expect(vi.getTimerCount()).toBe(0);
  answer(aRead());
  await pass(0);
  world.schedule.read('one');
  world.schedule.settingsChanged();
  world.schedule.pump();
  expect(vi.getTimerCount()).toBe(0);
  await pass(day_ms);
  expect(world.polls).toHaveLength(1);
});

test('a poll that does not come back holds up no other car, and is not made twice', async () => {
  const world = scheduled();
  world.cars = ['one', 'two'];
  world.readNow('two');
  world.answer = (vehicle) => (vehicle === 'one' ? new Promise<Outcome>(() => undefined) : aRead());
  world.schedule.start();
  const start = Date.now();
  await pass(2 * hour_ms - minute_ms);
  world.schedule.read('one');
  await pass(hour_ms);
  expect(world.minutesSince(start, 'one')).toEqual([30]);
  expect(world.minutesSince(start, 'two')).toEqual([30, 60, 90, 120, 150]);
});

test('cars that are due together do not use what is left for one of them twice', async () => {
  const world = new ScheduledCars(clock, { share: 5 });
  world.cars = ['one', 'two'];
  world.answer = async () => {
    await new Promise((resolve) => setTimeout(resolve, 2 * minute_ms));
    return aRead();
  };
  world.schedule.start();
  await pass(hour_ms);
  expect(world.polls).toHaveLength(1);
  expect(world.budget.days).toEqual([4]);
});

test('a read that has become dearer counts as much from then on', async () => {
  const world = scheduled({ share: 100 });
  world.answer = () => aRead(10);
  world.schedule.start();
  await pass(day_ms - minute_ms);
  expect(world.polls.length).toBeGreaterThan(7);
  expect(world.polls.length).toBeLessThan(11);
});

const wakesEvery4h = { ...usualSettings, every_ms: hour_ms, force_every_ms: 4 * hour_ms };
const wakesOf = (world: ScheduledCars) =>
  world.polls.filter(({ operation }) => operation === 'force');

function wakeHours(world: ScheduledCars, start: number): number[] {
  return wakesOf(world).map(({ at }) => (at - start) / hour_ms);
}

test('a car is woken as often as it was told to, and a wake is a read', async () => {
  const world = scheduled();
  world.settings = wakesEvery4h;
  world.woken.set('one', Date.now());
  world.schedule.start();
  const start = Date.now();
  expect(world.schedule.document('one').next_wake_at).toBe(
    new Date(start + 4 * hour_ms).toISOString(),
  );
  await pass(12.5 * hour_ms);
  expect(wakeHours(world, start)).toEqual([4, 8, 12]);
  expect(world.minutesSince(start)).toEqual(
    Array.from({ length: 12 }, (_, hour) => (hour + 1) * 60),
  );
});

test("a person's wake pushes that of the polls back", async () => {
  const world = scheduled();
  world.settings = wakesEvery4h;
  world.woken.set('one', Date.now());
  world.schedule.start();
  const start = Date.now();
  await pass(3.5 * hour_ms);
  world.woken.set('one', Date.now());
  world.schedule.read('one');
  await pass(5 * hour_ms);
  expect(wakeHours(world, start)).toEqual([7.5]);
});

test('re-planning again and again does not make wakes more frequent', async () => {
  const world = new ScheduledCars(clock, { random: seeded(3) });
  world.settings = { ...wakesEvery4h, every_ms: 5 * minute_ms };
  world.readNow('one');
  world.woken.set('one', Date.now());
  world.schedule.start();
  await pass(10 * day_ms);
  const wakes = wakesOf(world).length;
  expect(wakes).toBeGreaterThan(58);
  expect(wakes).toBeLessThan(62);
});

test('a guard keeps a car from being woken, not from being read', async () => {
  const world = scheduled();
  world.settings = wakesEvery4h;
  world.woken.set('one', Date.now());
  world.wakeHold = { reason: 'guard_aux_battery' };
  world.schedule.start();
  const start = Date.now();
  await pass(6.5 * hour_ms);
  expect(wakeHours(world, start)).toEqual([]);
  expect(world.polls).toHaveLength(6);
  expect(world.schedule.document('one').held_by).toBe('guard_aux_battery');
  world.wakeHold = undefined;
  await pass(5 * minute_ms);
  expect(wakeHours(world, start)).toHaveLength(1);
});

test('a wake that does not leave is tried again hours later, and the car is read meanwhile', async () => {
  const world = scheduled();
  world.settings = { ...wakesEvery4h, force_every_ms: 6 * hour_ms };
  world.woken.set('one', Date.now());
  world.schedule.start();
  const start = Date.now();
  const unsent = failure('unsupported', 'the library has no wake', { sent: false });
  world.answer = (_, operation) => {
    if (operation === 'cached') return aRead();
    world.woken.set('one', start);
    return { ok: false, failure: unsent, requests: 0 };
  };
  await pass(15 * hour_ms);
  expect(wakeHours(world, start)).toEqual([6, 10, 14]);
  expect(world.polls.filter(({ operation }) => operation === 'cached')).toHaveLength(14);
});

test('a car that does not answer its wakes is woken no more often for it', async () => {
  const world = scheduled();
  world.settings = wakesEvery4h;
  world.woken.set('one', Date.now());
  world.schedule.start();
  const start = Date.now();
  const asleep = failure('vehicle_timeout', 'no answer', { sent: true });
  world.answer = (_, operation) =>
    operation === 'force' ? { ok: false, failure: asleep, requests: 1 } : aRead();
  await pass(13 * hour_ms);
  expect(wakeHours(world, start)).toEqual([4, 8, 12]);
});

test('no car is woken in the quiet hours, or while the account is held', async () => {
  const world = scheduled();
  const quiet_hours = { from: '00:00', to: '12:00' };
  world.settings = { ...wakesEvery4h, quiet_hours };
  world.woken.set('one', Date.now());
  const noon = new Date(Date.now());
  noon.setHours(noon.getHours() >= 12 ? 36 : 12, 0, 0, 0);
  vi.setSystemTime(noon.getTime() - 11 * hour_ms);
  world.schedule.start();
  await pass(11 * hour_ms - minute_ms);
  expect(world.polls).toEqual([]);
  world.hold = { reason: 'guard_budget' };
  await pass(2 * hour_ms);
  expect(world.polls).toEqual([]);
  world.hold = undefined;
  await pass(11 * minute_ms);
  expect(wakesOf(world)).toHaveLength(1);
});

test('the first wakes of cars that never had one are spread over the whole gap', async () => {
  const worlds = manyBridges((world) => (world.settings = wakesEvery4h));
  const start = Date.now();
  await pass(4 * hour_ms);
  const first = worlds.map((world) => wakeHours(world, start)[0] ?? expect.unreachable('no wake'));
  const quarters = [0, 1, 2, 3].map(
    (hour) => first.filter((at) => at >= hour && at < hour + 1).length,
  );
  expect(Math.min(...quarters)).toBeGreaterThan(10);
});
