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

const challenge = { methods: ['email' as const], email: 'a***@b.c', sms: null };
const reason = failure('otp_required', 'a code');

/** What is kept of an account that waits for a code. */
function awaitingCode(more: Partial<KeptSession> = {}): KeptSession {
  const blocked = { is: 'otp_required', reason, challenge } as const;
  return { ...nothingKept, device: { id: 'mine' }, blocked, ...more };
}

function aKeeper(kept?: KeptSession) {
  const states: SessionState['is'][] = [];
  const keptLast: KeptSession[] = [];
  const calls: (AccountCall & { answer: (outcome: Outcome) => Promise<void> })[] = [];
  const onVehicles = vi.fn();
  const keeper = new SessionKeeper(
    {
      clock,
      retry,
      call: (asked) => {
        const call = later<Outcome>();
        calls.push({
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
    void keeper.stop();
  });
  return { keeper, states, calls, onVehicles, kept: () => keptLast.at(-1) };
}

test('without anything kept it signs in, keeps the session, tells the cars and is ready', async () => {
  const { keeper, states, calls, onVehicles, kept } = aKeeper();
  keeper.start();
  await settle();
  expect(calls.map(({ session }) => session)).toEqual([null]);
  await calls[0]?.answer(aSignIn({ token: 'a' }));
  expect(states).toEqual(['signing_in', 'ready']);
  expect(onVehicles).toHaveBeenCalledTimes(1);
  expect(kept()).toMatchObject({ session: { token: 'a' }, refusals: 0, blocked: null });
});

test('a kept session is taken up without a sign-in', async () => {
  const { keeper, calls } = aKeeper(aKept());
  keeper.start();
  await settle();
  expect(calls).toEqual([]);
  expect(keeper.state).toEqual({
    is: 'ready',
    session: { data: { token: 'kept' }, generation: 5 },
  });
});

test('all who find the session refused share one sign-in', async () => {
  const { keeper, calls } = aKeeper(aKept());
  const renewed = [keeper.renew(5), keeper.renew(5), keeper.renew(5)];
  await settle();
  expect(calls.map(({ session }) => session)).toEqual([{ token: 'kept' }]);
  await calls[0]?.answer(aSignIn({ token: 'new' }));
  const states = await Promise.all(renewed);
  for (const state of states) {
    expect(state).toMatchObject({ is: 'ready', session: { data: { token: 'new' } } });
  }
  // One who began with the old session and comes late finds the new one.
  await expect(keeper.renew(5)).resolves.toBe(keeper.state);
  expect(calls).toHaveLength(1);
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
  void keeper.stop();
  await keeper.adopt({ ...aReading(), session: { token: 'rotated' } }, 5);
  expect(kept()).toMatchObject({ session: { token: 'rotated' } });
});

test('a sign-in that ends while the bridge stops is kept, and nothing is started any more', async () => {
  const { keeper, calls, kept } = aKeeper();
  keeper.start();
  await settle();
  void keeper.stop();
  await calls[0]?.answer(aSignIn({ token: 'new' }));
  expect(kept()).toMatchObject({ session: { token: 'new' }, blocked: null });
  expect(vi.getTimerCount()).toBe(0);
});

test('three refused sign-ins stop it until a person acts, over restarts too', async () => {
  const { keeper, calls, kept } = aKeeper();
  keeper.start();
  await settle();
  for (let refusal = 0; refusal < 3; refusal += 1) {
    expect(calls).toHaveLength(refusal + 1);
    await calls.at(-1)?.answer(aFailure('auth_failed'));
    await vi.advanceTimersByTimeAsync(retry.max_ms);
  }
  await vi.advanceTimersByTimeAsync(86_400_000);
  expect(calls).toHaveLength(3);
  expect(keeper.state).toMatchObject({ is: 'refused', reason: { code: 'auth_failed' } });
  await expect(keeper.renew(0)).resolves.toMatchObject({ is: 'refused' });

  const restarted = aKeeper(kept());
  restarted.keeper.start();
  await settle();
  expect(restarted.keeper.state).toMatchObject({ is: 'refused' });
  expect(restarted.calls).toEqual([]);
});

test('refusals count over restarts', async () => {
  const { keeper, calls } = aKeeper(aKept({ session: null, refusals: 2 }));
  keeper.start();
  await settle();
  await calls[0]?.answer(aFailure('auth_failed'));
  expect(keeper.state.is).toBe('refused');
});

test('a success between makes the count of refusals start anew', async () => {
  const { keeper, calls, kept } = aKeeper(aKept({ session: null, refusals: 2 }));
  keeper.start();
  await settle();
  await calls[0]?.answer(aSignIn({ token: 'a' }));
  expect(kept()).toMatchObject({ refusals: 0 });
});

test.each([
  ['otp_required', 'otp_required'],
  ['consent_required', 'refused'],
] as const)('%s waits for a person at once and is kept', async (code, is) => {
  const { keeper, calls, kept } = aKeeper();
  keeper.start();
  await settle();
  await calls[0]?.answer(aFailure(code));
  await vi.advanceTimersByTimeAsync(86_400_000);
  expect(calls).toHaveLength(1);
  expect(keeper.state).toMatchObject({ is, reason: { code } });
  expect(kept()).toMatchObject({ blocked: { is, reason: { code } } });
});

test('a vendor that is away is tried again by the policy, with the pauses it asks for', async () => {
  const { keeper, calls } = aKeeper();
  keeper.start();
  await settle();
  const pauses: number[] = [];
  for (const outcome of [
    ...[aFailure('unavailable'), aFailure('timeout')],
    ...[aFailure('rate_limited', { retry_after_s: 300 }), aFailure('unavailable')],
  ]) {
    await calls.at(-1)?.answer(outcome);
    expect(keeper.state).toMatchObject({ is: 'unreachable', reason: outcome.failure });
    const [tries, since] = [calls.length, clock.monotonic()];
    while (calls.length === tries) await vi.advanceTimersToNextTimerAsync();
    pauses.push((clock.monotonic() - since) / 1000);
  }
  expect(pauses).toEqual([1, 2, 300, 8]);
});

test('a pause longer than a timer can be is no reason to try at once', async () => {
  const { keeper, calls } = aKeeper();
  keeper.start();
  await settle();
  await calls[0]?.answer(aFailure('rate_limited', { retry_after_s: 40 * 86_400 }));
  await vi.advanceTimersByTimeAsync(86_400_000);
  expect(calls).toHaveLength(1);
});

test('who asks while it is unreachable does not make it try before its time', async () => {
  const { keeper, calls } = aKeeper(aKept());
  void keeper.renew(5);
  await settle();
  await calls[0]?.answer(aFailure('auth_failed'));
  await expect(keeper.renew(5)).resolves.toMatchObject({ is: 'unreachable' });
  expect(calls).toHaveLength(1);
});

test('a session that came with a failure is kept for the next try', async () => {
  const { keeper, calls, kept } = aKeeper();
  keeper.start();
  await settle();
  await calls[0]?.answer({ ...aFailure('unavailable'), session: { device: 'mine' } });
  expect(kept()).toMatchObject({ session: { device: 'mine' } });
  await vi.advanceTimersByTimeAsync(1000);
  expect(calls[1]?.session).toEqual({ device: 'mine' });
});

test('after the stop it never tries again', async () => {
  const { keeper, calls } = aKeeper();
  keeper.start();
  await settle();
  await calls[0]?.answer(aFailure('unavailable'));
  void keeper.stop();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(calls).toHaveLength(1);
});

test('a blocked account signs in for nobody', async () => {
  const blocked = { is: 'otp_required', reason, challenge: null } as const;
  const { keeper, calls } = aKeeper(aKept({ blocked }));
  keeper.start();
  await settle();
  await expect(keeper.renew(5)).resolves.toEqual(blocked);
  expect(calls).toEqual([]);
});

test('a wrong PIN counts like a wrong password', async () => {
  const { keeper, calls } = aKeeper(aKept({ session: null, refusals: 2 }));
  keeper.start();
  await settle();
  await calls[0]?.answer(aFailure('pin_rejected'));
  expect(keeper.state).toMatchObject({ is: 'refused', reason: { code: 'pin_rejected' } });
});

test('a sign-in that gives no session is tried again', async () => {
  const { keeper, calls } = aKeeper();
  keeper.start();
  await settle();
  await calls[0]?.answer({ ...aSignIn({}), session: undefined });
  expect(keeper.state).toMatchObject({ is: 'unreachable', reason: { code: 'internal' } });
  await vi.advanceTimersByTimeAsync(1000);
  expect(calls).toHaveLength(2);
});

test('a sign-in behind a list takes the session that the list has changed', async () => {
  const { keeper, calls } = aKeeper(aKept());
  const listed = keeper.list();
  await settle();
  const renewed = keeper.renew(5);
  await settle();
  expect(calls.map(({ operation }) => operation)).toEqual(['list']);
  await calls[0]?.answer({ ...aFailure('auth_failed'), session: { token: 'rotated' } });
  expect(calls[1]).toMatchObject({ operation: 'sign_in', session: { token: 'rotated' } });
  await calls[1]?.answer(aSignIn({ token: 'new' }));
  await expect(renewed).resolves.toMatchObject({ is: 'ready' });
  await expect(listed).resolves.toBeUndefined();
  expect(calls).toHaveLength(2);
});

test('who wants a list while it signs in has the list of the sign-in', async () => {
  const { keeper, calls, onVehicles } = aKeeper(aKept());
  void keeper.renew(5);
  const listed = keeper.list();
  await settle();
  await calls[0]?.answer(aSignIn({ token: 'new' }));
  await expect(listed).resolves.toBeUndefined();
  expect(calls).toHaveLength(1);
  expect(onVehicles).toHaveBeenCalledTimes(1);
});

test('a device that a failed list has changed is kept', async () => {
  const { keeper, calls, kept } = aKeeper(aKept());
  const listed = keeper.list();
  await settle();
  await calls[0]?.answer({ ...aFailure('unavailable'), device: { id: 'new' } });
  await expect(listed).resolves.toMatchObject({ code: 'unavailable' });
  expect(kept()).toMatchObject({ device: { id: 'new' } });
});

test('a code: asked for, wrong, right, with the device that came back each time', async () => {
  const { keeper, calls, kept, states } = aKeeper(awaitingCode());
  keeper.start();
  const asked = keeper.requestCode('email');
  await settle();
  expect(calls[0]).toMatchObject({ operation: 'request_code', method: 'email' });
  expect(calls[0]).toMatchObject({ session: null, device: { id: 'mine' } });
  const sent = { operation: 'request_code', method: 'email' } as const;
  await calls[0]?.answer({ ok: true, result: sent, device: { id: 'asked' }, requests: 1 });
  await expect(asked).resolves.toBeUndefined();
  expect(kept()).toMatchObject({ device: { id: 'asked' }, blocked: { is: 'otp_required' } });

  const wrong = keeper.submitCode('000000');
  await settle();
  expect(calls[1]).toMatchObject({ operation: 'submit_code', code: '000000' });
  expect(calls[1]).toMatchObject({ device: { id: 'asked' } });
  await calls[1]?.answer(aFailure('otp_required'));
  await expect(wrong).resolves.toMatchObject({ code: 'otp_required' });
  expect(keeper.state).toMatchObject({ is: 'otp_required', challenge });

  const restarted = aKeeper(kept());
  restarted.keeper.start();
  const right = restarted.keeper.submitCode('123456');
  await settle();
  expect(restarted.calls).toMatchObject([{ operation: 'submit_code', device: { id: 'asked' } }]);
  await restarted.calls[0]?.answer({ ...aSignIn({ token: 'new' }), device: { id: 'trusted' } });
  await expect(right).resolves.toBeUndefined();
  expect(restarted.states).toEqual(['ready']);
  expect(restarted.kept()).toMatchObject({ device: { id: 'trusted' }, blocked: null });
  expect(JSON.stringify(restarted.kept())).not.toContain('123456');
  expect(states).toEqual([]);
});

test('a code that is handed over twice at once is sent once if it was right', async () => {
  const { keeper, calls } = aKeeper(awaitingCode());
  const steps = [keeper.submitCode('123456'), keeper.submitCode('123456')];
  await settle();
  await calls[0]?.answer(aSignIn({ token: 'new' }));
  expect(calls).toHaveLength(1);
  await expect(Promise.all(steps)).resolves.toMatchObject([undefined, { code: 'unsupported' }]);
  expect(keeper.state.is).toBe('ready');
});

test('no code is asked for behind one that was right', async () => {
  const { keeper, calls } = aKeeper(awaitingCode());
  void keeper.submitCode('123456');
  const asked = keeper.requestCode('email');
  await settle();
  await calls[0]?.answer(aSignIn({ token: 'new' }));
  await expect(asked).resolves.toMatchObject({ code: 'unsupported' });
  expect(calls).toHaveLength(1);
});

test('a sign-in that a person wants while a code is looked at is spared by a right one', async () => {
  const { keeper, calls } = aKeeper(awaitingCode());
  void keeper.submitCode('123456');
  await settle();
  const signedIn = keeper.login();
  await settle();
  await calls[0]?.answer(aSignIn({ token: 'new' }));
  await expect(signedIn).resolves.toMatchObject({ is: 'ready' });
  expect(calls).toHaveLength(1);
});

test('a sign-in that a person wants while a code is looked at follows a wrong one', async () => {
  const { keeper, calls, states } = aKeeper(awaitingCode());
  void keeper.submitCode('123456');
  await settle();
  const signedIn = keeper.login();
  await settle();
  await calls[0]?.answer({ ...aFailure('otp_required'), challenge });
  expect(calls[1]).toMatchObject({ operation: 'sign_in' });
  await calls[1]?.answer(aSignIn({ token: 'new' }));
  await expect(signedIn).resolves.toMatchObject({ is: 'ready' });
  expect(states).toEqual(['signing_in', 'otp_required', 'signing_in', 'ready']);
});

test('who asks for a code of a refused account has it sign in anew first', async () => {
  const blocked = { is: 'refused', reason: failure('auth_failed', 'no') } as const;
  const { keeper, calls } = aKeeper(aKept({ session: null, refusals: 3, blocked }));
  const asked = keeper.requestCode('email');
  await settle();
  await calls[0]?.answer({ ...aFailure('otp_required'), challenge });
  expect(calls[1]).toMatchObject({ operation: 'request_code', method: 'email' });
  const sent = { operation: 'request_code', method: 'email' } as const;
  await calls[1]?.answer({ ok: true, result: sent, requests: 1 });
  await expect(asked).resolves.toBeUndefined();
  expect(keeper.state).toMatchObject({ is: 'otp_required', challenge });
});

test('a way to send codes that the vendor does not offer is not tried', async () => {
  const { keeper, calls } = aKeeper(awaitingCode());
  const step = await keeper.requestCode('sms');
  expect(step).toMatchObject({ code: 'invalid_payload' });
  expect(step?.message).toMatch(/^method: .*email, not sms$/);
  expect(calls).toEqual([]);
});

test('a code is of no use to an account that waits for none', async () => {
  const { keeper, calls } = aKeeper(aKept());
  await expect(keeper.submitCode('123456')).resolves.toMatchObject({ code: 'unsupported' });
  await expect(keeper.requestCode('email')).resolves.toMatchObject({ code: 'unsupported' });
  expect(calls).toEqual([]);
});

test.each([
  ['gave no session', { ...aSignIn({}), session: undefined }, 'internal', 'otp_required'],
  [
    'was answered with something else',
    { ok: true, result: { operation: 'request_code', method: 'email' }, requests: 1 } as const,
    'internal',
    'otp_required',
  ],
  ['did not arrive', aFailure('unavailable'), 'unavailable', 'otp_required'],
  ['needs a consent', aFailure('consent_required'), 'consent_required', 'refused'],
  ['met a wrong password', aFailure('auth_failed'), 'auth_failed', 'otp_required'],
] as const)('a code that %s is not taken', async (_, outcome, code, is) => {
  const { keeper, calls, kept } = aKeeper(awaitingCode());
  const step = keeper.submitCode('123456');
  await settle();
  await calls[0]?.answer(outcome);
  await expect(step).resolves.toMatchObject({ code });
  expect(keeper.state.is).toBe(is);
  expect(kept()?.blocked?.is).toBe(is);
});

test('refusals count over code steps too', async () => {
  const { keeper, calls } = aKeeper(awaitingCode({ refusals: 2 }));
  void keeper.submitCode('123456');
  await settle();
  await calls[0]?.answer(aFailure('auth_failed'));
  expect(keeper.state).toMatchObject({ is: 'refused', reason: { code: 'auth_failed' } });
});

test('a refusal that comes while the bridge stops counts, and no state is told any more', async () => {
  const { keeper, calls, kept, states } = aKeeper(aKept({ session: null, refusals: 2 }));
  keeper.start();
  await settle();
  const ended = keeper.stop();
  await calls[0]?.answer(aFailure('auth_failed'));
  await ended;
  expect(kept()).toMatchObject({ refusals: 3, blocked: { is: 'refused' } });
  expect(states).toEqual(['signing_in']);
});

test('a code that the vendor waits for from a sign-in during the stop is awaited after it', async () => {
  const { keeper, calls, kept } = aKeeper();
  keeper.start();
  await settle();
  const ended = keeper.stop();
  await calls[0]?.answer({ ...aFailure('otp_required'), challenge, device: { id: 'asked' } });
  await ended;
  const restarted = aKeeper(kept());
  restarted.keeper.start();
  await settle();
  expect(restarted.keeper.state).toMatchObject({ is: 'otp_required', challenge });
  expect(restarted.calls).toEqual([]);
});

test('whoever asks for something after the stop starts nothing, and is answered', async () => {
  const { keeper, calls } = aKeeper(awaitingCode());
  await keeper.stop();
  await expect(keeper.requestCode('email')).resolves.toMatchObject({ code: 'interrupted' });
  await expect(keeper.submitCode('123456')).resolves.toMatchObject({ code: 'interrupted' });
  await expect(keeper.login()).resolves.toMatchObject({ is: 'otp_required' });
  const ready = aKeeper(aKept());
  await ready.keeper.stop();
  await expect(ready.keeper.list()).resolves.toMatchObject({ code: 'interrupted' });
  await expect(ready.keeper.renew(5)).resolves.toMatchObject({ is: 'ready' });
  expect([...calls, ...ready.calls]).toEqual([]);
});

test('nothing leaves before what it might cost is on the disk', async () => {
  const stored = later<undefined>();
  const call = vi.fn(() => later<Outcome>().promise);
  const keep = vi.fn(() => stored.promise);
  const keeper = new SessionKeeper({
    ...{ clock, retry, call, keep },
    onVehicles: () => undefined,
    onState: () => undefined,
  });
  keeper.start();
  await settle();
  expect(keep).toHaveBeenCalledWith(expect.objectContaining({ tries: 1 }));
  expect(call).not.toHaveBeenCalled();
  stored.keep(undefined);
  await settle();
  expect(call).toHaveBeenCalledTimes(1);
});

test('a disk that is slower than the pause does not keep it from being tried again', async () => {
  const stored: (() => void)[] = [];
  const call = vi.fn(() => Promise.resolve(aFailure('unavailable')));
  const keeper = new SessionKeeper({
    ...{ clock, retry, call },
    keep: () => new Promise<void>((resolve) => stored.push(resolve)),
    onVehicles: () => undefined,
    onState: () => undefined,
  });
  onTestFinished(() => {
    void keeper.stop();
  });
  keeper.start();
  await settle();
  stored.shift()?.();
  await settle();
  expect(keeper.state.is).toBe('unreachable');
  // Its end is not on the disk yet.
  await vi.advanceTimersByTimeAsync(10_000);
  expect(call).toHaveBeenCalledTimes(1);
  stored.shift()?.();
  await settle();
  stored.shift()?.();
  await settle();
  expect(call).toHaveBeenCalledTimes(2);
});

test('a pause that the vendor asks for is kept to after a restart', async () => {
  const { keeper, calls, kept } = aKeeper();
  keeper.start();
  await settle();
  await calls[0]?.answer(aFailure('rate_limited', { retry_after_s: 86_400 }));
  void keeper.stop();
  await vi.advanceTimersByTimeAsync(3_600_000);
  const restarted = aKeeper(kept());
  restarted.keeper.start();
  await vi.advanceTimersByTimeAsync(22.9 * 3_600_000);
  expect(restarted.calls).toEqual([]);
  expect(restarted.keeper.state.is).toBe('unreachable');
  await vi.advanceTimersByTimeAsync(360_000);
  expect(restarted.calls).toHaveLength(1);
});

test('restarts again and again do not sign in again and again', async () => {
  let kept: KeptSession | undefined;
  const signedIn: number[] = [];
  for (let restart = 0; restart < 600; restart += 1) {
    const one = aKeeper(kept);
    one.keeper.start();
    await vi.advanceTimersByTimeAsync(6000);
    // It dies with the sign-in under way.
    kept = one.kept() ?? kept;
    void one.keeper.stop();
    if (one.calls.length > 0) signedIn.push(restart);
  }
  // An hour of restarts: after pauses of 1, 2, 4, … 512 seconds, and then 15 minutes.
  expect(signedIn.length).toBeLessThanOrEqual(13);
  expect(signedIn.at(-1)).toBeGreaterThan(300);
});

test.each([
  ['back', -30 * 86_400_000],
  ['forward', 30 * 86_400_000],
])('a clock that is set %s makes no pause longer', async (_, change_ms) => {
  const { keeper, calls, kept } = aKeeper();
  keeper.start();
  await settle();
  await calls[0]?.answer(aFailure('rate_limited', { retry_after_s: 120 }));
  void keeper.stop();
  vi.setSystemTime(Date.now() + change_ms);
  const restarted = aKeeper(kept());
  restarted.keeper.start();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(restarted.calls).toHaveLength(1);
});

test('who asks for a code while it signs in has the outcome of that, and no second sign-in', async () => {
  const { keeper, calls } = aKeeper(aKept({ session: null, refusals: 2 }));
  keeper.start();
  const asked = keeper.requestCode('email');
  await settle();
  await calls[0]?.answer(aFailure('auth_failed'));
  await expect(asked).resolves.toMatchObject({ code: 'auth_failed' });
  expect(calls).toHaveLength(1);
  expect(keeper.state.is).toBe('refused');
});

test('a sign-in that gives no session does not go on with the one before', async () => {
  const { keeper, calls } = aKeeper(aKept());
  const renewed = keeper.renew(5);
  await settle();
  await calls[0]?.answer({ ...aSignIn({}), session: undefined });
  await expect(renewed).resolves.toMatchObject({ is: 'unreachable', reason: { code: 'internal' } });
});
