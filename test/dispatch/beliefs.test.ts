import { expect, test, vi } from 'vitest';
import { aRemoteCar, reading, aReport, said, taken } from './a-remote-car.js';
import { failure } from '../../src/vehicle/outcome.js';
import { settle, useFakeClock } from './fake-clock.js';

const clock = useFakeClock();
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const minute = 60_000;

test('a climate that was started is believed to be on for its duration; then nobody knows', async () => {
  const car = aRemoteCar(clock);
  await car.command('climate', { value: 'start', duration: 5 });
  await car.end(taken());
  await wait(5000);
  await car.end(said('succeeded'), 'action_status');
  await settle();
  // The cloud has heard nothing of the car since.
  await car.end(reading(clock, aReport(clock)), 'cached');
  expect((await car.state()).climate.mode).toBe('auto');
  await wait(4 * minute);
  expect((await car.state()).climate.mode).toBe('auto');
  await wait(2 * minute);
  expect((await car.state()).climate.mode).toBeNull();
});

test('between the end of a command and its belief being stored the old value never shows', async () => {
  const car = aRemoteCar(clock, {
    report: aReport(clock, ({ lock }) => (lock.state = 'unlocked')),
  });
  await car.command('lock', 'lock');
  await car.end(taken());
  await wait(5000);
  await car.end(said('succeeded'), 'action_status');
  expect((await car.state()).lock.state).toBe('locked');
  const shown = car.documents.filter(({ id }) => id === 'car').map(({ lock }) => lock.state);
  expect(shown.slice(shown.indexOf('locking'))).not.toContain('unlocked');
});

test('who locks sees it from the moment it is accepted; what is refused shows the truth again', async () => {
  const car = aRemoteCar(clock, {
    report: aReport(clock, ({ lock }) => (lock.state = 'unlocked')),
  });
  await car.command('lock', 'lock');
  await wait(50);
  const shown = () => car.documents.filter(({ id }) => id === 'car').map(({ lock }) => lock.state);
  expect(shown().at(-1)).toBe('locking');
  await car.end({
    ok: false,
    failure: failure('vehicle_refused', 'a door is open', { sent: true }),
    requests: 1,
  });
  await wait(50);
  expect(shown().at(-1)).toBe('unlocked');
});

test('a dry run of a lock shows nothing', async () => {
  const car = aRemoteCar(clock);
  await car.command('lock', { value: 'unlock', dry_run: true, id: 'dry' });
  await wait(50);
  expect(car.documents.map(({ lock }) => lock.state)).not.toContain('unlocking');
});

test('a dry run says the temperature that it was told', async () => {
  const car = aRemoteCar(clock);
  await car.command('climate', 'start');
  await car.end(taken());
  await wait(5000);
  await car.end(said('succeeded'), 'action_status');
  await car.command('climate_temperature', { value: 25, dry_run: true, id: 'dry' });
  expect(car.events('dry').at(-1)?.message).toContain('"temperature":25');
});
