import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Breaker, type BreakerState, type CallClass } from '../../src/dispatch/breaker.js';
import { failureCodes, type FailureCode } from '../../src/vehicle/outcome.js';
import type { Outcome } from '../../src/vehicle/task.js';
import { useFakeClock } from './fake-clock.js';
import { aFailure, aReading, later } from './outcomes.js';

const clock = useFakeClock();
const minute = 60_000;

function aBreaker(
  callClass: CallClass = 'read',
  options: { failures?: number; max_reset_ms?: number } = {},
) {
  const changes: BreakerState['is'][] = [];
  const breaker = new Breaker(
    callClass,
    { failures: 3, reset_ms: minute, max_reset_ms: 30 * minute, ...options },
    clock,
    (state) => changes.push(state.is),
  );
  onTestFinished(() => {
    breaker.stop();
  });
  const answer = (outcome: Outcome) => breaker.run(() => Promise.resolve(outcome));
  const fail = async (times: number, code: FailureCode = 'unavailable'): Promise<void> => {
    for (let time = 0; time < times; time += 1) await answer(aFailure(code));
  };
  return { breaker, changes, answer, fail };
}

test('it opens at the configured number of failures in a row, not before', async () => {
  const { breaker, changes, fail } = aBreaker();
  await fail(2);
  expect(breaker.state.is).toBe('closed');
  await fail(1);
  expect(breaker.state).toMatchObject({ is: 'open', retry_at: clock.now() + minute });
  expect(changes).toEqual(['open']);
});

test('a success between starts the count anew', async () => {
  const { breaker, answer, fail } = aBreaker();
  for (let round = 0; round < 5; round += 1) {
    await fail(2);
    await answer(aReading());
  }
  expect(breaker.state).toMatchObject({ is: 'closed', failures: 0 });
});

test('many successes before do not delay it', async () => {
  const { breaker, answer, fail } = aBreaker();
  for (let round = 0; round < 100; round += 1) await answer(aReading());
  await fail(3);
  expect(breaker.state.is).toBe('open');
});

test('calls that take long to fail count like quick ones', async () => {
  const { breaker, changes } = aBreaker();
  for (let round = 0; round < 2; round += 1) {
    const call = later<Outcome>();
    const outcome = breaker.run(() => call.promise);
    await vi.advanceTimersByTimeAsync(minute);
    call.keep(aFailure('timeout'));
    await expect(outcome).resolves.toMatchObject({ failure: { code: 'timeout' } });
  }
  expect(changes).toEqual([]);
  await expect(breaker.run(() => Promise.resolve(aReading()))).resolves.toMatchObject({ ok: true });
});

const counted: Record<CallClass, FailureCode[]> = {
  read: ['unavailable', 'timeout', 'interrupted', 'internal'],
  wake: ['unavailable'],
};

test.each(['read', 'wake'] as const)('class %s counts its own codes and no other', async (one) => {
  const opening: FailureCode[] = [];
  for (const code of failureCodes) {
    const { breaker, fail } = aBreaker(one);
    await fail(3, code);
    if (breaker.state.is === 'open') opening.push(code);
  }
  expect(opening.sort()).toEqual(counted[one].sort());
});

test('every outcome comes back as it was', async () => {
  const { breaker } = aBreaker();
  const asked = aFailure('rate_limited', { retry_after_s: 30, sent: true });
  await expect(breaker.run(() => Promise.resolve(asked))).resolves.toBe(asked);
  const read = aReading();
  await expect(breaker.run(() => Promise.resolve(read))).resolves.toBe(read);
});

test('while open it lets nothing leave and says for how long', async () => {
  const { breaker, fail } = aBreaker();
  await fail(3);
  expect([breaker.allows, breaker.retryAfter_s]).toEqual([false, 60]);
  await vi.advanceTimersByTimeAsync(59_500);
  expect([breaker.allows, breaker.retryAfter_s]).toEqual([false, 1]);
  await vi.advanceTimersByTimeAsync(500);
  expect([breaker.allows, breaker.retryAfter_s]).toEqual([true, undefined]);
});

test('a call that comes although it is open is answered, and not made', async () => {
  const { breaker, fail } = aBreaker();
  await fail(3);
  const call = vi.fn(() => Promise.resolve(aReading()));
  await expect(breaker.run(call)).resolves.toMatchObject({
    failure: { code: 'breaker_open', retryable: true, retry_after_s: 60 },
  });
  expect(call).not.toHaveBeenCalled();
});

test('half-open it lets one call through and waits for its verdict', async () => {
  const { breaker, changes, fail } = aBreaker();
  await fail(3);
  await vi.advanceTimersByTimeAsync(minute);
  const probe = later<Outcome>();
  const outcome = breaker.run(() => probe.promise);
  expect(breaker.allows).toBe(false);
  expect(breaker.state).toMatchObject({ is: 'half_open', probing: true });
  const second = vi.fn(() => Promise.resolve(aReading()));
  await expect(breaker.run(second)).resolves.toMatchObject({ ok: false });
  expect(second).not.toHaveBeenCalled();
  probe.keep(aReading());
  await outcome;
  expect(breaker.allows).toBe(true);
  expect(changes).toEqual(['open', 'half_open', 'closed']);
});

test('each failed probe doubles the time, up to the longest', async () => {
  const { breaker, fail } = aBreaker('read', { max_reset_ms: 5 * minute });
  await fail(3);
  const waits: number[] = [];
  for (let probe = 0; probe < 5; probe += 1) {
    waits.push((breaker.retryAfter_s ?? 0) / 60);
    await vi.advanceTimersByTimeAsync((breaker.retryAfter_s ?? 0) * 1000);
    await fail(1);
  }
  expect(waits).toEqual([1, 2, 4, 5, 5]);
});

test('after a success the time starts at its shortest again', async () => {
  const { breaker, answer, fail } = aBreaker();
  await fail(3);
  await vi.advanceTimersByTimeAsync(minute);
  await fail(1);
  await vi.advanceTimersByTimeAsync(2 * minute);
  await answer(aReading());
  await fail(3);
  expect(breaker.retryAfter_s).toBe(60);
});

test('a probe that the vendor answered with something else closes it', async () => {
  const { breaker, fail } = aBreaker('wake');
  await fail(3);
  await vi.advanceTimersByTimeAsync(minute);
  await fail(1, 'vehicle_refused');
  expect(breaker.state.is).toBe('closed');
});

test('while it is open late endings of older calls change nothing', async () => {
  const { breaker, changes, fail } = aBreaker();
  const [good, bad] = [later<Outcome>(), later<Outcome>()];
  const outcomes = [breaker.run(() => good.promise), breaker.run(() => bad.promise)];
  await fail(3);
  const { state } = breaker;
  good.keep(aReading());
  bad.keep(aFailure('timeout'));
  await Promise.all(outcomes);
  expect(breaker.state).toEqual(state);
  expect(changes).toEqual(['open']);
});

test.each([
  ['success', aReading()],
  ['failure', aFailure('timeout')],
] as const)('half-open a late %s of an older call is no verdict', async (_, ending) => {
  const { breaker, fail } = aBreaker();
  const old = later<Outcome>();
  const oldOutcome = breaker.run(() => old.promise);
  await fail(3);
  await vi.advanceTimersByTimeAsync(minute);
  const probe = later<Outcome>();
  const outcome = breaker.run(() => probe.promise);
  old.keep(ending);
  await expect(oldOutcome).resolves.toBe(ending);
  expect(breaker.state).toMatchObject({ is: 'half_open', probing: true });
  probe.keep(aReading());
  await outcome;
  expect(breaker.state.is).toBe('closed');
});

test('a person closes it at once, and its count and time start anew', async () => {
  const { breaker, fail } = aBreaker();
  await fail(3);
  await vi.advanceTimersByTimeAsync(minute);
  await fail(1);
  breaker.reset();
  expect(breaker.state).toMatchObject({ is: 'closed', failures: 0 });
  await fail(2);
  breaker.reset();
  await fail(2);
  expect(breaker.state.is).toBe('closed');
  await fail(1);
  expect(breaker.retryAfter_s).toBe(60);
  await vi.advanceTimersByTimeAsync(minute);
  expect(breaker.state.is).toBe('half_open');
});

test('since says when it came into its state', async () => {
  const { breaker, fail } = aBreaker();
  const { since } = breaker.state;
  await vi.advanceTimersByTimeAsync(minute);
  await fail(1);
  expect(breaker.state).toMatchObject({ is: 'closed', failures: 1, since });
});

test('whatever comes one after another, it is open exactly after enough counted failures', async () => {
  const outcomes = fc.constantFrom<Outcome>(
    aReading(),
    aFailure('unavailable'),
    aFailure('timeout'),
    aFailure('vehicle_refused'),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(outcomes, { maxLength: 12 }), async (answers) => {
      const { breaker, answer } = aBreaker();
      let inRow = 0;
      for (const one of answers) {
        if (!breaker.allows) break;
        await answer(one);
        const counts = !one.ok && ['unavailable', 'timeout'].includes(one.failure.code);
        inRow = counts ? inRow + 1 : 0;
        expect(breaker.state.is).toBe(inRow >= 3 ? 'open' : 'closed');
      }
      breaker.stop();
    }),
    { numRuns: 300 },
  );
});
