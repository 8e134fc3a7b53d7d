import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Alarm } from '../../src/daemon/alarm.js';

function anAlarm() {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const start = performance.now();
  const rings: number[] = [];
  const alarm = new Alarm(() => rings.push(performance.now() - start));
  return { alarm, rings };
}

test('it rings once, at the earliest of the moments it was set to', () => {
  const { alarm, rings } = anAlarm();
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1 }), (delays) => {
      rings.length = 0;
      const now = performance.now();
      for (const delay of delays) alarm.atLatest(delay);
      expect(alarm.isSet).toBe(true);
      const earliest = Math.min(...delays);
      vi.advanceTimersByTime(earliest);
      expect([rings.length, performance.now() - now]).toEqual([1, earliest]);
      vi.advanceTimersByTime(2000);
      expect([rings.length, alarm.isSet]).toEqual([1, false]);
    }),
  );
});

test('set anew while it rings it rings again', () => {
  const { alarm, rings } = anAlarm();
  const again = new Alarm(() => {
    alarm.atLatest(100);
  });
  again.atLatest(50);
  vi.advanceTimersByTime(1000);
  expect(rings).toEqual([150]);
});

test('stopped, it never rings', () => {
  const { alarm, rings } = anAlarm();
  alarm.atLatest(100);
  alarm.stop();
  alarm.atLatest(10);
  vi.advanceTimersByTime(1000);
  expect([rings, alarm.isSet, vi.getTimerCount()]).toEqual([[], false, 0]);
});
