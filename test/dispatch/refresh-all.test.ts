import { describe, expect, test, vi } from 'vitest';
import type { OpenCommand } from '../../src/dispatch/command-book.js';
import { JobGate, type Hold } from '../../src/dispatch/job-gate.js';
import { createJobLife } from '../../src/dispatch/job-life.js';
import type { RefreshableAccount } from '../../src/dispatch/refresh-all.js';
import { RefreshAllLane } from '../../src/dispatch/refresh-all-lane.js';
import { refreshAllSchema, type RefreshAllCommand } from '../../src/vehicle/bridge-command.js';
import type { RefreshMode } from '../../src/vehicle/command.js';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import { failure, type Failure } from '../../src/vehicle/outcome.js';
import type { Outcome } from '../../src/vehicle/task.js';
import { aBook, aCommand } from './a-book.js';
import { settle, useFakeClock } from './fake-clock.js';
import { MemoryStore } from './memory-store.js';
import { aFailure, aReading, later } from './outcomes.js';

const clock = useFakeClock();
const cached: RefreshAllCommand = { name: 'refresh_all', mode: 'cached' };
const force: RefreshAllCommand = { name: 'refresh_all', mode: 'force' };

interface Asked {
  readonly vehicle: string;
  readonly mode: RefreshMode;
  readonly max_age_s: number | undefined;
  readonly end: (outcome: Outcome) => Promise<void>;
}

/** An account whose cars the test reads. */
function anAccount(name: string, cars: readonly string[]) {
  const asked: Asked[] = [];
  const modes: string[] = [];
  let hold: Hold | undefined;
  let refusal: Failure | undefined;
  const gate = new JobGate({ mayLeave: () => hold });
  const account: RefreshableAccount = {
    name,
    cars: () => cars.map((id) => ({ id: `vendor-${id}`, topic_id: id })),
    refusal: () => refusal,
    isHeld: () => hold !== undefined,
    ready: (onHeld, signal) => gate.pass(onHeld, signal),
    refreshOne: (vehicle, mode, max_age_s) => {
      modes.push(`${vehicle} ${mode}`);
      const outcome = later<Outcome>();
      const one: Asked = {
        ...{ vehicle, mode, max_age_s },
        end: async (ended) => {
          asked.splice(asked.indexOf(one), 1);
          outcome.keep(ended);
          await settle();
        },
      };
      asked.push(one);
      return outcome.promise;
    },
  };
  return {
    ...{ account, asked, modes },
    hold: async (next: Hold | undefined): Promise<void> => {
      hold = next;
      gate.pump();
      await settle();
    },
    refuse: async (next: Failure): Promise<void> => {
      refusal = next;
      hold = { reason: next.code };
      gate.pump();
      await settle();
    },
  };
}

type AnAccount = ReturnType<typeof anAccount>;

function aLane(accounts: readonly AnAccount[], store = new MemoryStore(), boot = 1) {
  const { book, journal, said } = aBook(store, clock, boot);
  const lane = new RefreshAllLane(
    {
      clock,
      retry: { initial_ms: 1000, factor: 2, max_ms: 8000, jitter: 0 },
      life: createJobLife(book),
      accounts: () => accounts.map(({ account }) => account),
      changed: () => undefined,
    },
    () => accounts.length > 0,
  );
  const start = async (command: RefreshAllCommand, id = 'all'): Promise<void> => {
    const open = await book.accept(
      aCommand(clock, {
        ...{ id, vendorId: null, vehicle: null, command: command.name },
        ...{ value: command.mode, request: command, fingerprint: id },
      }),
    );
    if (open === undefined) throw new Error('the job was not accepted');
    lane.start(open, command);
    await settle();
  };
  const resume = async (): Promise<void> => {
    const { open } = await journal.recover(clock.now(), 3_600_000);
    const commands = open.map((record): OpenCommand => ({
      ...{ record, vehicle: null, value: record.event.value, received: clock.monotonic() },
      phase: 'running',
    }));
    book.restore(commands, []);
    for (const one of commands) lane.start(one, refreshAllSchema.parse(one.record.request));
    await settle();
  };
  const ending = (id = 'all'): LifeCycleEvent | undefined =>
    said.findLast(
      (event) => event.id === id && !['accepted', 'running', 'progress'].includes(event.status),
    );
  return { lane, said, store, start, resume, ending };
}

async function answer({ asked }: AnAccount, most = Infinity): Promise<void> {
  for (let answered = 0; answered < most; answered += 1) {
    const [one] = asked;
    if (one === undefined) return;
    await one.end(aReading());
  }
}

test('each account reads its cars one after another, beside the others, and all are summed', async () => {
  const home = anAccount('home', ['one', 'two']);
  const work = anAccount('work', ['three']);
  const { lane, said, start, ending } = aLane([home, work]);
  await start({ name: 'refresh_all', mode: 'smart', max_age_s: 600 });
  const vehicles = [...home.asked, ...work.asked].map(({ vehicle }) => vehicle);
  expect(vehicles).toEqual(['vendor-one', 'vendor-three']);
  expect(home.asked).toMatchObject([{ mode: 'smart', max_age_s: 600 }]);
  expect(lane.documents).toEqual([
    {
      ...{ id: 'all', command: 'refresh_all', vehicle: null, phase: 'reading', done: 0, total: 3 },
      ...{ percent: 0, checkpoint: null, last_result: null, reason: null },
    },
  ]);
  await answer(work);
  await answer(home, 1);
  expect(lane.documents).toMatchObject([
    { done: 2, total: 3, percent: 66, checkpoint: 'one', last_result: 'succeeded' },
  ]);
  await answer(home);
  expect(said.map(({ status }) => status)).toEqual([
    ...['accepted', 'running', 'progress', 'progress', 'succeeded'],
  ]);
  expect(said.at(-2)).toMatchObject({ done: 3, total: 3, percent: 100 });
  expect(ending()).toMatchObject({ done: 3, total: 3, percent: 100, vehicle: null });
  expect(lane.documents).toEqual([]);
});

test('a car that fails does not stop the others; the ending names how many and the first', async () => {
  const home = anAccount('home', ['one', 'two', 'three']);
  const { start, ending } = aLane([home]);
  await start(cached);
  await home.asked[0]?.end(aFailure('timeout'));
  await home.asked[0]?.end(aReading());
  await home.asked[0]?.end(aFailure('unavailable'));
  expect(home.modes).toHaveLength(3);
  expect(ending()).toMatchObject({
    ...{ status: 'failed', code: 'timeout', retryable: true, done: 3, total: 3 },
    message: '2 of 3 cars were not read; one: the test says timeout',
  });
});

describe('an account that cannot be asked', () => {
  test('pauses, and the job only says so when no other one reads', async () => {
    const home = anAccount('home', ['one']);
    const work = anAccount('work', ['two']);
    const { lane, start, ending } = aLane([home, work]);
    await home.hold({ reason: 'not_ready' });
    await start(cached);
    expect(lane.documents).toMatchObject([{ phase: 'reading', reason: null }]);
    await answer(work);
    expect(lane.documents).toMatchObject([{ phase: 'paused', reason: 'not_ready', done: 1 }]);
    await home.hold(undefined);
    await answer(home);
    expect(ending()?.status).toBe('succeeded');
  });

  test('is tried again where a breaker opens under way', async () => {
    const home = anAccount('home', ['one']);
    const { lane, start, ending } = aLane([home]);
    await start(force);
    await home.asked[0]?.end(aFailure('breaker_open'));
    await vi.advanceTimersByTimeAsync(999);
    expect(lane.documents).toMatchObject([{ phase: 'paused', reason: 'breaker_open', done: 0 }]);
    await vi.advanceTimersByTimeAsync(1);
    await answer(home);
    expect(home.modes).toEqual(['vendor-one force', 'vendor-one force']);
    expect(ending()?.status).toBe('succeeded');
  });

  test('and waits for a person holds up nobody: its cars are not read', async () => {
    const home = anAccount('home', ['one', 'two']);
    const work = anAccount('work', ['three']);
    const { start, ending } = aLane([home, work]);
    await home.hold({ reason: 'not_ready' });
    await start(cached);
    await home.refuse(failure('otp_required', 'a code is asked for'));
    await answer(work);
    expect(home.modes).toEqual([]);
    expect(ending()).toMatchObject({
      ...{ status: 'failed', code: 'otp_required' },
      message: '2 of 3 cars were not read; one: a code is asked for',
    });
  });
});

test('one at a time', async () => {
  const home = anAccount('home', ['one']);
  const { lane, start, ending } = aLane([home]);
  expect(lane.refusal()).toBeUndefined();
  await start(cached);
  expect(lane.refusal()).toMatchObject({ code: 'busy' });
  await start(cached, 'second');
  expect(ending('second')).toMatchObject({ status: 'failed', code: 'busy' });
  await answer(home);
  expect([home.modes.length, ending()?.status, lane.refusal()]).toEqual([
    1,
    'succeeded',
    undefined,
  ]);
});

test('before any account knows its cars there is nothing to read', () => {
  expect(aLane([]).lane.refusal()).toMatchObject({ code: 'not_ready' });
});

test('cancelled, it ends behind the car that is being read', async () => {
  const home = anAccount('home', ['one', 'two']);
  const { lane, start, ending } = aLane([home]);
  await start(cached);
  expect([lane.peek('all'), lane.cancel('other'), lane.cancel('all')]).toEqual([
    ...['ended', 'unknown_id', 'ended'],
  ]);
  await settle();
  expect(ending()).toBeUndefined();
  await answer(home);
  expect(home.modes).toHaveLength(1);
  expect(ending()).toMatchObject({ status: 'cancelled', done: 1, total: 2 });
});

describe('after a restart', () => {
  test.each([
    [cached, 'cached'],
    // It may have woken the car already.
    [force, 'smart'],
  ])('%j goes on with the car that was being read, as %s', async (command, mode) => {
    const before = anAccount('home', ['one', 'two', 'three']);
    const first = aLane([before]);
    await first.start(command);
    await answer(before, 1);
    await first.lane.stop();
    await before.asked[0]?.end(aFailure('interrupted'));
    expect(first.ending()).toBeUndefined();

    const home = anAccount('home', ['one', 'two', 'three']);
    const second = aLane([home], first.store, 2);
    await second.resume();
    expect(second.lane.documents).toMatchObject([{ done: 1, total: 3, checkpoint: 'one' }]);
    await answer(home);
    expect(home.modes).toEqual([`vendor-two ${mode}`, `vendor-three ${command.mode}`]);
    expect(second.said[0]).toMatchObject({ status: 'running', attempt: 2 });
    expect(second.ending()).toMatchObject({ status: 'succeeded', done: 3, total: 3 });
  });

  test('the cars of an account that is no more are not read', async () => {
    const before = [anAccount('home', ['one']), anAccount('work', ['two'])] as const;
    const first = aLane(before);
    await first.start(cached);
    await first.lane.stop();
    const home = anAccount('home', ['one']);
    const second = aLane([home], first.store, 2);
    await second.resume();
    await answer(home);
    expect(second.ending()).toMatchObject({
      ...{ status: 'failed', code: 'unknown_vehicle', done: 2, total: 2 },
    });
  });
});
