import { expect, onTestFinished, test, vi } from 'vitest';
import { Presence } from '../../src/mqtt/presence.js';

const sessionExpiry_ms = 60_000;

/** A wall clock and a monotonic one that the test moves apart from each other. */
function aPresence(options: { seen?: number | undefined; clockTrusted?: boolean } = {}) {
  vi.useFakeTimers();
  const time = { now: 1_000_000_000, monotonic: 500 };
  const notes: number[] = [];
  const presence = new Presence({
    clock: { now: () => time.now, monotonic: () => time.monotonic },
    sessionExpiry_ms,
    seen: options.seen,
    clockTrusted: () => options.clockTrusted ?? true,
    note: (seen) => notes.push(seen),
  });
  onTestFinished(() => {
    presence.stop();
    vi.useRealTimers();
  });
  const pass = (time_ms: number): void => {
    time.now += time_ms;
    time.monotonic += time_ms;
    vi.advanceTimersByTime(time_ms);
  };
  return { presence, notes, time, pass };
}

const now = 1_000_000_000;

test.each([
  ['never seen', undefined, true, false],
  ['seen just now', now, true, true],
  ['away for just the expiry', now - sessionExpiry_ms, true, true],
  ['away for longer', now - sessionExpiry_ms - 1, true, false],
  ['seen in the future', now + 1, true, false],
  ['seen just now by a clock that cannot be trusted', now, false, false],
])('a start that was %s', (_, seen, clockTrusted, may) => {
  expect(aPresence({ seen, clockTrusted }).presence.mayResume()).toBe(may);
});

test('within a process a wall clock that is set back hides no time away', () => {
  const { presence, time, pass } = aPresence({ clockTrusted: false });
  presence.contact();
  time.now -= 10 * sessionExpiry_ms;
  pass(sessionExpiry_ms);
  expect(presence.mayResume()).toBe(true);
  pass(1);
  expect(presence.mayResume()).toBe(false);
  presence.contact();
  expect(presence.mayResume()).toBe(true);
});

test('a computer that slept was away, although its monotonic time stood still', () => {
  const { presence, time } = aPresence();
  presence.contact();
  time.now += sessionExpiry_ms + 1;
  expect(presence.mayResume()).toBe(false);
  presence.contact();
  expect(presence.mayResume()).toBe(true);
});

test('it notes the moment of the last contact, not of the note, and only news', () => {
  const { presence, notes, pass } = aPresence();
  presence.contact();
  expect(notes).toEqual([now]);
  pass(10_000);
  presence.contact();
  pass(5000);
  expect(notes).toEqual([now, now + 10_000]);
  pass(60_000);
  expect(notes).toHaveLength(2);
});

test('the last contact is noted at the stop', () => {
  const { presence, notes, pass } = aPresence();
  presence.contact();
  pass(3000);
  presence.contact();
  pass(1000);
  presence.stop();
  expect(notes.at(-1)).toBe(now + 3000);
});

test('who has never been connected notes nothing', () => {
  const { presence, notes, pass } = aPresence();
  pass(120_000);
  presence.stop();
  expect(notes).toEqual([]);
});
