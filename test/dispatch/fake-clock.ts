import { afterEach, beforeEach, vi } from 'vitest';
import type { Clock } from '../../src/daemon/clock.js';

const start = Date.UTC(2026, 10, 22, 10, 0, 0);

/** Time in the tests of a file stands still until `vi.advanceTimersByTimeAsync` moves it. */
export function useFakeClock(): Clock {
  beforeEach(() => {
    vi.useFakeTimers({ now: start });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  return { now: () => Date.now(), monotonic: () => Date.now() - start };
}

/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}
