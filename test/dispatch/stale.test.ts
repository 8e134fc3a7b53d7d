import { expect, test, vi } from 'vitest';
import { aRemoteCar, aReport, reading } from './a-remote-car.js';
import { useFakeClock } from './fake-clock.js';
import { aFailure } from './outcomes.js';

/** The account's `stale_after` is one hour. */
const clock = useFakeClock();
const minute_ms = 60_000;
const wait = (minutes: number) => vi.advanceTimersByTimeAsync(minutes * minute_ms);
const iso = (moment: number) => new Date(moment).toISOString();

test('values are stale when the bridge has not managed to read for too long, however old the report is', async () => {
  const report = aReport(clock);
  const { reported_at } = report;
  const car = aRemoteCar(clock, { report });
  const read = async () => {
    await car.command('refresh', 'cached');
    await car.end(reading(clock, report), 'cached');
  };
  const failToRead = async () => {
    await car.command('refresh', 'cached');
    await car.end(aFailure('unavailable'), 'cached');
  };

  await read();
  const polled_at = iso(clock.now());
  expect(await car.state()).toMatchObject({ stale: false, reported_at, polled_at });
  await wait(25);
  await failToRead();
  await wait(25);
  await failToRead();
  expect(await car.state()).toMatchObject({ stale: false, reported_at, polled_at });
  await wait(12);
  // Nobody has asked for it: the time alone has made it so.
  expect(await car.state()).toMatchObject({ stale: true, reported_at, polled_at });
  await failToRead();
  expect(await car.state()).toMatchObject({ stale: true, reported_at, polled_at });
  await read();
  const later = iso(clock.now());
  expect(await car.state()).toMatchObject({ stale: false, reported_at, polled_at: later });
});
