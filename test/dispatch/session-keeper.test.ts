import { expect, onTestFinished, test, vi } from 'vitest';
import {
  nothingKept,
  SessionKeeper,
  type AccountCall,
  type KeptSession,
  type SessionState,
} from '../../src/dispatch/session-keeper.js';
import { failure } from '../../src/vehicle/outcome.js';
import type { Outcome } from '../../src/vehicle/task.js';
import { settle, useFakeClock } from './fake-clock.js';
import { aFailure, aReading, aSignIn, later } from './outcomes.js';

const clock = useFakeClock();
const retry = { initial_ms: 1000, factor: 2, max_ms: 60_000, jitter: 0 };

function aKept(more: Partial<KeptSession> = {}): KeptSession {
  return { ...nothingKept, session: { token: 'kept' }, generation: 5, ...more };
}

function aKeeper(kept?: KeptSession) {
  const states: SessionState['is'][] = [];
  const keptLast: KeptSession[] = [];
  const signIns: (AccountCall & { answer: (outcome: Outcome) => Promise<void> })[] = [];
  const onVehicles = vi.fn();
  const keeper = new SessionKeeper(
    {
      clock,
      retry,
      call: (asked) => {
        const call = later<Outcome>();
        signIns.push({
          ...asked,
          answer: async (outcome) => {
            call.keep(outcome);
            await settle();
          },
        });
        return call.promise;
      },
      keep: (one) => {
        keptLast.push(one);
        return Promise.resolve();
      },
      onVehicles,
      onState: ({ is }) => states.push(is),
    },
    kept,
  );
  onTestFinished(() => {
    keeper.stop();
  });
  return { keeper, states, signIns, onVehicles, kept: () => keptLast.at(-1) };
}

test('without anything kept it signs in, keeps the session, tells the cars and is ready', async () => {
  const { keeper, states, signIns, onVehicles, kept } = aKeeper();
  keeper.start();
  await settle();
  expect(signIns.map(({ session }) => session)).toEqual([null]);
  await signIns[0]?.answer(aSignIn({ token: 'a' }));
  expect(states).toEqual(['signing_in', 'ready']);
  expect(onVehicles).toHaveBeenCalledTimes(1);
  expect(kept()).toMatchObject({ session: { token: 'a' }, refusals: 0, blocked: null });
});

test('a kept session is taken up without a sign-in', async () => {
  const { keeper, signIns } = aKeeper(aKept());
  keeper.start();
  await settle();
  expect(signIns).toEqual([]);
  expect(keeper.state).toEqual({
    is: 'ready',
    session: { data: { token: 'kept' }, generation: 5 },
  });
});

test('all who find the session refused share one sign-in', async () => {
  const { keeper, signIns } = aKeeper(aKept());
  const renewed = [keeper.renew(5), keeper.renew(5), keeper.renew(5)];
  await settle();
  expect(signIns.map(({ session }) => session)).toEqual([{ token: 'kept' }]);
  await signIns[0]?.answer(aSignIn({ token: 'new' }));
  const states = await Promise.all(renewed);
  for (const state of states) {
    expect(state).toMatchObject({ is: 'ready', session: { data: { token: 'new' } } });
  }
  // One who began with the old session and comes late finds the new one.
  await expect(keeper.renew(5)).resolves.toBe(keeper.state);
  expect(signIns).toHaveLength(1);
});

test('what a task changed is kept; one that began with an older session is dropped', async () => {
  const { keeper, kept } = aKeeper(aKept());
  await keeper.adopt({ ...aReading(), session: { token: 'first' } }, 5);
  await keeper.adopt({ ...aReading(), session: { token: 'late' } }, 5);
  expect(keeper.state).toMatchObject({ session: { data: { token: 'first' }, generation: 6 } });
  expect(kept()).toMatchObject({ session: { token: 'first' }, generation: 6 });
});

test('a token that a running task changes while the bridge stops is kept', async () => {
  const { keeper, kept } = aKeeper(aKept());
  keeper.stop();
  await keeper.adopt({ ...aReading(), session: { token: 'rotated' } }, 5);
  expect(kept()).toMatchObject({ session: { token: 'rotated' } });
});

test('a sign-in that ends while the bridge stops is kept, and nothing is started any more', async () => {
  const { keeper, signIns, kept } = aKeeper();
  keeper.start();
  await settle();
  keeper.stop();
  await signIns[0]?.answer(aSignIn({ token: 'new' }));
  expect(kept()).toMatchObject({ session: { token: 'new' }, blocked: null });
  expect(vi.getTimerCount()).toBe(0);
});

test('three refused sign-ins stop it until a person acts, over restarts too', async () => {
  const { keeper, signIns, kept } = aKeeper();
  keeper.start();
  await settle();
  for (let refusal = 0; refusal < 3; refusal += 1) {
    expect(signIns).toHaveLength(refusal + 1);
    await signIns.at(-1)?.answer(aFailure('auth_failed'));
    await vi.advanceTimersByTimeAsync(retry.max_ms);
  }
  await vi.advanceTimersByTimeAsync(86_400_000);
  expect(signIns).toHaveLength(3);
  expect(keeper.state).toMatchObject({ is: 'refused', reason: { code: 'auth_failed' } });
  await expect(keeper.renew(0)).resolves.toMatchObject({ is: 'refused' });

  const restarted = aKeeper(kept());
  restarted.keeper.start();
  await settle();
  expect(restarted.keeper.state).toMatchObject({ is: 'refused' });
  expect(restarted.signIns).toEqual([]);
});

test('refusals count over restarts', async () => {
  const { keeper, signIns } = aKeeper(aKept({ session: null, refusals: 2 }));
  keeper.start();
  await settle();
  await signIns[0]?.answer(aFailure('auth_failed'));
  expect(keeper.state.is).toBe('refused');
});

test('a success between makes the count of refusals start anew', async () => {
  const { keeper, signIns, kept } = aKeeper(aKept({ session: null, refusals: 2 }));
  keeper.start();
  await settle();
  await signIns[0]?.answer(aSignIn({ token: 'a' }));
  expect(kept()).toMatchObject({ refusals: 0 });
});

test.each([
  ['otp_required', 'otp_required'],
  ['consent_required', 'refused'],
] as const)('%s waits for a person at once and is kept', async (code, is) => {
  const { keeper, signIns, kept } = aKeeper();
  keeper.start();
  await settle();
  await signIns[0]?.answer(aFailure(code));
  await vi.advanceTimersByTimeAsync(86_400_000);
  expect(signIns).toHaveLength(1);
  expect(keeper.state).toMatchObject({ is, reason: { code } });
  expect(kept()).toMatchObject({ blocked: { is, reason: { code } } });
});

test('a vendor that is away is tried again by the policy, with the pauses it asks for', async () => {
  const { keeper, signIns } = aKeeper();
  keeper.start();
  await settle();
  const pauses: number[] = [];
  for (const outcome of [
    ...[aFailure('unavailable'), aFailure('timeout')],
    ...[aFailure('rate_limited', { retry_after_s: 300 }), aFailure('unavailable')],
  ]) {
    await signIns.at(-1)?.answer(outcome);
    expect(keeper.state).toMatchObject({ is: 'unreachable', reason: outcome.failure });
    const [tries, since] = [signIns.length, clock.monotonic()];
    while (signIns.length === tries) await vi.advanceTimersToNextTimerAsync();
    pauses.push((clock.monotonic() - since) / 1000);
  }
  expect(pauses).toEqual([1, 2, 300, 8]);
});

test('a pause longer than a timer can be is no reason to try at once', async () => {
  const { keeper, signIns } = aKeeper();
  keeper.start();
  await settle();
  await signIns[0]?.answer(aFailure('rate_limited', { retry_after_s: 40 * 86_400 }));
  await vi.advanceTimersByTimeAsync(86_400_000);
  expect(signIns).toHaveLength(1);
});

test('who asks while it is unreachable does not make it try before its time', async () => {
  const { keeper, signIns } = aKeeper(aKept());
  void keeper.renew(5);
  await settle();
  await signIns[0]?.answer(aFailure('auth_failed'));
  await expect(keeper.renew(5)).resolves.toMatchObject({ is: 'unreachable' });
  expect(signIns).toHaveLength(1);
});

test('a session that came with a failure is kept for the next try', async () => {
  const { keeper, signIns, kept } = aKeeper();
  keeper.start();
  await settle();
  await signIns[0]?.answer({ ...aFailure('unavailable'), session: { device: 'mine' } });
  expect(kept()).toMatchObject({ session: { device: 'mine' } });
  await vi.advanceTimersByTimeAsync(1000);
  expect(signIns[1]?.session).toEqual({ device: 'mine' });
});

test('after the stop it never tries again', async () => {
  const { keeper, signIns } = aKeeper();
  keeper.start();
  await settle();
  await signIns[0]?.answer(aFailure('unavailable'));
  keeper.stop();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(signIns).toHaveLength(1);
});

test('a blocked account signs in for nobody', async () => {
  const reason = failure('otp_required', 'a code');
  const blocked = { is: 'otp_required', reason, challenge: null } as const;
  const { keeper, signIns } = aKeeper(aKept({ blocked }));
  keeper.start();
  await settle();
  await expect(keeper.renew(5)).resolves.toEqual(blocked);
  expect(signIns).toEqual([]);
});
