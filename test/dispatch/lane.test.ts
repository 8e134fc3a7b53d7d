import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lane, priorities, type Call, type Priority } from '../../src/dispatch/lane.js';
import { aFailure } from './outcomes.js';

let made = 0;

function aCall(priority: Priority = 'person', operation: Call['operation'] = 'cached'): Call {
  const waiter = {
    commandId: `command-${String(made)}`,
    priority,
    started: () => undefined,
    waitsAgain: () => undefined,
    ended: () => undefined,
  };
  made += 1;
  return {
    operation,
    override: false,
    order: made,
    waiters: new Set([waiter]),
    attempts: 0,
    state: { is: 'waiting', notBefore: 0, tries: 0 },
  };
}

test('remote commands go first, then refreshes of people, then what the bridge starts itself', () => {
  const lane = new Lane();
  const calls = [aCall('bridge'), aCall('person'), aCall('remote')];
  for (const call of calls) lane.add(call);
  const order = calls.map(() => {
    const best = lane.best(0);
    if (best !== undefined) lane.remove(best);
    return best;
  });
  expect(order).toEqual(calls.toReversed());
});

test('among equals the first comes first, whatever the mixture', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...priorities), { minLength: 1 }), (mixture) => {
      const lane = new Lane();
      const calls = mixture.map((priority) => aCall(priority));
      for (const call of calls) lane.add(call);
      const started: Call[] = [];
      for (let best = lane.best(0); best !== undefined; best = lane.best(0)) {
        expect(lane.positionOf(best)).toBe(0);
        lane.start(best, 0);
        expect(lane.best(0)).toBeUndefined();
        lane.finish();
        started.push(best);
      }
      const expected = priorities.flatMap((priority) =>
        calls.filter((_, index) => mixture[index] === priority),
      );
      expect(started).toEqual(expected);
    }),
  );
});

test('a person who joins what the bridge started moves it forward', () => {
  const lane = new Lane();
  const [early, late] = [aCall('bridge'), aCall('bridge', 'force')];
  lane.add(early);
  lane.add(late);
  for (const waiter of aCall('person').waiters) late.waiters.add(waiter);
  expect(lane.best(0)).toBe(late);
  expect([lane.positionOf(late), lane.positionOf(early)]).toEqual([0, 1]);
});

test('nothing starts while the lane is held, and it says until when', () => {
  const lane = new Lane();
  const call = aCall();
  lane.add(call);
  lane.heldUntil = 500;
  expect([lane.best(499), lane.nextTime(0)]).toEqual([undefined, 500]);
  expect([lane.best(500), lane.nextTime(500)]).toEqual([call, undefined]);
});

test('what is put back waits for its time and does not hold up others', () => {
  const lane = new Lane();
  const [again, other] = [aCall(), aCall('bridge', 'force')];
  lane.add(again);
  lane.start(again, 0);
  lane.putBack(again, 10_000, aFailure('duplicate_request'));
  lane.add(other);
  expect(lane.best(9_999)).toBe(other);
  expect(lane.best(10_000)).toBe(again);
  expect(again.state).toMatchObject({ is: 'waiting', tries: 1 });
});

test('a newcomer shares the call that runs, else the one that waits, of the same kind only', () => {
  const lane = new Lane();
  const [running, waiting] = [aCall(), aCall()];
  lane.add(running);
  lane.add(waiting);
  expect(lane.joinable('cached')).toBe(running);
  expect(lane.joinable('force')).toBeUndefined();
  lane.start(running, 0);
  expect(lane.joinable('cached')).toBe(running);
  lane.finish();
  expect(lane.joinable('cached')).toBe(waiting);
});
