import { expect, test } from 'vitest';
import { Silence } from '../../src/fleet/silence.js';

test('who does not beat for long enough is silent; who beats begins anew', () => {
  const silence = new Silence(8000);
  const note = (quick: number): string[] =>
    silence.note(
      [
        ['quick', quick],
        ['slow', 5],
      ],
      2000,
    );
  expect([note(10), note(11), note(12), note(13)]).toEqual([[], [], [], []]);
  expect(note(14)).toEqual(['slow']);
});

test('one that was away in between is watched anew', () => {
  const silence = new Silence(3000);
  silence.note([['one', 5]], 2000);
  silence.note([['one', 5]], 2000);
  silence.note([], 2000);
  expect(silence.note([['one', 5]], 2000)).toEqual([]);
});
