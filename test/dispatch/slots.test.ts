import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { SharedSlots } from '../../src/dispatch/shared-slots.js';
import { Slots, type SlotOptions } from '../../src/dispatch/slots.js';
import { failure } from '../../src/vehicle/outcome.js';
import type { Outcome } from '../../src/vehicle/task.js';
import { settle, useFakeClock } from './fake-clock.js';

useFakeClock();
const patience_ms = 2000;

function slotsOf(
  shared: SharedSlots,
  options: {
    cars?: number;
    onFree?: () => void;
    processes?: number;
    release?: () => void;
    threads?: SlotOptions['threads'];
    endIdle?: SlotOptions['endIdle'];
  } = {},
): Slots {
  const slots = new Slots({
    shared,
    patience_ms,
    cars: () => options.cars ?? 10,
    onFree: options.onFree ?? (() => undefined),
    processes: () => options.processes ?? 0,
    release: options.release ?? (() => undefined),
    threads: options.threads ?? (() => ({ all: 0, idle: 0 })),
    endIdle: options.endIdle ?? (() => 0),
  });
  onTestFinished(() => {
    slots.stop();
  });
  return slots;
}

test('each account has a read slot that no other account can take', () => {
  const shared = new SharedSlots(3);
  const [greedy, other] = [slotsOf(shared), slotsOf(shared)];
  expect(greedy.take('wake')).toBeDefined();
  expect(greedy.take('wake')).toBeUndefined();
  expect(greedy.take('read')).toBeDefined();
  expect(other.take('wake')).toBeUndefined();
  expect(other.take('read')).toBeDefined();
});

test('a further read slot comes only when all have been busy for 2 s', async () => {
  const freed = vi.fn();
  const slots = slotsOf(new SharedSlots(20), { onFree: freed });
  slots.take('read');
  expect(slots.take('read')).toBeUndefined();
  await vi.advanceTimersByTimeAsync(patience_ms - 1);
  expect(slots.take('read')).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1);
  expect(freed).toHaveBeenCalledTimes(1);
  expect(slots.take('read')).toBeDefined();
  expect(slots.take('read')).toBeUndefined();
});

test('who gives a read slot back in time makes no further one', async () => {
  const slots = slotsOf(new SharedSlots(20));
  const give = slots.take('read');
  slots.take('read');
  await vi.advanceTimersByTimeAsync(patience_ms / 2);
  give?.();
  expect(slots.take('read')).toBeDefined();
  await vi.advanceTimersByTimeAsync(patience_ms);
  expect(slots.take('read')).toBeUndefined();
});

test.each([
  [1, 1],
  [3, 3],
  [9, 4],
])('an account with %i cars has at most %i slots of each class', async (cars, most) => {
  const slots = slotsOf(new SharedSlots(20), { cars });
  let [reads, wakes] = [0, 0];
  for (let step = 0; step < 20; step += 1) {
    if (slots.take('read') !== undefined) reads += 1;
    if (slots.take('wake') !== undefined) wakes += 1;
    await vi.advanceTimersByTimeAsync(patience_ms);
  }
  expect([reads, wakes, slots.busy]).toEqual([most, most, 2 * most]);
});

test('the reserved read slot serves again although a further read hangs', async () => {
  const shared = new SharedSlots(2);
  const slots = slotsOf(shared);
  const giveFirst = slots.take('read');
  slots.take('read');
  await vi.advanceTimersByTimeAsync(patience_ms);
  expect(slots.take('read')).toBeDefined();
  giveFirst?.();
  expect(slots.take('read')).toBeDefined();
});

test('a slot that is free is offered to everybody, each first in turn', () => {
  const shared = new SharedSlots(3);
  const turns: string[] = [];
  const hungry = (name: string): Slots => {
    const slots: Slots = slotsOf(shared, {
      onFree: () => {
        const give = slots.take('wake');
        if (give === undefined) return;
        turns.push(name);
        gives.push(give);
      },
    });
    return slots;
  };
  const gives: (() => void)[] = [];
  const first = hungry('first');
  hungry('second');
  first.take('wake')?.();
  for (let turn = 0; turn < 5; turn += 1) gives.shift()?.();
  expect(turns).toEqual(['first', 'second', 'first', 'second', 'first', 'second']);
});

test('idle processes are ended when another account needs the room, and not before', () => {
  const release = vi.fn();
  const shared = new SharedSlots(4);
  let processes = 2;
  const options = { release, processes: 0 };
  slotsOf(shared, {
    ...options,
    get processes() {
      return processes;
    },
  });
  const other = slotsOf(shared);
  other.take('wake')?.();
  expect(release).not.toHaveBeenCalled();
  processes = 4;
  other.take('wake');
  expect(release).toHaveBeenCalledTimes(1);
});

test('giving back twice counts once', () => {
  const slots = slotsOf(new SharedSlots(2));
  const give = slots.take('wake');
  give?.();
  give?.();
  expect(slots.busy).toBe(0);
  expect(slots.take('wake')).toBeDefined();
  expect(slots.take('wake')).toBeUndefined();
});

test('whatever is taken and given back, nothing leaks and no more is out than there is', async () => {
  const step = fc.record({
    account: fc.integer({ min: 0, max: 1 }),
    act: fc.constantFrom('read', 'wake', 'give', 'wait'),
    which: fc.nat(),
  });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 3, max: 9 }), fc.array(step), async (most, steps) => {
      const shared = new SharedSlots(most);
      const accounts = [slotsOf(shared, { cars: 3 }), slotsOf(shared, { cars: 3 })];
      const out: { account: number; give: () => void }[] = [];
      for (const { account, act, which } of steps) {
        if (act === 'wait') await vi.advanceTimersByTimeAsync(patience_ms);
        else if (act === 'give') out.splice(which % Math.max(1, out.length), 1)[0]?.give();
        else {
          const give = accounts[account]?.take(act);
          if (give !== undefined) out.push({ account, give });
        }
        expect(out.length).toBeLessThanOrEqual(most);
        for (const [index, slots] of accounts.entries()) {
          expect(slots.busy).toBe(out.filter((one) => one.account === index).length);
        }
      }
      for (const { give } of out) give();
      const left: (() => void)[] = [];
      for (let give = accounts[0]?.take('wake'); give; give = accounts[0]?.take('wake')) {
        left.push(give);
      }
      expect(left).toHaveLength(Math.min(3, most - 2));
      for (const slots of accounts) expect(slots.take('read')).toBeDefined();
      for (const slots of accounts) slots.stop();
    }),
    { numRuns: 300 },
  );
});

/** So many accounts that none has a slot of its own. */
function crowded(most: number, options: Parameters<typeof slotsOf>[1] = {}): Slots[] {
  const shared = new SharedSlots(most);
  return Array.from({ length: Math.max(9, most) }, () => slotsOf(shared, options));
}

const done: Outcome = { ok: false, failure: failure('unavailable', 'x'), requests: 0 };

test('where accounts take turns, jobs of one account still go one after the other', async () => {
  const [slots] = crowded(8);
  const giveBack = await slots?.whenFreeForJob();
  const second = slots?.whenFreeForJob();
  expect(slots?.waiting).toBe(1);
  giveBack?.();
  expect(slots?.waiting).toBe(0);
  await expect(second).resolves.toBeTypeOf('function');
});

test('where accounts take turns, sign-ins wait for a slot, and leave most to everybody else', async () => {
  const accounts = crowded(8);
  let [running, most] = [0, 0];
  const ends: (() => void)[] = [];
  const all = accounts.map((slots) =>
    slots.forAccount(async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => ends.push(resolve));
      running -= 1;
      return done;
    }),
  );
  await settle();
  expect(accounts.filter(({ waiting }) => waiting === 1)).toHaveLength(accounts.length - 2);
  expect(accounts[0]?.take('wake')).toBeDefined();
  while (ends.length > 0) {
    ends.shift()?.();
    await settle();
  }
  expect(await Promise.all(all)).toEqual(accounts.map(() => done));
  expect(most).toBe(2);
});

test('a call that waits for a sign-in of its account is never held up by calls of others that do', async () => {
  const shared = new SharedSlots(2);
  const [first, second] = [slotsOf(shared), slotsOf(shared)];
  const reads: ReturnType<Slots['take']>[] = [];
  const third: Slots = slotsOf(shared, {
    onFree: () => {
      if (third.waiting > 0) reads.push(third.take('read'));
    },
  });
  const giveFirst = first.take('read');
  expect(second.take('read')).toBeDefined();
  const now = [first, second].map((slots) => slots.forAccount(() => Promise.resolve(done)));
  expect(await Promise.all(now)).toEqual([done, done]);
  expect(third.take('read')).toBeUndefined();
  const later = third.forAccount(() => Promise.resolve(done));
  await settle();
  expect(third.waiting).toBe(1);
  // Its read is the one that is under way now, and may wait for the same thing.
  giveFirst?.();
  expect(reads[0]).toBeDefined();
  await expect(later).resolves.toBe(done);
});

test('a sign-in that waits for a slot is given up when the account stops', async () => {
  const accounts = crowded(2);
  const first = accounts[0]?.forAccount(() => new Promise(() => undefined));
  const second = accounts[1]?.forAccount(() => Promise.resolve(done));
  accounts[1]?.close();
  await expect(second).resolves.toMatchObject({ failure: { code: 'interrupted', sent: false } });
  await expect(accounts[1]?.forAccount(() => Promise.resolve(done))).resolves.toMatchObject({
    failure: { code: 'interrupted' },
  });
  accounts[0]?.close();
  expect(first).toBeInstanceOf(Promise);
});

test('where each account has a slot, a sign-in takes none', async () => {
  const shared = new SharedSlots(2);
  const slots = slotsOf(shared);
  slots.take('wake');
  slots.take('read');
  await expect(slots.forAccount(() => Promise.resolve(done))).resolves.toBe(done);
});

test('threads without work end for those of others, first what has not been used for longest', () => {
  const shared = new SharedSlots(9);
  const threads = Array.from({ length: 9 }, () => 1);
  const ended: number[] = [];
  const accounts = threads.map((_, index) =>
    slotsOf(shared, {
      threads: () => ({ all: threads[index] ?? 0, idle: threads[index] ?? 0 }),
      endIdle: (most) => {
        ended.push(index);
        threads[index] = 0;
        return Math.min(1, most);
      },
    }),
  );
  // With the ninth account none has a thread of its own any more.
  expect(ended).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  ended.length = 0;
  threads.fill(1);
  // Each has an idle thread: nobody needs another one.
  for (const index of [0, 1, 2]) accounts[index]?.take('read')?.();
  expect(ended).toEqual([]);
  const newcomer = slotsOf(shared, { threads: () => ({ all: 0, idle: 0 }) });
  newcomer.take('read');
  expect(ended).toEqual([3]);
  newcomer.take('wake');
  expect(ended).toEqual([3, 4]);
});
