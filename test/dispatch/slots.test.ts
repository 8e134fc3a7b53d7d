import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { SharedSlots, Slots } from '../../src/dispatch/slots.js';
import { useFakeClock } from './fake-clock.js';

useFakeClock();
const patience_ms = 2000;

function slotsOf(
  shared: SharedSlots,
  options: { cars?: number; onFree?: () => void; processes?: number; release?: () => void } = {},
): Slots {
  const slots = new Slots({
    shared,
    patience_ms,
    cars: () => options.cars ?? 10,
    onFree: options.onFree ?? (() => undefined),
    processes: () => options.processes ?? 0,
    release: options.release ?? (() => undefined),
  });
  onTestFinished(() => {
    slots.stop();
  });
  return slots;
}

test('each account has a read slot that no other account can take', () => {
  const shared = new SharedSlots(3, 2);
  const [greedy, other] = [slotsOf(shared), slotsOf(shared)];
  expect(greedy.take('wake')).toBeDefined();
  expect(greedy.take('wake')).toBeUndefined();
  expect(greedy.take('read')).toBeDefined();
  expect(other.take('wake')).toBeUndefined();
  expect(other.take('read')).toBeDefined();
});

test('a further read slot comes only when all have been busy for 2 s', async () => {
  const freed = vi.fn();
  const slots = slotsOf(new SharedSlots(20, 1), { onFree: freed });
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
  const slots = slotsOf(new SharedSlots(20, 1));
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
  const slots = slotsOf(new SharedSlots(20, 1), { cars });
  let [reads, wakes] = [0, 0];
  for (let step = 0; step < 20; step += 1) {
    if (slots.take('read') !== undefined) reads += 1;
    if (slots.take('wake') !== undefined) wakes += 1;
    await vi.advanceTimersByTimeAsync(patience_ms);
  }
  expect([reads, wakes, slots.busy]).toEqual([most, most, 2 * most]);
});

test('the reserved read slot serves again although a further read hangs', async () => {
  const shared = new SharedSlots(2, 1);
  const slots = slotsOf(shared);
  const giveFirst = slots.take('read');
  slots.take('read');
  await vi.advanceTimersByTimeAsync(patience_ms);
  expect(slots.take('read')).toBeDefined();
  giveFirst?.();
  expect(slots.take('read')).toBeDefined();
});

test('a slot that is free is offered to everybody, each first in turn', () => {
  const shared = new SharedSlots(3, 2);
  const turns: string[] = [];
  const hungry = (name: string): void => {
    const slots: Slots = slotsOf(shared, {
      onFree: () => {
        const give = slots.take('wake');
        if (give === undefined) return;
        turns.push(name);
        gives.push(give);
      },
    });
  };
  const gives: (() => void)[] = [];
  hungry('first');
  hungry('second');
  expect(shared.take()).toBe(true);
  shared.give();
  for (let turn = 0; turn < 5; turn += 1) gives.shift()?.();
  expect(turns).toEqual(['first', 'second', 'first', 'second', 'first', 'second']);
});

test('idle processes are ended when another account needs the room, and not before', () => {
  const release = vi.fn();
  const shared = new SharedSlots(4, 2);
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
  const slots = slotsOf(new SharedSlots(2, 1));
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
      const shared = new SharedSlots(most, 2);
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
