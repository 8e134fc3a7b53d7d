import { describe, expect, test, vi } from 'vitest';
import type { TripsCommand } from '../../src/vehicle/remote-command.js';
import { tripMonthSchema } from '../../src/vehicle/trips.js';
import type { Usage } from '../../src/dispatch/budget.js';
import { aJobLane, tripsAnswer, type AJobLane } from './a-job-lane.js';
import { aCar, anAccount, type AccountOptions } from './an-account.js';
import { settle, useFakeClock } from './fake-clock.js';
import { MemoryStore } from './memory-store.js';
import { aFailure } from './outcomes.js';

const clock = useFakeClock();
const driven = ['2026-09-03', '2026-09-17', '2026-10-01', '2026-10-31'];
const range: TripsCommand = { name: 'trips', from: '2026-09', to: '2026-10' };
const october: TripsCommand = { name: 'trips', month: '2026-10' };
const callsOfRange = ['2026-09', '2026-09-03', '2026-09-17', '2026-10', '2026-10-01', '2026-10-31'];

function aLane(more: Partial<Parameters<typeof aJobLane>[1]> = {}): AJobLane {
  return aJobLane(clock, { store: new MemoryStore(), ...more });
}

/** Answers the calls that are under way until there are none, or so many. */
async function answer(lane: AJobLane, most = Infinity): Promise<void> {
  for (let answered = 0; answered < most; answered += 1) {
    const [call] = lane.calls;
    if (call === undefined) return;
    await call.end(tripsAnswer(call.period, driven));
  }
}

describe('what is asked', () => {
  test('of a month: one call, and the lists that are held stay', async () => {
    const lane = aLane();
    await lane.start('day', { name: 'trips', day: '2026-10-01' });
    await answer(lane);
    await lane.start('month', october);
    await answer(lane);
    expect(lane.periods).toEqual(['2026-10-01', '2026-10']);
    expect(
      lane.published.map(({ days }) => days.map(({ date, list }) => [date, list?.length])),
    ).toEqual([
      [['2026-10-01', 2]],
      [
        ['2026-10-01', 2],
        ['2026-10-31', undefined],
      ],
    ]);
    expect(lane.published.map((month) => tripMonthSchema.safeParse(month).success)).toEqual([
      true,
      true,
    ]);
  });

  test('of a range: the oldest month first, each with all its days', async () => {
    const lane = aLane();
    await lane.start('range', range);
    await answer(lane);
    expect(lane.periods).toEqual(callsOfRange);
    expect(lane.ending('range')).toMatchObject({
      status: 'succeeded',
      ...{ done: 6, total: 6, percent: 100, checkpoint: '2026-10-31' },
    });
  });

  test('a second time: no day that is held, but those that are still recent', async () => {
    const lane = aLane({
      answer: (period) =>
        tripsAnswer(period, [...driven, '2026-11-20', '2026-11-21', '2026-11-22']),
    });
    const all: TripsCommand = { name: 'trips', from: '2026-10', to: '2026-11' };
    await lane.start('first', all);
    await vi.waitFor(() => {
      expect(lane.ending('first')).toBeDefined();
    });
    lane.periods.splice(0);
    await lane.start('second', all);
    await vi.waitFor(() => {
      expect(lane.ending('second')).toBeDefined();
    });
    expect(lane.periods).toEqual(['2026-10', '2026-11', '2026-11-21', '2026-11-22']);
  });

  test('months that have not begun are not asked for', async () => {
    const lane = aLane({ answer: (period) => tripsAnswer(period, driven) });
    await lane.start('future', { name: 'trips', from: '2026-10', to: '2031-12' });
    await vi.waitFor(() => {
      expect(lane.ending('future')?.status).toBe('succeeded');
    });
    expect(lane.periods.filter((period) => period.length === 7)).toEqual(['2026-10', '2026-11']);
  });

  test('a plan tells the calls that are known beforehand', () => {
    const { jobs } = aLane();
    expect(jobs.plan(october)).toEqual({ total: 1 });
    expect(jobs.plan({ name: 'trips', from: '2026-01', to: '2026-10' })).toEqual({ total: 10 });
  });
});

describe('what is said', () => {
  test('accepted, running, its progress and the ending', async () => {
    const lane = aLane();
    await lane.start('job', october);
    expect(lane.jobs.documents).toEqual([
      {
        ...{ id: 'job', command: 'trips', vehicle: 'car', phase: '2026-10', done: 0, total: 1 },
        ...{ percent: 0, checkpoint: null, last_result: null, reason: null },
      },
    ]);
    await answer(lane);
    expect(lane.statuses('job')).toEqual([
      'accepted',
      'running',
      'progress',
      'progress',
      'succeeded',
    ]);
    expect(lane.said[1]).toMatchObject({ attempt: 1, phase: '2026-10', queued_ms: 0 });
    expect(lane.progress('job').map(({ done, total, percent }) => [done, total, percent])).toEqual([
      [0, 1, 0],
      [1, 1, 100],
    ]);
    expect(lane.jobs.documents).toEqual([]);
  });

  test('progress never goes back, and comes at most once a second but for the last', async () => {
    const many = Array.from({ length: 28 }, (_, index) => String(index + 1).padStart(2, '0'));
    const months = ['2026-07', '2026-08', '2026-09'];
    const all = months.flatMap((month) => many.map((day) => `${month}-${day}`));
    const lane = aLane();
    await lane.start('job', { name: 'trips', from: '2026-07', to: '2026-09' });
    for (let call = lane.calls[0]; call !== undefined; call = lane.calls[0]) {
      await vi.advanceTimersByTimeAsync(100);
      await call.end(tripsAnswer(call.period, all));
    }
    const progress = lane.progress('job');
    const values = progress.map(({ done = 0, total = 0, percent = 0 }) => [done, total, percent]);
    for (const column of [0, 1, 2]) {
      const numbers = values.map((row) => row[column] ?? 0);
      expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
    }
    expect(values[0]).toEqual([0, 3, 0]);
    expect(values.at(-1)).toEqual([87, 87, 100]);
    const times = progress.slice(0, -1).map(({ at }) => Date.parse(at));
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(gaps.every((gap) => gap >= 1000)).toBe(true);
    expect(gaps.length).toBeGreaterThan(5);
  });

  test('a month is published while it is read and when it is done, not with every day', async () => {
    const lane = aLane();
    const days = Array.from(
      { length: 20 },
      (_, index) => `2026-08-${String(index + 1).padStart(2, '0')}`,
    );
    await lane.start('job', { name: 'trips', from: '2026-08', to: '2026-08' });
    for (let call = lane.calls[0]; call !== undefined; call = lane.calls[0]) {
      await vi.advanceTimersByTimeAsync(1000);
      await call.end(tripsAnswer(call.period, days));
    }
    expect(lane.published.length).toBeGreaterThan(2);
    expect(lane.published.length).toBeLessThan(8);
    expect(lane.published.at(-1)?.days.every(({ list }) => list?.length === 2)).toBe(true);
  });

  test('at a start every month that was ever read is published', async () => {
    const before = aLane({ answer: (period) => tripsAnswer(period, driven) });
    await before.start('job', range);
    await vi.waitFor(() => {
      expect(before.ending('job')).toBeDefined();
    });
    const lane = aLane({ store: before.store });
    await lane.jobs.publishAll();
    expect(lane.published.map(({ month, days }) => [month, days.length])).toEqual([
      ['2026-09', 2],
      ['2026-10', 2],
    ]);
  });
});

describe('a failure', () => {
  test.each([
    'unavailable',
    'timeout',
    'interrupted',
    'breaker_open',
    'otp_required',
    'auth_failed',
  ] as const)('%s is tried again, later each time, and never ends the job', async (code) => {
    const lane = aLane();
    await lane.start('job', october);
    for (const pause_ms of [1000, 2000, 4000, 8000, 8000]) {
      await lane.calls[0]?.end(aFailure(code));
      await vi.advanceTimersByTimeAsync(pause_ms - 1);
      expect(lane.calls).toEqual([]);
      expect(lane.jobs.documents).toMatchObject([
        { phase: 'paused', reason: code, last_result: code },
      ]);
      await vi.advanceTimersByTimeAsync(1);
      expect(lane.calls).toHaveLength(1);
    }
    const message = `the test says ${code}`;
    expect(lane.progress('job')).toContainEqual(
      expect.objectContaining({ phase: 'paused', reason: code, message }),
    );
    await answer(lane);
    expect(lane.ending('job')?.status).toBe('succeeded');
  });

  test.each(['unsupported', 'unknown_vehicle', 'internal', 'vehicle_refused'] as const)(
    '%s ends it, and tells how far it came',
    async (code) => {
      const lane = aLane();
      await lane.start('job', range);
      await answer(lane, 2);
      await lane.calls[0]?.end(aFailure(code));
      expect(lane.ending('job')).toMatchObject({
        ...{ status: 'failed', code, message: `the test says ${code}`, retryable: false },
        ...{ done: 2, checkpoint: '2026-09-03' },
      });
      expect(lane.jobs.documents).toEqual([]);
    },
  );

  test('a store that does not work pauses it, and no call is made twice for that', async () => {
    const store = new MemoryStore();
    const lane = aLane({ store });
    await lane.start('job', range);
    store.mode = 'fails';
    await answer(lane, 1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(lane.jobs.documents).toMatchObject([{ phase: 'paused', reason: 'not_stored' }]);
    expect(lane.periods).toEqual(['2026-09']);
    store.mode = 'works';
    await vi.advanceTimersByTimeAsync(20_000);
    await answer(lane);
    expect(lane.periods).toEqual(callsOfRange);
    expect(lane.ending('job')?.status).toBe('succeeded');
  });
});

describe("the account's budget", () => {
  /** Two cars whose trips are read, one call under way. */
  async function twoJobs(budget: NonNullable<AccountOptions['budget']>, kept?: Usage) {
    const account = anAccount(clock, {
      ...{ cars: ['one', 'two'], budget },
      kept: { usage: kept, wakes: new Map() },
    });
    for (const id of ['one', 'two']) {
      await account.send({ from: '2026-09', to: '2026-10', id }, { name: 'trips', car: aCar(id) });
    }
    await settle();
    return {
      account,
      calls: () => account.left.map(({ task }) => `${task.operation} ${task.vehicle ?? ''}`),
      reasons: () => account.jobs.documents.map(({ reason }) => reason),
      /** Answers every call, until there are none. */
      answer: async (): Promise<void> => {
        for (let call = account.left[0]; call !== undefined; call = account.left[0]) {
          await call.end(tripsAnswer(call.task.period ?? '', driven));
          await vi.advanceTimersByTimeAsync(1000);
        }
      },
      endings: () =>
        account.said.filter(({ status }) => status === 'succeeded').map(({ id }) => id),
    };
  }
  const europe = {
    limit: { daily: 200, counts: 'requests' },
    reserve_percent: 20,
  } as const;
  const today = { day: '2026-11-22', used: 0, polled: 0, blocked_until: null, refusals: 0 };

  test("the maker's limit holds every job, for as long as it says", async () => {
    const { account, calls, reasons, answer, endings } = await twoJobs(europe);
    expect(calls()).toEqual(['trips one']);
    await account.left[0]?.end(aFailure('rate_limited', { retry_after_s: 120 }));
    expect(reasons()).toEqual(['rate_limited', 'rate_limited']);
    await vi.advanceTimersByTimeAsync(119_999);
    expect([calls(), reasons()]).toEqual([[], ['rate_limited', 'rate_limited']]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(calls()).toHaveLength(1);
    await answer();
    expect(endings().sort()).toEqual(['one', 'two']);
  });

  test("the maker's limit without a time holds them until the next day", async () => {
    const { account, calls, reasons, answer, endings } = await twoJobs(europe);
    await account.left[0]?.end(aFailure('rate_limited'));
    // It is ten in the morning; the one that has not begun does not wait so long.
    await vi.advanceTimersByTimeAsync(14 * 3_600_000 - 1);
    expect([calls(), reasons()]).toEqual([[], ['rate_limited']]);
    await vi.advanceTimersByTimeAsync(11 * 60_000);
    expect(calls()).toEqual(['trips one']);
    await answer();
    expect(endings()).toEqual(['one']);
  });

  test('nothing of a job leaves before, across a restart, either', async () => {
    const blocked_until = clock.now() + 120_000;
    const { calls, reasons } = await twoJobs(europe, { ...today, blocked_until });
    expect([calls(), reasons()]).toEqual([[], ['rate_limited', 'rate_limited']]);
    await vi.advanceTimersByTimeAsync(119_999);
    expect(calls()).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls()).toEqual(['trips one']);
  });

  test('the reserve is kept from them: they pause from its first request on, until the next day', async () => {
    const { account, calls, reasons } = await twoJobs(europe, { ...today, used: 159 });
    expect(calls()).toEqual(['trips one']);
    account.left[0]?.requests(1);
    await account.left[0]?.end(tripsAnswer('2026-09', driven));
    expect([calls(), reasons()]).toEqual([[], ['guard_budget', 'guard_budget']]);
    await vi.advanceTimersByTimeAsync(14 * 3_600_000 - 1);
    expect(calls()).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls()).toEqual(['trips one']);
  });
});

describe('in turn', () => {
  test('one call at a time, and the jobs of two cars take turns', async () => {
    const lane = aLane();
    await lane.start('one', range);
    await lane.start('other', range, { vehicle: 'other' });
    const turns: string[] = [];
    for (let call = lane.calls[0]; call !== undefined; call = lane.calls[0]) {
      expect(lane.calls).toHaveLength(1);
      turns.push(call.vehicle);
      await call.end(tripsAnswer(call.period, driven));
    }
    expect(turns.slice(0, 4)).toEqual(['car', 'other', 'car', 'other']);
    expect(turns).toHaveLength(12);
  });

  test('nothing leaves while it is held; what has not begun says nothing, but the state tells why', async () => {
    const lane = aLane();
    await lane.hold({ reason: 'not_ready' });
    await lane.start('job', october);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([lane.periods, lane.statuses('job')]).toEqual([[], ['accepted']]);
    expect(lane.jobs.documents).toMatchObject([{ phase: 'waiting', reason: 'not_ready' }]);
    expect(lane.changes()).toBe(1);
    await lane.hold(undefined);
    await answer(lane);
    expect(lane.ending('job')?.status).toBe('succeeded');
  });

  test('what has begun pauses while it is held', async () => {
    const lane = aLane();
    await lane.start('job', range);
    await lane.hold({ reason: 'breaker_open', message: 'the maker is away' });
    await answer(lane);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(lane.periods).toEqual(['2026-09']);
    expect(lane.progress('job').at(-1)).toMatchObject({
      ...{ phase: 'paused', reason: 'breaker_open', message: 'the maker is away', done: 1 },
    });
    await lane.hold(undefined);
    await vi.advanceTimersByTimeAsync(1000);
    expect(lane.progress('job').at(-1)).toMatchObject({ phase: '2026-09' });
    expect(lane.progress('job').at(-1)?.reason).toBeUndefined();
  });

  test('a second one of the same car is known as busy, and fails where both were accepted', async () => {
    const lane = aLane();
    expect(lane.jobs.isRunning('trips', 'car')).toBe(false);
    await lane.start('first', october);
    expect(lane.jobs.isRunning('trips', 'car')).toBe(true);
    expect(lane.jobs.isRunning('trips', 'other')).toBe(false);
    await lane.start('second', october);
    expect(lane.ending('second')).toMatchObject({
      status: 'failed',
      code: 'busy',
      retryable: true,
    });
    await answer(lane);
    expect(lane.ending('first')?.status).toBe('succeeded');
    expect(lane.jobs.isRunning('trips', 'car')).toBe(false);
  });
});

describe('an end before the end', () => {
  test('what cannot start in time expires', async () => {
    const lane = aLane();
    await lane.hold({ reason: 'not_ready' });
    await lane.start('job', october, { expires_ms: 5000 });
    await vi.advanceTimersByTimeAsync(5000);
    expect(lane.statuses('job')).toEqual(['accepted', 'expired']);
    await lane.hold(undefined);
    expect(lane.periods).toEqual([]);
  });

  test('what has begun does not expire', async () => {
    const lane = aLane();
    await lane.start('job', range, { expires_ms: 5000 });
    await vi.advanceTimersByTimeAsync(60_000);
    await answer(lane);
    expect(lane.ending('job')?.status).toBe('succeeded');
  });

  test('a job that has not begun is cancelled at once', async () => {
    const lane = aLane();
    await lane.hold({ reason: 'not_ready' });
    await lane.start('job', october);
    expect([lane.jobs.peek('job'), lane.jobs.peek('none')]).toEqual(['ended', 'unknown_id']);
    expect([lane.jobs.cancel('job'), lane.jobs.cancel('none')]).toEqual(['ended', 'unknown_id']);
    await settle();
    expect(lane.statuses('job')).toEqual(['accepted', 'cancelled']);
    expect(lane.jobs.peek('job')).toBe('unknown_id');
  });

  test('a job that runs is cancelled behind the call that is under way, whose answer is kept', async () => {
    const lane = aLane();
    await lane.start('job', range);
    await answer(lane, 1);
    lane.jobs.cancel('job');
    await settle();
    expect(lane.ending('job')).toBeUndefined();
    await answer(lane);
    expect(lane.periods).toEqual(['2026-09', '2026-09-03']);
    expect(lane.ending('job')).toMatchObject({
      status: 'cancelled',
      done: 2,
      checkpoint: '2026-09-03',
    });
    expect(lane.published.at(-1)?.days[0]?.list).toHaveLength(2);
  });

  test('a job that pauses is cancelled at once', async () => {
    const lane = aLane();
    await lane.start('job', october);
    await lane.calls[0]?.end(aFailure('unavailable'));
    lane.jobs.cancel('job');
    await settle();
    expect(lane.ending('job')?.status).toBe('cancelled');
  });
});

describe('after a restart', () => {
  test('it goes on behind its checkpoint, however late', async () => {
    const before = aLane();
    await before.start('job', range, { expires_ms: 5000 });
    await answer(before, 2);
    const stopped = before.jobs.stop();
    await before.calls[0]?.end(aFailure('interrupted'));
    await stopped;
    expect(before.ending('job')).toBeUndefined();
    await vi.advanceTimersByTimeAsync(86_400_000);

    const lane = aLane({ store: before.store, boot: 2, clockTrusted: false });
    await lane.resume();
    expect(lane.jobs.documents).toMatchObject([{ done: 2, checkpoint: '2026-09-03' }]);
    await answer(lane);
    expect(lane.periods).toEqual(callsOfRange.slice(2));
    expect(lane.said[0]).toMatchObject({ status: 'running', attempt: 2 });
    expect(lane.ending('job')).toMatchObject({ status: 'succeeded', done: 6, total: 6 });
    const numbers = [...before.said, ...lane.said].map(({ seq }) => seq);
    expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other));
  });

  test('the answer of a call that ends while the daemon stops is kept', async () => {
    const before = aLane();
    await before.start('job', range);
    const stopped = before.jobs.stop();
    await answer(before, 1);
    await stopped;
    const lane = aLane({ store: before.store, boot: 2 });
    await lane.resume();
    expect(lane.periods).toEqual(['2026-09-03']);
  });

  test.each([
    ['late', 5000, true],
    ['with a clock that cannot be trusted', 3_600_000, false],
  ])('what had not begun and comes %s expires', async (_, expires_ms, clockTrusted) => {
    const before = aLane();
    await before.hold({ reason: 'not_ready' });
    await before.start('job', october, { expires_ms });
    await before.jobs.stop();
    await vi.advanceTimersByTimeAsync(6000);
    const lane = aLane({ store: before.store, boot: 2, clockTrusted });
    await lane.resume();
    expect([lane.statuses('job'), lane.periods]).toEqual([['expired'], []]);
  });

  test('a job of a car that is gone fails', async () => {
    const before = aLane();
    await before.start('job', october);
    void before.jobs.stop();
    const lane = aLane({ store: before.store, boot: 2, cars: [] });
    await lane.resume();
    expect(lane.ending('job')).toMatchObject({ status: 'failed', code: 'unknown_vehicle' });
  });
});
