import { expect, onTestFinished, test, vi } from 'vitest';
import { Breaker } from '../../src/dispatch/breaker.js';
import { Dispatcher, type CallContext } from '../../src/dispatch/dispatcher.js';
import type { Waiter } from '../../src/dispatch/lane.js';
import { failure } from '../../src/vehicle/outcome.js';
import type { Outcome } from '../../src/vehicle/task.js';
import { settle, useFakeClock } from './fake-clock.js';
import { aFailure, aReading, later } from './outcomes.js';

const clock = useFakeClock();
const retry = { initial_ms: 1000, factor: 2, max_ms: 60_000, jitter: 0 };

interface Handed {
  readonly context: CallContext;
  readonly end: (outcome: Outcome) => Promise<void>;
}

function aDispatcher(
  options: {
    mayLeave?: () => boolean;
    beforeWake?: (ids: readonly string[]) => Promise<void>;
    slots?: number;
    breaker?: Breaker;
  } = {},
) {
  const handed: Handed[] = [];
  let taken = 0;
  const dispatcher: Dispatcher = new Dispatcher({
    clock,
    retry,
    mayLeave: () => (options.mayLeave?.() ?? true) && (options.breaker?.allows ?? true),
    isShut: () => options.breaker?.state.is === 'open',
    takeSlot: () => {
      if (taken >= (options.slots ?? Infinity)) return undefined;
      taken += 1;
      return () => {
        taken -= 1;
      };
    },
    beforeWake: (_, ids) => options.beforeWake?.(ids) ?? Promise.resolve(),
    markJoined: (id) => options.beforeWake?.([id]) ?? Promise.resolve(),
    notWoken: () => undefined,
    call: (context) => {
      const leave = async (): Promise<Outcome> => {
        const refusal = await context.prepare();
        if (refusal !== undefined) return { ok: false, failure: refusal, requests: 0 };
        context.onHandOver();
        const call = later<Outcome>();
        handed.push({
          context,
          end: async (outcome) => {
            call.keep(outcome);
            await settle();
          },
        });
        return call.promise;
      };
      return options.breaker?.run(leave) ?? leave();
    },
  });
  onTestFinished(() => {
    dispatcher.stop();
  });
  return { dispatcher, handed, slotsTaken: () => taken };
}

function aWaiter(commandId?: string) {
  const events: string[] = [];
  const waiter: Waiter = {
    ...(commandId === undefined ? {} : { commandId }),
    priority: commandId === undefined ? 'bridge' : 'person',
    started: ({ attempt, shared_with }) =>
      events.push(`started ${String(attempt)} ${shared_with ?? ''}`.trim()),
    waitsAgain: () => events.push('waits again'),
    ended: (outcome, { shared_with }) =>
      events.push(`ended ${outcome.ok ? 'ok' : outcome.failure.code} ${shared_with ?? ''}`.trim()),
  };
  return { waiter, events };
}

test('equal refreshes that wait or run share one call and its ending', async () => {
  const { dispatcher, handed } = aDispatcher();
  const [first, second, third] = [aWaiter('a'), aWaiter('b'), aWaiter('c')];
  dispatcher.take('car', 'force', first.waiter);
  dispatcher.take('car', 'force', second.waiter);
  await settle();
  expect(dispatcher.joins('car', 'force')).toBe(true);
  expect(dispatcher.take('car', 'force', third.waiter).position).toBe(0);
  await settle();
  await handed[0]?.end(aReading());
  expect(handed).toHaveLength(1);
  expect(handed[0]?.context.commandId).toBe('a');
  expect(first.events).toEqual(['started 1', 'ended ok']);
  for (const { events } of [second, third]) {
    expect([...new Set(events)]).toEqual(['started 1 a', 'ended ok a']);
  }
});

test('a wake that passes the guards is shared only by those who ask for the same', async () => {
  const { dispatcher, handed } = aDispatcher();
  const [plain, passing, second, smart] = [aWaiter('a'), aWaiter('b'), aWaiter('c'), aWaiter('d')];
  dispatcher.take('car', 'force', plain.waiter, false);
  dispatcher.take('car', 'force', passing.waiter, true);
  dispatcher.take('car', 'force', second.waiter, true);
  dispatcher.take('car', 'force', smart.waiter);
  await settle();
  await handed[0]?.end(aReading());
  await handed[1]?.end(aReading());
  expect(handed).toHaveLength(2);
  expect(plain.events).toEqual(['started 1', 'ended ok']);
  expect(passing.events).toEqual(['started 1', 'ended ok']);
  expect(second.events).toEqual(['started 1 b', 'ended ok b']);
  expect(new Set(smart.events)).toEqual(new Set(['started 1 a', 'ended ok a']));
});

test('a wake is on the disk for every command before it leaves', async () => {
  const stored = later<undefined>();
  const beforeWake = vi.fn(async () => {
    await stored.promise;
  });
  const { dispatcher, handed } = aDispatcher({ beforeWake });
  dispatcher.take('car', 'force', aWaiter('a').waiter);
  await settle();
  expect(beforeWake.mock.calls).toEqual([[['a']]]);
  expect(handed).toEqual([]);
  stored.keep(undefined);
  await settle();
  expect(handed).toHaveLength(1);
});

test('a wake that cannot be stored does not leave', async () => {
  const { dispatcher, handed } = aDispatcher({ beforeWake: () => Promise.reject(new Error('x')) });
  const { waiter, events } = aWaiter('a');
  dispatcher.take('car', 'force', waiter);
  await settle();
  expect([events, handed]).toEqual([['ended not_stored'], []]);
  expect(dispatcher.running).toBe(0);
});

test('a cached read leaves while the wake lane of its car hangs', async () => {
  const { dispatcher, handed } = aDispatcher();
  dispatcher.take('car', 'force', aWaiter('a').waiter);
  dispatcher.take('car', 'cached', aWaiter('b').waiter);
  dispatcher.take('other', 'force', aWaiter('c').waiter);
  await settle();
  expect(handed.map(({ context }) => context.operation).sort()).toEqual([
    'cached',
    'force',
    'force',
  ]);
});

test('with one slot the lanes take turns', async () => {
  const { dispatcher, handed } = aDispatcher({ slots: 1 });
  const cars = ['one', 'two', 'three'];
  for (const car of cars) dispatcher.take(car, 'cached', aWaiter(car).waiter);
  await settle();
  for (let turn = 0; turn < 6; turn += 1) {
    const vehicle = handed.at(-1)?.context.vehicle ?? '';
    const again = handed.at(-1)?.end(aReading());
    await again;
    dispatcher.take(vehicle, 'cached', aWaiter(`${vehicle}-${String(turn)}`).waiter);
    await settle();
  }
  expect(handed.map(({ context }) => context.vehicle)).toEqual([...cars, ...cars, 'one']);
});

test('a car that is busy is asked again after 10 s, then by the policy, and each try is told', async () => {
  const { dispatcher, handed } = aDispatcher();
  const { waiter, events } = aWaiter('a');
  dispatcher.take('car', 'force', waiter);
  await settle();
  for (const pause_ms of [10_000, 2000, 4000]) {
    await handed.at(-1)?.end(aFailure('duplicate_request'));
    const tries = handed.length;
    await vi.advanceTimersByTimeAsync(pause_ms - 1);
    expect(handed).toHaveLength(tries);
    await vi.advanceTimersByTimeAsync(1);
    expect(handed).toHaveLength(tries + 1);
  }
  await handed.at(-1)?.end(aReading());
  expect(events).toEqual([
    'started 1',
    ...['waits again', 'started 2'],
    ...['waits again', 'started 3'],
    ...['waits again', 'started 4'],
    'ended ok',
  ]);
});

test('what the vendor asks for is respected, however long', async () => {
  const { dispatcher, handed } = aDispatcher();
  dispatcher.take('car', 'force', aWaiter('a').waiter);
  await settle();
  const days_s = 30 * 86_400;
  await handed[0]?.end(aFailure('duplicate_request', { retry_after_s: days_s }));
  await vi.advanceTimersByTimeAsync(86_400_000);
  expect(handed).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(1);
});

test('between tries a waiter can leave, and a cached read goes first', async () => {
  const { dispatcher, handed } = aDispatcher();
  const { waiter, events } = aWaiter('a');
  const place = dispatcher.take('car', 'force', waiter);
  await settle();
  expect(place.leave()).toBe(false);
  await handed[0]?.end(aFailure('duplicate_request'));
  expect(dispatcher.depth).toBe(1);
  dispatcher.take('car', 'cached', aWaiter('b').waiter);
  await settle();
  expect(handed).toHaveLength(2);
  expect(place.leave()).toBe(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(handed).toHaveLength(2);
  expect(events).toEqual(['started 1', 'waits again']);
});

test('who leaves before the start leaves the call to the others', async () => {
  let open = false;
  const { dispatcher, handed } = aDispatcher({ mayLeave: () => open });
  const [first, second] = [aWaiter('a'), aWaiter('b')];
  const place = dispatcher.take('car', 'force', first.waiter);
  dispatcher.take('car', 'force', second.waiter);
  expect(place.leave()).toBe(true);
  expect(place.leave()).toBe(false);
  open = true;
  dispatcher.pump();
  await settle();
  await handed[0]?.end(aReading());
  expect(first.events).toEqual([]);
  expect(second.events).toEqual(['started 1', 'ended ok']);
});

test('a car that does not answer holds its own wake lane only', async () => {
  const { dispatcher, handed } = aDispatcher();
  dispatcher.take('silent', 'force', aWaiter('a').waiter);
  await settle();
  await handed[0]?.end(aFailure('vehicle_timeout'));
  dispatcher.take('silent', 'force', aWaiter('b').waiter);
  dispatcher.take('silent', 'cached', aWaiter('c').waiter);
  dispatcher.take('other', 'force', aWaiter('d').waiter);
  await settle();
  expect(handed.slice(1).map(({ context }) => context.vehicle)).toEqual(['silent', 'other']);
  expect(handed[1]?.context.operation).toBe('cached');
  await vi.advanceTimersByTimeAsync(1000);
  expect(handed[3]?.context).toMatchObject({ vehicle: 'silent', operation: 'force' });
});

test('the pause of a silent car grows with every time and ends with an answer', async () => {
  const { dispatcher, handed } = aDispatcher();
  const pauses: number[] = [];
  for (const ending of [
    ...[aFailure('timeout'), aFailure('vehicle_timeout'), aFailure('vehicle_timeout')],
    ...[aReading(), aFailure('vehicle_timeout')],
  ]) {
    dispatcher.take('car', 'force', aWaiter('a').waiter);
    const before = handed.length;
    const since = clock.monotonic();
    while (handed.length === before) await vi.advanceTimersByTimeAsync(100);
    pauses.push(clock.monotonic() - since);
    await handed.at(-1)?.end(ending);
  }
  expect(pauses.map((one) => Math.round(one / 1000))).toEqual([0, 1, 2, 4, 0]);
});

test('what waits when its breaker opens ends with that; what was tried keeps its own code', async () => {
  let open = true;
  const { dispatcher, handed } = aDispatcher({ mayLeave: () => open });
  const [tried, waits, reads] = [aWaiter('a'), aWaiter('b'), aWaiter('c')];
  dispatcher.take('tried', 'force', tried.waiter);
  await settle();
  await handed[0]?.end(aFailure('duplicate_request'));
  open = false;
  dispatcher.take('waits', 'force', waits.waiter);
  dispatcher.take('waits', 'cached', reads.waiter);
  dispatcher.failWaiting('wake', failure('breaker_open', 'open'));
  expect(tried.events.at(-1)).toBe('ended duplicate_request');
  expect(waits.events).toEqual(['ended breaker_open']);
  expect(reads.events).toEqual([]);
  expect(dispatcher.depth).toBe(1);
});

test('while one wake probes the breaker those of other cars stay, and share its verdict', async () => {
  const ended: string[] = [];
  const breaker: Breaker = new Breaker(
    'wake',
    { failures: 1, reset_ms: 1000, max_reset_ms: 1000 },
    clock,
    ({ is }) => {
      ended.push(is);
      if (is === 'open') dispatcher.failWaiting('wake', failure('breaker_open', 'open'));
      dispatcher.pump();
    },
  );
  onTestFinished(() => {
    breaker.stop();
  });
  const { dispatcher, handed, slotsTaken } = aDispatcher({ breaker });
  dispatcher.take('car', 'force', aWaiter('opens').waiter);
  await settle();
  await handed[0]?.end(aFailure('unavailable'));
  expect(breaker.state.is).toBe('open');
  const [probe, waits] = [aWaiter('probe'), aWaiter('waits')];
  dispatcher.take('car', 'force', probe.waiter);
  dispatcher.take('other', 'force', waits.waiter);
  await vi.advanceTimersByTimeAsync(1000);
  expect(handed).toHaveLength(2);
  expect(waits.events).toEqual([]);
  await handed[1]?.end(aFailure('unavailable'));
  expect(probe.events).toEqual(['started 1', 'ended unavailable']);
  expect(waits.events).toEqual(['ended breaker_open']);
  expect(slotsTaken()).toBe(0);
});

test('a call that breaks frees its lane and its slot', async () => {
  let taken = 0;
  const dispatcher = new Dispatcher({
    clock,
    retry,
    mayLeave: () => true,
    isShut: () => false,
    takeSlot: () => {
      taken += 1;
      return () => {
        taken -= 1;
      };
    },
    beforeWake: () => Promise.resolve(),
    markJoined: () => Promise.resolve(),
    notWoken: () => undefined,
    call: () => Promise.reject(new Error('it broke')),
  });
  const { waiter, events } = aWaiter('a');
  dispatcher.take('car', 'cached', waiter);
  await settle();
  expect(events).toEqual(['ended internal']);
  expect([taken, dispatcher.running]).toEqual([0, 0]);
});

test('after the stop nothing starts, what runs ends, and that can be waited for', async () => {
  const { dispatcher, handed } = aDispatcher();
  const [runs, waits] = [aWaiter('a'), aWaiter('b')];
  dispatcher.take('car', 'force', runs.waiter);
  await settle();
  dispatcher.stop();
  dispatcher.take('other', 'force', waits.waiter);
  const quiet = vi.fn();
  void dispatcher.quiet(60_000).then(quiet);
  await settle();
  expect(quiet).not.toHaveBeenCalled();
  await handed[0]?.end(aFailure('duplicate_request'));
  expect(quiet).toHaveBeenCalled();
  expect(runs.events.at(-1)).toBe('ended duplicate_request');
  await vi.advanceTimersByTimeAsync(600_000);
  expect([handed.length, waits.events]).toEqual([1, []]);
});
