import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quietUntil } from '../../src/schedule/quiet-hours.js';

const night = { from: '22:00', to: '07:00' };

/** Both are written with the offset that holds then. */
function endOf(hours: { from: string; to: string }, at: string): string | undefined {
  const end = quietUntil(hours, Date.parse(at));
  return end === undefined ? undefined : new Date(end).toISOString();
}

const utc = (time: string): string => new Date(time).toISOString();

function inZone(zone: string, tests: () => void): void {
  describe(zone, () => {
    const before = process.env['TZ'];
    beforeAll(() => {
      process.env['TZ'] = zone;
    });
    afterAll(() => {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    });
    tests();
  });
}

/** At each minute of a day, the end is later, is not quiet itself, and all before it are. */
function expectSound(hours: { from: string; to: string }, day: string): void {
  const begin = Date.parse(day);
  for (let at = begin; at < begin + 26 * 3_600_000; at += 60_000) {
    const end = quietUntil(hours, at);
    if (end === undefined) continue;
    expect(end, new Date(at).toISOString()).toBeGreaterThan(at);
    expect(quietUntil(hours, end), new Date(at).toISOString()).toBeUndefined();
  }
}

inZone('UTC', () => {
  test.each([
    ['2026-11-22T21:59:59Z', undefined],
    ['2026-11-22T22:00:00Z', '2026-11-23T07:00:00Z'],
    ['2026-11-22T23:59:59Z', '2026-11-23T07:00:00Z'],
    ['2026-11-23T00:00:00Z', '2026-11-23T07:00:00Z'],
    ['2026-11-23T06:59:59Z', '2026-11-23T07:00:00Z'],
    ['2026-11-23T07:00:00Z', undefined],
  ])('over midnight, at %s until %s', (at, end) => {
    expect(endOf(night, at)).toBe(end && utc(end));
  });

  test('within a day', () => {
    const noon = { from: '11:30', to: '13:00' };
    expect(endOf(noon, '2026-11-22T11:29:59Z')).toBeUndefined();
    expect(endOf(noon, '2026-11-22T11:30:00Z')).toBe(utc('2026-11-22T13:00:00Z'));
    expect(endOf(noon, '2026-11-22T13:00:00Z')).toBeUndefined();
  });

  test('with equal ends there are none', () => {
    expect(endOf({ from: '07:00', to: '07:00' }, '2026-11-22T07:00:00Z')).toBeUndefined();
    expect(endOf({ from: '07:00', to: '07:00' }, '2026-11-22T12:00:00Z')).toBeUndefined();
  });

  test('until midnight, and from it', () => {
    expect(endOf({ from: '22:00', to: '00:00' }, '2026-11-22T23:00:00Z')).toBe(
      utc('2026-11-23T00:00:00Z'),
    );
    expect(endOf({ from: '00:00', to: '05:00' }, '2026-11-23T00:00:00Z')).toBe(
      utc('2026-11-23T05:00:00Z'),
    );
  });
});

inZone('Europe/Berlin', () => {
  test('are those of the wall, not of UTC', () => {
    expect(endOf(night, '2026-11-22T21:30:00+01:00')).toBeUndefined();
    expect(endOf(night, '2026-07-22T22:30:00+02:00')).toBe(utc('2026-07-23T07:00:00+02:00'));
  });

  test('a night with an hour less ends at the same time of the wall', () => {
    expect(endOf(night, '2026-03-28T23:00:00+01:00')).toBe(utc('2026-03-29T07:00:00+02:00'));
    expectSound(night, '2026-03-28T12:00:00Z');
  });

  test('a night with an hour more too', () => {
    expect(endOf(night, '2026-10-24T23:00:00+02:00')).toBe(utc('2026-10-25T07:00:00+01:00'));
    expectSound(night, '2026-10-24T12:00:00Z');
  });

  test('an end in the hour that comes twice: each time', () => {
    const hours = { from: '22:00', to: '02:30' };
    expect(endOf(hours, '2026-10-25T02:10:00+02:00')).toBe(utc('2026-10-25T02:30:00+02:00'));
    expect(endOf(hours, '2026-10-25T02:40:00+02:00')).toBeUndefined();
    expect(endOf(hours, '2026-10-25T02:10:20+01:00')).toBe(utc('2026-10-25T02:30:00+01:00'));
    expectSound(hours, '2026-10-24T12:00:00Z');
  });

  test('an end in the hour that is left out', () => {
    const hours = { from: '22:00', to: '02:30' };
    expect(endOf(hours, '2026-03-29T01:59:00+01:00')).toBe(utc('2026-03-29T03:30:00+02:00'));
    expectSound(hours, '2026-03-28T12:00:00Z');
  });
});

describe.each([
  ['America/Santiago', '2026-04-04T12:00:00Z'],
  ['America/Santiago', '2026-09-05T12:00:00Z'],
  ['America/New_York', '2026-11-01T00:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T06:00:00Z'],
  ['Asia/Kathmandu', '2026-11-22T00:00:00Z'],
])('%s from %s on', (zone, day) => {
  inZone(zone, () => {
    test.each([night, { from: '00:00', to: '06:00' }, { from: '23:30', to: '00:15' }])(
      'from $from to $to',
      (hours) => {
        expectSound(hours, day);
      },
    );
  });
});
