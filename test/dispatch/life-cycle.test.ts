import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { Clock } from '../../src/daemon/clock.js';
import { endings, type LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import type { Outcome } from '../../src/vehicle/task.js';
import { aCar, anAccount, type AnAccount } from './an-account.js';
import { settle, useFakeClock } from './fake-clock.js';
import { MemoryStore } from './memory-store.js';
import { aFailure, aReading } from './outcomes.js';

const clock = useFakeClock();
const minute = 60_000;

const isEnding = ({ status }: LifeCycleEvent): boolean => endings.some((one) => one === status);

function eventsOf(account: Pick<AnAccount, 'said'>, id: string): LifeCycleEvent[] {
  return account.said.filter((event) => event.id === id);
}

function story(account: AnAccount, id: string): string[] {
  return eventsOf(account, id).map(({ status, phase, decision, code, attempt }) =>
    [status, phase, attempt, decision, code].filter((one) => one !== undefined).join(' '),
  );
}

describe('smart', () => {
  test('is content with what is young enough', async () => {
    const account = anAccount(clock, { reportedAt: () => clock.now() - 300_000 });
    await account.send({ value: 'smart', id: 'a' });
    await account.left[0]?.end(aReading());
    expect(story(account, 'a')).toEqual(['accepted', 'running cached 1', 'succeeded fresh_enough']);
    expect(account.left).toEqual([]);
  });

  test.each([
    ['old', () => clock.now() - 300_001],
    ['unknown', () => undefined],
  ])('wakes the car when its report is %s', async (_, reportedAt) => {
    const account = anAccount(clock, { reportedAt });
    await account.send({ value: 'smart', id: 'a' });
    await account.left[0]?.end(aReading());
    expect(account.left[0]?.task.operation).toBe('force');
    await account.left[0]?.end(aReading());
    expect(story(account, 'a')).toEqual([
      ...['accepted', 'running cached 1'],
      ...['running force 1', 'succeeded forced'],
    ]);
  });

  test('takes its own age for old', async () => {
    const account = anAccount(clock, { reportedAt: () => clock.now() - 61_000 });
    await account.send({ value: 'smart:60', id: 'a' });
    await account.left[0]?.end(aReading());
    expect(account.left[0]?.task.operation).toBe('force');
  });

  test('shares the wake of another', async () => {
    const account = anAccount(clock);
    await account.send({ value: 'force', id: 'wake' });
    await account.send({ value: 'smart', id: 'a' });
    await account.left[1]?.end(aReading());
    expect(account.left).toHaveLength(1);
    await account.left[0]?.end(aReading());
    expect(eventsOf(account, 'a').at(-1)).toMatchObject({
      decision: 'joined',
      shared_with: 'wake',
    });
  });

  test('keeps what the cloud said when no wake may leave', async () => {
    const account = anAccount(clock);
    for (let time = 0; time < 5; time += 1) {
      await account.breakers.wake.run(() => Promise.resolve(aFailure('unavailable')));
    }
    await account.send({ value: 'smart', id: 'a' });
    await account.left[0]?.end(aReading());
    expect(story(account, 'a').at(-1)).toBe('succeeded breaker_open');
  });

  test('keeps what the cloud said when the wake lane stays busy until its expiry', async () => {
    const account = anAccount(clock);
    await account.send({ value: 'force', id: 'busy' });
    await account.left[0]?.end(aFailure('vehicle_timeout'));
    account.setReady(true);
    await account.send({ value: 'smart', id: 'a', expires_in: 1 });
    expect(account.left[0]?.task.operation).toBe('cached');
    await vi.advanceTimersByTimeAsync(500);
    await account.left[0]?.end(aReading());
    await vi.advanceTimersByTimeAsync(499);
    expect(story(account, 'a').at(-1)).toBe('running cached 1');
    account.setReady(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(story(account, 'a').at(-1)).toBe('succeeded wake_lane_busy');
  });

  test('fails with the code of a wake that was tried', async () => {
    const account = anAccount(clock);
    await account.send({ value: 'smart', id: 'a' });
    await account.left[0]?.end(aReading());
    await account.left[0]?.end(aFailure('vehicle_timeout'));
    expect(story(account, 'a').at(-1)).toBe('failed vehicle_timeout');
  });
});

describe('a car that is busy with another command', () => {
  test('is asked again until the expiry, then the command fails with what the car said', async () => {
    const account = anAccount(clock);
    await account.send({ value: 'force', id: 'a', expires_in: 15 });
    await account.left[0]?.end(aFailure('duplicate_request'));
    expect(account.waiting.total).toBe(1);
    await vi.advanceTimersByTimeAsync(10_000);
    await account.left[0]?.end(aFailure('duplicate_request'));
    await vi.advanceTimersByTimeAsync(2000);
    await account.left[0]?.end(aFailure('duplicate_request'));
    await vi.advanceTimersByTimeAsync(3000);
    expect(story(account, 'a')).toEqual([
      ...['accepted', 'running 1', 'running 2', 'running 3', 'failed duplicate_request'],
    ]);
    await vi.advanceTimersByTimeAsync(minute);
    expect([account.waiting.total, account.left.length]).toEqual([0, 0]);
  });

  test('counts as running again in its next try', async () => {
    const account = anAccount(clock);
    await account.send({ value: 'force', id: 'a' });
    await account.left[0]?.end(aFailure('duplicate_request'));
    expect(account.admissions.waitingIds).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([account.admissions.waitingIds, account.waiting.total]).toEqual([[], 0]);
    expect(story(account, 'a')).toEqual(['accepted', 'running 1', 'running 2']);
  });

  test('between its tries the command can be cancelled', async () => {
    const account = anAccount(clock);
    await account.send({ value: 'force', id: 'a' });
    expect(account.admissions.leave('a', 'cancelled', {})).toBe('too_late');
    await account.left[0]?.end(aFailure('duplicate_request'));
    expect(account.admissions.leave('a', 'cancelled', {})).toBe('ended');
    await vi.advanceTimersByTimeAsync(minute);
    expect(story(account, 'a').at(-1)).toBe('cancelled');
    expect(account.left).toEqual([]);
  });
});

test('a cached is never held back by a force', async () => {
  const account = anAccount(clock);
  await account.send('force');
  await account.send('cached');
  expect(account.left.map(({ task }) => task.operation)).toEqual(['force', 'cached']);
});

test('nothing but a busy car is asked twice', async () => {
  for (const code of ['unavailable', 'vehicle_timeout', 'timeout', 'interrupted'] as const) {
    const account = anAccount(clock);
    await account.send({ value: 'force', id: code });
    await account.left[0]?.end(aFailure(code));
    await vi.advanceTimersByTimeAsync(20 * minute);
    expect(account.left).toEqual([]);
    expect(story(account, code).at(-1)).toBe(`failed ${code}`);
  }
});

test('a read whose session was refused is tried once more, with its whole time', async () => {
  const account = anAccount(clock);
  await account.send({ value: 'cached', id: 'a' });
  await vi.advanceTimersByTimeAsync(59_000);
  await account.left[0]?.end(aFailure('auth_failed'));
  expect(account.left[0]?.task.remaining_ms).toBe(60_000);
  await account.left[0]?.end(aFailure('auth_failed'));
  expect(story(account, 'a')).toEqual([
    ...['accepted', 'running 1', 'running 2', 'failed auth_failed'],
  ]);
});

test.each([
  [false, 2],
  [true, 1],
])('a wake whose session was refused (sent: %s) leaves %i times', async (sent, times) => {
  const account = anAccount(clock);
  await account.send({ value: 'force', id: 'a' });
  await account.left[0]?.end(aFailure('auth_failed', { sent }));
  expect(account.left).toHaveLength(times - 1);
});

test('what was stored only after its expiry does not start', async () => {
  const store = new MemoryStore();
  const account = anAccount(clock, { store });
  store.mode = 'hangs';
  const sent = account.send({ value: 'force', id: 'a', expires_in: 1 });
  await vi.advanceTimersByTimeAsync(3000);
  store.goOn();
  await sent;
  await settle();
  expect(story(account, 'a')).toEqual(['accepted', 'expired']);
  expect(account.left).toEqual([]);
});

test('a dry run sends nothing, joins nothing and says what would be done', async () => {
  const account = anAccount(clock);
  await account.send('force');
  for (const value of ['force', 'smart', 'cached']) {
    await account.send({ value, id: value, dry_run: true });
  }
  await settle();
  expect(account.left).toHaveLength(1);
  expect(eventsOf(account, 'smart').at(-1)).toMatchObject({
    ...{ status: 'succeeded', dry_run: true, decision: 'joined' },
  });
  expect(eventsOf(account, 'force').at(-1)).toMatchObject({ status: 'succeeded', dry_run: true });
});

describe('after a restart', () => {
  async function restarted(
    before: AnAccount,
    clockTrusted = true,
    clockAfter: Clock = clock,
  ): Promise<AnAccount> {
    before.dispatcher.stop();
    before.admissions.stop();
    await vi.advanceTimersByTimeAsync(5000);
    const after = anAccount(clockAfter, { store: before.store, boot: 2, clockTrusted });
    const { open, remembered } = await after.journal.recover(clockAfter.now(), 60 * minute);
    after.admissions.restore(open, remembered);
    await settle();
    return after;
  }

  test.each([
    ['cached', 'cached'],
    ['smart', 'cached'],
    ['force', 'force'],
  ])('a %s that had not started runs again as %s', async (value, operation) => {
    const before = anAccount(clock);
    before.setReady(false);
    await before.send({ value, id: 'a' });
    const after = await restarted(before);
    expect(after.left.map(({ task }) => task.operation)).toEqual([operation]);
  });

  test('a clock that was set back meanwhile makes nobody wait less than no time', async () => {
    const before = anAccount(clock);
    before.setReady(false);
    await before.send({ value: 'cached', id: 'a' });
    const setBack = { ...clock, now: () => clock.now() - 60 * minute };
    const after = await restarted(before, true, setBack);
    const running = eventsOf(after, 'a').find(({ status }) => status === 'running');
    expect(running).toMatchObject({ queued_ms: 0 });
  });

  test('a force that had started asks the cloud first', async () => {
    const before = anAccount(clock);
    await before.send({ value: 'force', id: 'a' });
    const after = await restarted(before);
    expect(after.left.map(({ task }) => task.operation)).toEqual(['cached']);
    const seqs = [...eventsOf(before, 'a'), ...eventsOf(after, 'a')].map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((one, other) => one - other));
  });

  test('what is over by then expires, or was interrupted if its wake had left', async () => {
    const before = anAccount(clock);
    await before.send({ value: 'force', id: 'started', expires_in: 2 });
    before.setReady(false);
    await before.send({ value: 'cached', id: 'waiting', expires_in: 2 });
    before.admissions.stop();
    const after = await restarted(before);
    expect(story(after, 'started')).toEqual(['failed interrupted']);
    expect(story(after, 'waiting')).toEqual(['expired']);
    expect([after.left, after.waiting.total]).toEqual([[], 0]);
  });

  test('with a clock that cannot be trusted every deadline counts as passed', async () => {
    const before = anAccount(clock);
    before.setReady(false);
    await before.send({ value: 'cached', id: 'a' });
    const after = await restarted(before, false);
    expect(story(after, 'a')).toEqual(['expired']);
  });
});

type Step =
  | {
      readonly do: 'send';
      readonly value: string;
      readonly car: string;
      readonly expires_in: number;
    }
  | { readonly do: 'end'; readonly which: number; readonly outcome: Outcome }
  | { readonly do: 'wait'; readonly time_ms: number }
  | { readonly do: 'cancel'; readonly which: number }
  | { readonly do: 'session'; readonly isReady: boolean }
  | { readonly do: 'store'; readonly mode: 'works' | 'fails' | 'hangs' };

const outcomes = fc.oneof(
  { weight: 4, arbitrary: fc.constant(aReading()) },
  {
    weight: 5,
    arbitrary: fc
      .constantFrom(
        ...(['unavailable', 'duplicate_request', 'vehicle_timeout', 'timeout'] as const),
        ...(['auth_failed', 'vehicle_refused', 'rate_limited', 'internal'] as const),
      )
      .chain((code) => fc.boolean().map((sent) => aFailure(code, { sent }))),
  },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      value: fc.constantFrom('cached', 'force', 'smart', 'smart:1'),
      car: fc.constantFrom('one', 'two'),
      expires_in: fc.constantFrom(1, 20, 300),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(), outcome: outcomes }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      time_ms: fc.constantFrom(10, 1000, 10_000, 70_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('session' as const), isReady: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('store' as const),
      mode: fc.constantFrom('works' as const, 'fails' as const, 'hangs' as const),
    }),
  },
);

async function take(account: AnAccount, one: Step, index: number): Promise<void> {
  switch (one.do) {
    case 'send': {
      const { value, expires_in } = one;
      const id = `command-${String(index)}`;
      void account.send({ value, expires_in, id }, { car: aCar(one.car) });
      return;
    }
    case 'end':
      await account.left[one.which % Math.max(1, account.left.length)]?.end(one.outcome);
      return;
    case 'wait':
      await vi.advanceTimersByTimeAsync(one.time_ms);
      return;
    case 'cancel':
      account.admissions.leave(
        `command-${String(one.which % Math.max(1, index))}`,
        'cancelled',
        {},
      );
      return;
    case 'session':
      account.setReady(one.isReady);
      return;
    case 'store':
      if (one.mode === 'works') account.store.goOn();
      else account.store.mode = one.mode;
      return;
  }
}

/** Everything works again, and everything that runs ends. */
async function calmDown(account: AnAccount): Promise<void> {
  account.store.goOn();
  account.setReady(true);
  await settle();
  for (let round = 0; round < 40 && account.book.open.size > 0; round += 1) {
    for (const call of [...account.left]) await call.end(aReading());
    await vi.advanceTimersByTimeAsync(minute);
  }
}

function judge(account: AnAccount, id: string): void {
  const events = eventsOf(account, id);
  if (events.length === 0) return;
  if (events.some(({ seq }) => seq === 0)) {
    expect(events).toMatchObject([{ status: 'rejected' }]);
    return;
  }
  expect(events[0]?.status).toBe('accepted');
  expect(events.filter(isEnding)).toHaveLength(1);
  expect(events.findIndex(isEnding)).toBe(events.length - 1);
  const seqs = events.map(({ seq }) => seq);
  expect(seqs).toEqual([...new Set(seqs)].sort((one, other) => one - other));
  const attempts = events.flatMap(({ phase, attempt }) =>
    attempt === undefined ? [] : [`${phase ?? ''} ${String(attempt)}`],
  );
  expect(new Set(attempts).size).toBe(attempts.length);
}

test('whatever happens in whatever order, each command that was accepted ends once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const account = anAccount(clock, { reportedAt: () => clock.now() - 200_000 });
      for (const [index, one] of steps.entries()) {
        await take(account, one, index);
        await settle();
      }
      await calmDown(account);
      expect(account.overlaps).toEqual([]);
      expect([account.book.open.size, account.waiting.total]).toEqual([0, 0]);
      expect([account.dispatcher.depth, account.dispatcher.running]).toEqual([0, 0]);
      for (const index of steps.keys()) judge(account, `command-${String(index)}`);
      expect(account.store.keys('/open/')).toEqual([]);
      account.stop();
    }),
    { numRuns: 250 },
  );
}, 60_000);
