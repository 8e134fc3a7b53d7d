import { describe, expect, test } from 'vitest';
import { createHandOff } from '../../src/dispatch/hand-off.js';
import { tooLateToSend } from '../../src/vehicle/later-task.js';
import { failure, wellKnown } from '../../src/vehicle/outcome.js';
import type { Outcome, Task } from '../../src/vehicle/task.js';

const tooLate: Outcome = { ok: false, failure: tooLateToSend, requests: 0 };
const done: Outcome = {
  ok: true,
  result: { operation: 'command', action_id: null, follow_up: null },
  requests: 2,
};

const lock: Task = {
  account: 'home',
  attempt: '01912f4e-0000-7000-8000-000000000000',
  operation: 'command',
  vehicle: 'car-1',
  remaining_ms: 60_000,
  send_within_ms: 30_000,
  session: null,
};

/** An owner whose lease goes on for 5 s at a time, and threads that answer in turn, each after a while. */
function anOwner(answers: readonly { outcome: Outcome; after_ms: number }[]) {
  let now = 0;
  let lease_ms: number | undefined = 5000;
  const ran: Task[] = [];
  const told: string[] = [];
  const { handOff } = createHandOff({
    clock: { now: () => now, monotonic: () => now },
    run: (task) => {
      const answer = answers[ran.length];
      if (answer === undefined) throw new Error('run once more than there are answers');
      ran.push(task);
      now += answer.after_ms;
      return Promise.resolve(answer.outcome);
    },
    refusal: () => (lease_ms === 0 ? wellKnown.notOwner : undefined),
    sendWithin_ms: () => lease_ms,
    onLeave: () => told.push('left'),
    onReturn: (_task, outcome, duration_ms) => {
      told.push(`returned after ${String(duration_ms)} ms`);
      return outcome;
    },
    onRequest: () => undefined,
  });
  const leased = (for_ms: number | undefined): void => {
    lease_ms = for_ms;
  };
  return { handOff, leased, ran, told };
}

const late = (after_ms: number) => ({ outcome: tooLate, after_ms });
const well = { outcome: done, after_ms: 1000 };

describe('what may be sent only as long as a lease lasts', () => {
  test('is tried again where a process took longer to start, and is told as one call', async () => {
    const { handOff, ran, told } = anOwner([late(7000), well]);
    expect(await handOff(lock)).toEqual(done);
    expect(ran.map(({ send_within_ms, remaining_ms }) => [send_within_ms, remaining_ms])).toEqual([
      [5000, 60_000],
      [5000, 53_000],
    ]);
    expect(told).toEqual(['left', 'returned after 8000 ms']);
  });

  test('keeps to its own time where that is shorter', async () => {
    const { handOff, ran } = anOwner([late(7000), late(2000)]);
    expect(await handOff({ ...lock, send_within_ms: 8000 })).toEqual(tooLate);
    expect(ran.map(({ send_within_ms }) => send_within_ms)).toEqual([5000, 1000]);
  });

  test('is given up after three tries', async () => {
    const { handOff, ran } = anOwner([late(7000), late(7000), late(7000)]);
    expect(await handOff(lock)).toEqual(tooLate);
    expect(ran).toHaveLength(3);
  });

  test('is not tried again where the call itself took its time', async () => {
    const { handOff } = anOwner([late(61_000)]);
    expect(await handOff({ ...lock, send_within_ms: 600_000 })).toEqual(tooLate);
  });

  test('is not tried again by one who has lost the lease meanwhile', async () => {
    const { handOff, leased } = anOwner([late(7000)]);
    const outcome = handOff(lock);
    leased(0);
    expect(await outcome).toEqual(tooLate);
  });

  test.each([
    { what: 'something was asked already', outcome: { ...tooLate, requests: 1 } },
    {
      what: 'nobody knows whether it was sent',
      outcome: { ok: false, failure: failure('timeout', 'no answer'), requests: 0 } as const,
    },
    {
      what: 'it failed for another reason',
      outcome: {
        ok: false,
        failure: failure('unavailable', 'no way there', { sent: false }),
        requests: 0,
      } as const,
    },
  ])('is not tried again where $what', async ({ outcome }) => {
    const { handOff } = anOwner([{ outcome, after_ms: 7000 }]);
    expect(await handOff(lock)).toEqual(outcome);
  });

  test('is nothing to a read, and nothing without a lease', async () => {
    const { handOff, leased, ran } = anOwner([late(7000), late(7000)]);
    const { send_within_ms: _none, ...read } = { ...lock, operation: 'cached' as const };
    await handOff(read);
    leased(undefined);
    await handOff(lock);
    expect(ran).toEqual([read, lock]);
  });
});
