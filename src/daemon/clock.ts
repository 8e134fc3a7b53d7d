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

const longestTimer_ms = 2 ** 31 - 1;

/** A delay for `setTimeout`, which takes a longer one for none at all. */
export function timerDelay(delay_ms: number): number {
  return Math.min(longestTimer_ms, delay_ms);
}

export function utc(epoch_ms: number): string {
  return new Date(epoch_ms).toISOString();
}
