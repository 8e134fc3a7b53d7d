import { describe, expect, test, vi } from 'vitest';
import { aRemoteCar, aReport, reading, said, taken } from './a-remote-car.js';
import { settle, useFakeClock } from './fake-clock.js';
import { aFailure } from './outcomes.js';

const clock = useFakeClock();
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('a schedule', () => {
  const schedule = {
    enabled: true,
    offpeak_start: '22:00',
    offpeak_end: '06:00',
    offpeak_only: false,
    departures: [
      { enabled: true, days: ['mon' as const], time: '07:30' },
      { enabled: false, days: [], time: '09:00' },
    ],
    climate: { enabled: true, temperature: 21, unit: 'C' as const, defrost: false },
  };
  const known = () =>
    aReport(clock, ({ ev }) => {
      ev.schedule = schedule;
    });
  const rest = {
    name: 'schedule',
    part: 'climate',
    ...schedule,
    climate: { ...schedule.climate, enabled: false },
  } as const;

  async function sent() {
    const car = aRemoteCar(clock, { report: known() });
    await car.command('schedule', { climate: { enabled: false }, id: 'a' });
    await car.end(reading(clock, known()), 'cached');
    return car;
  }

  test('is filled in with what the car reports, freshly read', async () => {
    const car = await sent();
    expect(car.under()[0]?.task.action).toEqual({ ...rest, part: 'all' });
  });

  test('whose second half the backend leaves goes on with it when the first is confirmed', async () => {
    const car = await sent();
    await car.end(taken({}, rest));
    await wait(5000);
    await car.end(said('succeeded'), 'action_status');
    expect(car.under()[0]?.task).toMatchObject({ action: rest, command_id: 'a' });
    await wait(2000);
    // A report between the two halves knows nothing of the second.
    await car.command('refresh', 'cached');
    await car.end(
      reading(clock, { ...known(), reported_at: new Date(clock.now() - 3000).toISOString() }),
      'cached',
    );
    await car.end(taken());
    await wait(5000);
    await car.end(said('succeeded'), 'action_status');
    expect(car.story('a')).toEqual([
      'accepted',
      'running',
      'confirming',
      'succeeded action_status',
    ]);
    expect((await car.state()).ev.schedule.climate).toMatchObject({ enabled: false });
  });

  test.each([
    ['is refused', aFailure('pin_rejected', { sent: false }), 'pin_rejected'],
    ['is refused as a duplicate', aFailure('duplicate_request'), 'duplicate_request'],
    ['breaks', aFailure('internal', { sent: true }), 'internal'],
  ])(
    'whose second half %s is half done: it says so, nobody knows, and the car is read',
    async (_, outcome, code) => {
      const car = await sent();
      await car.end(taken({}, rest));
      await wait(5000);
      await car.end(said('succeeded'), 'action_status');
      await car.end(outcome);
      expect(car.story('a').at(-1)).toBe(`failed ${code} unknown`);
      expect(car.events('a').at(-1)?.message).toMatch(/^the charging part of the schedule is set/);
      expect(car.under('cached')).toHaveLength(1);
      expect((await car.state()).ev.schedule).toMatchObject({ enabled: null, climate: null });
    },
  );

  test('whose first half is refused ends there', async () => {
    const car = await sent();
    await car.end(taken({}, rest));
    await wait(5000);
    await car.end(said('failed'), 'action_status');
    expect(car.under()).toEqual([]);
    expect(car.story('a').at(-1)).toBe('failed vehicle_refused');
    expect((await car.state()).ev.schedule).toEqual(schedule);
  });

  test('whose present values cannot be read does not leave', async () => {
    const car = aRemoteCar(clock);
    await car.command('schedule', { enabled: true, id: 'a' });
    await car.end(aFailure('rate_limited', { retry_after_s: 60 }), 'cached');
    await settle();
    expect(car.events('a').at(-1)).toMatchObject({ code: 'rate_limited', retry_after_s: 60 });
    expect(car.under()).toEqual([]);
  });

  test('with a value that neither car nor sender tells names it, and does not leave', async () => {
    const unknown = aReport(clock, ({ ev }) => {
      ev.schedule = { ...schedule, offpeak_end: null };
    });
    const car = aRemoteCar(clock, { report: unknown });
    await car.command('schedule', { enabled: true, id: 'a' });
    await car.end(reading(clock, unknown), 'cached');
    await settle();
    expect(car.story('a').at(-1)).toBe('failed invalid_payload');
    expect(car.events('a').at(-1)?.message).toMatch(/^offpeak_end: /);
    expect(car.under()).toEqual([]);
  });
});
