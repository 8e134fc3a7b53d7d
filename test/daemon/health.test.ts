import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { healthOf, LoopWatch } from '../../src/daemon/health.js';

describe('the watch of the main loop', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('has no fault to tell while the loop turns', () => {
    const watch = new LoopWatch({ monotonic: () => performance.now() });
    vi.advanceTimersByTime(600_000);
    expect(watch.fault).toBeUndefined();
    watch.stop();
  });

  test('tells of a stall while it lasts, and to who asks right after it', () => {
    let stood_ms = 0;
    const watch = new LoopWatch({ monotonic: () => performance.now() + stood_ms });
    vi.advanceTimersByTime(10_000);
    stood_ms = 60_000;
    expect(watch.fault).toBe('the event loop stood still for 60 s');
    vi.advanceTimersByTime(1000);
    expect(watch.fault).toBe('the event loop stood still for 61 s');
    vi.advanceTimersByTime(5000);
    expect(watch.fault).toBeUndefined();
    watch.stop();
  });
});

test('health is the faults of all parts together', () => {
  expect(healthOf([undefined, undefined])).toEqual({ ok: true });
  expect(healthOf([undefined, 'one', 'two'])).toEqual({ ok: false, reasons: ['one', 'two'] });
});
