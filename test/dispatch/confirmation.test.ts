import { describe, expect, test, vi } from 'vitest';
import { Confirmation, type Sent } from '../../src/dispatch/confirmation.js';
import { createQuietRefresh } from '../../src/dispatch/quiet-refresh.js';
import type { Waiter } from '../../src/dispatch/lane.js';
import { failure } from '../../src/vehicle/outcome.js';
import type { VehicleReport } from '../../src/vehicle/state.js';
import type { ActionStatus, FollowUp, Outcome } from '../../src/vehicle/task.js';
import { aReport, said } from './a-remote-car.js';
import { settle, useFakeClock } from './fake-clock.js';
import { aFailure, aReading } from './outcomes.js';

const clock = useFakeClock();
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const followUp: FollowUp = { action_id: 'x', every_s: 5, succeeded_means: 'done' };
const lost = failure('unavailable', 'lost', { outcome: 'unknown', sent: true });

/** What the vendor answers: a status, an error, or that it cannot be asked now. */
type Answer = ActionStatus | 'error' | 'no way';
/** What the car shows: as old as it was, or anew with the lock so; or it cannot be read. */
type Shown = 'old' | 'locked' | 'unlocked' | 'unreadable';

function aConfirmation(answers: readonly Answer[], shown: readonly Shown[] = []) {
  const log: string[] = [];
  const since = clock.monotonic();
  const note = (what: string): void => {
    log.push(`${what} ${String(Math.round((clock.monotonic() - since) / 1000))}`);
  };
  const left = { answers: [...answers], shown: [...shown] };
  const confirmation = new Confirmation({
    clock,
    ...{
      poll_ms: null,
      for_ms: 120_000,
      read_back_ms: [5000, 15_000, 30_000],
      patience_ms: 30_000,
    },
    status: () => {
      note('asked');
      const answer = left.answers.length > 1 ? left.answers.shift() : left.answers[0];
      if (answer === 'no way' || answer === undefined) return Promise.resolve(undefined);
      return Promise.resolve<Outcome>(answer === 'error' ? aFailure('internal') : said(answer));
    },
    read: () => {
      note('read');
      return Promise.resolve(reportOf(left.shown.shift() ?? 'old'));
    },
  });
  return { confirmation, log };
}

function reportOf(shown: Shown): VehicleReport | undefined {
  if (shown === 'unreadable') return undefined;
  if (shown === 'old') return aReport(clock, undefined, 3600);
  return aReport(
    clock,
    ({ lock }) => {
      lock.state = shown;
    },
    0,
  );
}

const lock = (): Sent => ({
  ...{ vehicle: 'car', commandId: 'a', action: { name: 'lock', value: 'lock' }, at: clock.now() },
});
const horn = (): Sent => ({ ...lock(), action: { name: 'horn' } });

async function verdictOf(
  answers: readonly Answer[],
  shown: readonly Shown[] = [],
  { sent = lock(), how = followUp }: { sent?: Sent; how?: FollowUp | null } = {},
) {
  const { confirmation, log } = aConfirmation(answers, shown);
  const ended = vi.fn();
  void confirmation.ofTaken(sent, how).then(ended);
  await wait(300_000);
  expect(ended).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(0);
  return { verdict: ended.mock.calls[0]?.[0] as unknown, log };
}

const byState = { is: 'done', by: 'state' };
const unanswered = { is: 'failed', failure: { code: 'vehicle_timeout', outcome: 'unknown' } };
const asked = (...at: number[]) => at.map((time) => `asked ${String(time)}`);
const read = (...at: number[]) => at.map((time) => `read ${String(time)}`);

describe('what the vendor says of an action', () => {
  test('succeeded: done, and nothing more is asked', async () => {
    const { verdict, log } = await verdictOf(['pending', 'succeeded']);
    expect(verdict).toEqual({ is: 'done', by: 'action_status' });
    expect(log).toEqual(asked(5, 10));
  });

  test('failed: the car refused it', async () => {
    const { verdict, log } = await verdictOf(['failed']);
    expect(verdict).toMatchObject({ is: 'failed', failure: { code: 'vehicle_refused' } });
    expect(verdict).not.toHaveProperty('failure.outcome');
    expect(log).toEqual(asked(5));
  });

  test('pending to the end of two minutes: the car is read', async () => {
    const { verdict, log } = await verdictOf(['pending'], ['locked']);
    expect(verdict).toEqual(byState);
    expect(log).toHaveLength(24 + 1);
    expect(log.slice(-2)).toEqual(['asked 120', 'read 125']);
  });

  test.each([
    ['timeout', ['timeout'], [5]],
    ['unknown three times', ['unknown', 'unknown', 'unknown', 'succeeded'], [5, 10, 15]],
    ['three errors in a row', ['error', 'no way', 'error', 'succeeded'], [5, 10, 15]],
  ] as const)('%s: the car is read', async (_, answers, at) => {
    const { verdict, log } = await verdictOf(answers, ['locked']);
    expect(verdict).toEqual(byState);
    expect(log).toEqual([...asked(...at), ...read((at.at(-1) ?? 0) + 5)]);
  });

  test.each([
    [['unknown', 'unknown', 'pending', 'unknown', 'unknown', 'succeeded']],
    [['error', 'error', 'pending', 'error', 'error', 'succeeded']],
  ] as const)('what is not three in a row ends no asking', async (answers) => {
    const { verdict, log } = await verdictOf(answers);
    expect(verdict).toEqual({ is: 'done', by: 'action_status' });
    expect(log).toHaveLength(6);
  });

  test('no more often than the region allows', async () => {
    const { log } = await verdictOf(['pending'], ['locked'], {
      how: { ...followUp, most_polls: 2 },
    });
    expect(log).toEqual([...asked(5, 10), ...read(15)]);
  });

  test('where succeeded only means over, the car has to show it', async () => {
    const how = { ...followUp, succeeded_means: 'over' } as const;
    const shown = await verdictOf(['succeeded'], ['locked'], { how });
    expect(shown.verdict).toEqual(byState);
    const not = await verdictOf(['succeeded'], ['unlocked', 'unlocked', 'unlocked'], { how });
    expect(not.verdict).toMatchObject(unanswered);
    const horned = await verdictOf(['succeeded'], [], { how, sent: horn() });
    expect(horned).toEqual({ verdict: { is: 'done', by: 'nothing' }, log: asked(5) });
  });

  test('where nothing can be asked the car is read at once', async () => {
    const { verdict, log } = await verdictOf([], ['locked'], { how: null });
    expect([verdict, log]).toEqual([byState, read(5)]);
  });

  test('what cannot be read back is done by nothing, if the vendor took it', async () => {
    expect(await verdictOf([], [], { how: null, sent: horn() })).toEqual({
      ...{ verdict: { is: 'done', by: 'nothing' }, log: [] },
    });
    const { verdict } = await verdictOf(['timeout'], [], { sent: horn() });
    expect(verdict).toMatchObject(unanswered);
  });
});

describe('what the car shows', () => {
  test.each([
    ['the old state, then news', ['old', 'locked'], byState, [5, 20]],
    ['the opposite, then what was wanted', ['unlocked', 'locked'], byState, [5, 20]],
    [
      'nothing that can be read, then news',
      ['unreadable', 'unreadable', 'locked'],
      byState,
      [5, 20, 50],
    ],
    ['the opposite', ['unlocked', 'unlocked', 'unlocked'], unanswered, [5, 20, 50]],
    ['no news', ['old', 'old', 'old'], unanswered, [5, 20, 50]],
    ['nothing', ['unreadable', 'unreadable', 'unreadable'], unanswered, [5, 20, 50]],
  ] as const)('%s', async (_, shown, verdict, at) => {
    const found = await verdictOf([], shown, { how: null });
    expect(found.verdict).toMatchObject(verdict);
    expect(found.log).toEqual(read(...at));
  });

  test('a report from before that shows what was wanted is no proof', async () => {
    const { confirmation } = aConfirmation([], []);
    const ended = vi.fn();
    // The old report says locked.
    void confirmation.ofTaken(lock(), null).then(ended);
    await wait(60_000);
    expect(ended.mock.calls).toMatchObject([[unanswered]]);
  });

  test('counts where the answer of the vendor was lost; else that it was lost is what is said', async () => {
    const found = vi.fn();
    void aConfirmation([], ['old', 'locked']).confirmation.ofLost(lock(), lost).then(found);
    void aConfirmation([], ['unlocked']).confirmation.ofLost(lock(), lost).then(found);
    void aConfirmation([]).confirmation.ofLost(horn(), lost).then(found);
    await wait(60_000);
    const said = { is: 'failed', failure: lost };
    expect(found.mock.calls).toEqual([[said], [byState], [said]]);
  });
});

describe('the stop', () => {
  test.each([
    ['while it is asked', ['pending'], followUp, 12_000],
    ['while it is read back', [], null, 12_000],
    ['before it began', [], null, 0],
  ] as const)('%s: nobody knows, and no timer is left', async (_, answers, how, after_ms) => {
    const { confirmation, log } = aConfirmation(answers);
    const ended = vi.fn();
    void confirmation.ofTaken(lock(), how).then(ended);
    await wait(after_ms);
    const before = log.length;
    confirmation.stop();
    await settle();
    const cutOff = { code: 'interrupted', outcome: 'unknown' };
    expect(ended.mock.calls).toMatchObject([[{ is: 'failed', failure: cutOff }]]);
    await wait(60_000);
    expect([log.length, vi.getTimerCount()]).toEqual([before, 0]);
  });

  test('what needs no confirmation is done all the same', async () => {
    const { confirmation } = aConfirmation([]);
    confirmation.stop();
    expect(await confirmation.ofTaken(horn(), null)).toEqual({ is: 'done', by: 'nothing' });
  });
});

describe('a read of its own', () => {
  const aLane = (canLeave: boolean) => {
    const waiters: Waiter[] = [];
    const quiet = createQuietRefresh({
      clock,
      defaultMaxAge_s: 300,
      lanes: {
        take: (_, __, waiter) => {
          waiters.push(waiter);
          return { position: 0, waits: () => canLeave, leave: () => canLeave };
        },
        joins: () => false,
      },
      reportedAt: () => undefined,
      holdsAutomatic: () => undefined,
    });
    return { quiet, waiters };
  };

  test('leaves nothing behind on a signal that lives as long as the bridge', async () => {
    const { quiet, waiters } = aLane(true);
    const life = new AbortController();
    const [add, remove] = [
      vi.spyOn(life.signal, 'addEventListener'),
      vi.spyOn(life.signal, 'removeEventListener'),
    ];
    const reading = quiet.read('car', life.signal);
    waiters[0]?.ended(aReading(), { duration_ms: 1 });
    await reading;
    expect(remove.mock.calls.map(([, listener]) => listener)).toEqual(
      add.mock.calls.map(([, listener]) => listener),
    );
    expect(add).toHaveBeenCalledOnce();
  });

  test('is given up with the signal as long as it waits, whenever that came', async () => {
    const { quiet } = aLane(true);
    const life = new AbortController();
    const reading = quiet.read('car', life.signal);
    life.abort();
    expect(await reading).toMatchObject({ ok: false, failure: { code: 'interrupted' } });
    expect(await quiet.read('car', life.signal)).toMatchObject({ ok: false });
  });

  test('that has begun is waited for', async () => {
    const { quiet, waiters } = aLane(false);
    const life = new AbortController();
    const reading = quiet.read('car', life.signal);
    life.abort();
    waiters[0]?.ended(aReading(), { duration_ms: 1 });
    expect(await reading).toMatchObject({ ok: true });
  });
});
