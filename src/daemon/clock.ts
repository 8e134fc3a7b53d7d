import { performance } from 'node:perf_hooks';

/** Wall time says *when*, monotonic time says *how long*: the first may jump, the second never does. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Milliseconds since some point of this process. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/** Monotonic milliseconds that all threads of the process count alike; `performance.now()` begins anew in each. */
export function sharedMonotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

const longestTimer_ms = 2 ** 31 - 1;

/** A delay for `setTimeout`, which takes a longer one for none at all. */
export function timerDelay(delay_ms: number): number {
  return Math.min(longestTimer_ms, delay_ms);
}

export function utc(epoch_ms: number): string {
  return new Date(epoch_ms).toISOString();
}
