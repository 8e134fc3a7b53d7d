import { expect, test } from 'vitest';
import { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { vehicleReportSchema } from '../../src/vehicle/state.js';

const start = Date.UTC(2026, 10, 22, 10, 0, 0);
const minute = 60_000;
const hour = 60 * minute;

interface Clock {
  time: number;
}

function aCar(index = 0, options: { seed?: number; brand?: string; region?: string } = {}) {
  const clock: Clock = { time: start };
  const now = () => clock.time;
  const car = SimulatedCar.create({ index, seed: 7, ...options }, { now });
  return { car, clock, now };
}

test.each(['hyundai', 'kia', 'genesis'])(
  'every car of a %s account reports completely',
  (brand) => {
    for (let index = 0; index < 6; index += 1) {
      const { car } = aCar(index, { brand });
      car.wake();
      expect(vehicleReportSchema.parse(car.report())).toEqual(car.report());
      expect(car.report().brand).toBe(brand);
    }
  },
);

test('the same seed makes the same car, another seed or index a different one', () => {
  expect(aCar().car.snapshot()).toEqual(aCar().car.snapshot());
  const vins = [aCar(0), aCar(1), aCar(5), aCar(0, { seed: 8 })].map(({ car }) => car.identity.vin);
  expect(new Set(vins).size).toBe(4);
});

test('a brand has vendor ids of its own', () => {
  const ids = ['hyundai', 'kia', 'genesis'].map((brand) => aCar(0, { brand }).car.identity.id);
  expect(new Set(ids).size).toBe(3);
});

test('the first two cars are an EV and a plug-in hybrid with both kinds of range', () => {
  const ev = aCar(0).car.report();
  const phev = aCar(1).car.report();
  expect([ev.drivetrain, phev.drivetrain]).toEqual(['ev', 'phev']);
  expect(ev.fuel).toEqual({ level: null, range_km: null, low: null });
  expect(phev.range_km).toBeGreaterThan(phev.ev.range_km ?? Infinity);
});

test('a car without a plug has no value below ev', () => {
  const report = aCar(3).car.report();
  expect(report.drivetrain).toBe('ice');
  const { schedule, ...values } = report.ev;
  expect([...Object.values(values), ...Object.values(schedule)].every((one) => one === null)).toBe(
    true,
  );
});

test('a VIN has the check digit of ISO 3779', () => {
  const values: Record<string, number> = {};
  'ABCDEFGH'.split('').forEach((letter, place) => (values[letter] = place + 1));
  'JKLMN'.split('').forEach((letter, place) => (values[letter] = place + 1));
  Object.assign(values, { P: 7, R: 9 });
  'STUVWXYZ'.split('').forEach((letter, place) => (values[letter] = place + 2));
  const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
  for (let index = 0; index < 30; index += 1) {
    const { vin } = aCar(index, { brand: index % 2 === 0 ? 'kia' : 'genesis' }).car.identity;
    expect(vin).toMatch(/^[A-HJ-NPR-Z0-9]{17}$/);
    const sum = vin
      .split('')
      .reduce(
        (total, one, place) => total + (values[one] ?? Number(one)) * (weights[place] ?? 0),
        0,
      );
    expect(vin.charAt(8)).toBe(sum % 11 === 10 ? 'X' : String(sum % 11));
  }
});

test('the cloud knows nothing new until the car wakes', () => {
  const { car, clock } = aCar();
  const before = car.report();
  clock.time += hour;
  car.change({ locked: false });
  expect(car.report()).toEqual(before);
  car.wake();
  expect(car.report().lock.state).toBe('unlocked');
  expect(car.report().reported_at).toBe(new Date(clock.time).toISOString());
});

test('report times grow even when the clock stands still or goes back', () => {
  const { car, clock, now } = aCar();
  const times = [car.report().reported_at];
  for (let turn = 0; turn < 3; turn += 1) {
    car.wake();
    times.push(car.report().reported_at);
  }
  clock.time -= hour;
  car.wake();
  times.push(car.report().reported_at);
  expect([...new Set(times)].sort()).toEqual(times);

  const slow = SimulatedCar.create({ index: 0, seed: 7 }, { now, report_step_ms: 1000 });
  slow.wake();
  const first = slow.reported().at;
  slow.wake();
  expect(slow.reported().at - first).toBe(1000);
});

test('charging raises the state of charge and ends at the limit', () => {
  const { car, clock } = aCar();
  car.change({ soc: 60, limit_ac: 80 });
  car.wake();
  const first = car.report().ev;
  expect(first).toMatchObject({ charging: true, charge_state: 'charging', status: 'C' });
  clock.time += ((first.minutes_to_limit ?? 0) / 2) * minute;
  car.wake();
  expect(car.report().ev.soc).toBeGreaterThanOrEqual(69);
  expect(car.report().ev.soc).toBeLessThanOrEqual(71);
  expect(car.report().ev.finish_at).toBe(first.finish_at);
  clock.time += 5 * hour;
  car.wake();
  expect(car.report().ev).toMatchObject({
    soc: 80,
    charging: false,
    charge_state: 'complete',
    minutes_to_limit: null,
  });
});

test('driving moves the odometer and the position and uses energy; a hybrid goes on with fuel', () => {
  const { car, clock } = aCar(1);
  car.wake();
  const before = car.report();
  car.change({ drive: { speed_kmh: 60, heading: 0 }, soc: 10 });
  clock.time += hour;
  car.wake();
  const after = car.report();
  expect((after.odometer_km ?? 0) - (before.odometer_km ?? 0)).toBeCloseTo(60, 1);
  const north = (after.location.latitude ?? 0) - (before.location.latitude ?? 0);
  expect(north).toBeCloseTo(60 / 111.32, 3);
  expect(after.location.longitude).toBeCloseTo(before.location.longitude ?? 0, 5);
  expect(after.ev.soc).toBe(0);
  expect(after.fuel.level).toBeLessThan(before.fuel.level ?? 0);
  expect(after).toMatchObject({ engine_running: true, ignition_on: true });
});

test('a car that runs dry stands still', () => {
  const { car, clock } = aCar(0);
  car.change({ plug: 'none', charging: false, soc: 1, drive: { speed_kmh: 100, heading: 90 } });
  const before = car.live().odometer_km;
  clock.time += 10 * hour;
  const after = car.live();
  expect(after.drive).toBeNull();
  expect(after.soc).toBe(0);
  expect(after.odometer_km - before).toBeCloseTo(77.4 / 17.5, 3);
});

test('a wake costs a little of the 12 V battery and is counted', () => {
  const { car } = aCar(1);
  const before = car.live().aux_level;
  for (let turn = 0; turn < 10; turn += 1) car.wake();
  expect(before - car.live().aux_level).toBeCloseTo(0.5, 6);
  expect(car.count('wake', 'wake')).toBe(10);
  expect(car.executed.at(-1)).toEqual({ name: 'wake', value: 'wake', at: start, count: 10 });
});

test('climate starts with its set-points and ends after its duration', () => {
  const { car, clock } = aCar();
  const answer = car.execute({
    name: 'climate',
    value: 'start',
    target_c: 22,
    duration_min: 10,
    defrost: true,
    seats: { front_left: 'heat_low' },
  });
  expect(answer).toEqual({ done: true });
  expect(car.report().climate).toMatchObject({
    mode: 'auto',
    target: 22,
    defrost: true,
    seat_status: { front_left: 'heat_low', rear_right: 'off' },
  });
  clock.time += 11 * minute;
  car.wake();
  expect(car.report().climate).toMatchObject({ mode: 'off', defrost: false, target: 22 });
});

test('a car sold in the USA shows its set-point in Fahrenheit', () => {
  const { car } = aCar(0, { region: 'usa' });
  car.execute({ name: 'climate', value: 'start', target_c: 20 });
  expect(car.report().climate).toMatchObject({ unit: 'F', target: 68 });
});

test('commands are obeyed, reported at once and counted by value', () => {
  const { car } = aCar();
  const before = car.reported().at;
  car.execute({ name: 'lock', value: 'unlock' });
  car.execute({ name: 'lock', value: 'unlock' });
  car.execute({ name: 'lock', value: 'lock' });
  car.execute({ name: 'charge', value: 'stop' });
  car.execute({ name: 'charge_limits', ac: 90, dc: 100 });
  expect(car.report().lock.state).toBe('locked');
  expect(car.report().ev).toMatchObject({ charging: false, limit_ac: 90, limit_dc: 100 });
  expect(car.reported().at).toBeGreaterThan(before);
  expect(car.executed.map(({ name, value, count }) => [name, value, count])).toEqual([
    ['lock', 'unlock', 1],
    ['lock', 'unlock', 2],
    ['lock', 'lock', 1],
    ['charge', 'stop', 1],
    ['charge_limits', 'ac 90, dc 100', 1],
  ]);
});

test('windows, the rest of charging and the schedule are obeyed too, each half of a schedule alone', () => {
  const { car } = aCar();
  const departure = {
    enabled: true,
    days: ['sat'] as 'sat'[],
    time: '09:15',
    climate: { enabled: true, target_c: 22.5, defrost: true },
  };
  car.execute({ name: 'windows', windows: { front_left: 'open', rear_right: 'vent' } });
  car.execute({ name: 'charging_current', percent: 60 });
  car.execute({ name: 'v2l_limit', percent: 45 });
  car.execute({ name: 'schedule', schedule: { departures: [departure, departure] } });
  const { windows, ev } = car.report();
  expect(windows).toMatchObject({ front_left: true, front_right: false, rear_right: true });
  expect(ev).toMatchObject({
    charge_current: 60,
    v2l_limit: 45,
    schedule: {
      enabled: false,
      departures: [
        { enabled: true, days: ['sat'], time: '09:15' },
        { enabled: true, days: ['sat'], time: '09:15' },
      ],
      climate: { enabled: true, temperature: 22.5, unit: 'C', defrost: true },
    },
  });
  const charging = {
    enabled: true,
    offpeak_start: '22:30',
    offpeak_end: '05:00',
    offpeak_only: true,
  };
  car.execute({ name: 'schedule', schedule: { charging } });
  car.execute({ name: 'windows', windows: { rear_right: 'close' } });
  expect(car.report().ev.schedule).toMatchObject({
    ...charging,
    departures: [{ time: '09:15' }, {}],
  });
  expect(car.report().windows).toMatchObject({ front_left: true, rear_right: false });
  expect(vehicleReportSchema.parse(car.report())).toEqual(car.report());
});

test('what cannot be read back is in the log of executed commands', () => {
  const { car } = aCar();
  const pois = [{ name: 'Harbour', latitude: 53.5, longitude: 9.9, address: 'Am Kai 1' }];
  car.execute({ name: 'lights' });
  car.execute({ name: 'horn' });
  car.execute({ name: 'valet_mode', value: 'start' });
  car.execute({ name: 'navigation', pois });
  expect(car.live()).toMatchObject({ valet: true, destinations: pois });
  expect(car.executed.map(({ name, value }) => [name, value])).toEqual([
    ['lights', 'on'],
    ['horn', 'on'],
    ['valet_mode', 'start'],
    ['navigation', 'Harbour'],
  ]);
});

test('a refused command says why, changes nothing and is not counted', () => {
  const { car } = aCar(1);
  const before = car.snapshot().live;
  for (const command of [
    { name: 'charge', value: 'start' },
    { name: 'charge_limits', ac: 55, dc: 100 },
  ] as const) {
    const answer = car.execute(command);
    expect(answer.done).toBe(false);
  }
  car.change({ doors: { ...before.doors, rear_left: true }, locked: false });
  expect(car.execute({ name: 'lock', value: 'lock' })).toEqual({
    done: false,
    reason: 'a door is open',
  });
  const withoutPlug = aCar(3).car;
  for (const command of [
    { name: 'charge', value: 'start' },
    { name: 'v2l_limit', percent: 40 },
    { name: 'schedule', schedule: {} },
  ] as const) {
    expect(withoutPlug.execute(command).done).toBe(false);
  }
  expect(withoutPlug.executed).toEqual([]);
  expect(car.executed).toEqual([]);
  expect(car.live()).toMatchObject({ charging: false, limit_ac: before.limit_ac, locked: false });
});

test('a snapshot is plain JSON that goes on as the same car', () => {
  const { car, clock, now } = aCar();
  car.execute({ name: 'climate', value: 'start' });
  const copy = SimulatedCar.fromSnapshot(JSON.parse(JSON.stringify(car.snapshot())), { now });
  clock.time += hour;
  car.wake();
  copy.wake();
  expect(copy.snapshot()).toEqual(car.snapshot());
  expect(() => SimulatedCar.fromSnapshot({ live: 1 }, { now })).toThrow('identity');
});

test('the log of executed commands keeps the newest 40 and counts all', () => {
  const { car } = aCar();
  for (let turn = 0; turn < 100; turn += 1) car.wake();
  expect(car.executed).toHaveLength(40);
  expect(car.executed.at(-1)?.count).toBe(100);
});

test('a car that is told ever new places forgets counts of old ones, not of what it still does', () => {
  const { car } = aCar();
  for (let turn = 0; turn < 500; turn += 1) {
    car.wake();
    const poi = { name: `place ${String(turn)}`, latitude: 1, longitude: 2, address: '' };
    car.execute({ name: 'navigation', pois: [poi] });
  }
  expect(car.count('wake', 'wake')).toBe(500);
  expect(car.count('navigation', 'place 499')).toBe(1);
  expect(Object.keys(car.snapshot().counts).length).toBeLessThanOrEqual(150);
});
