import { expect, test } from 'vitest';
import { Ledger } from './ledger.js';

const event = (status: string, seq: number, more: object = {}): string =>
  JSON.stringify({
    ...{ schema: 1, id: 'one', seq, vehicle: 'car0', command: 'lock', value: 'lock', status },
    ...{ at: '2026-11-22T10:15:00.000Z', ...more },
  });
const life = [event('accepted', 1), event('running', 2), event('succeeded', 3)];

test.each<[string, string[], string[]]>([
  ['a life', life, []],
  ['a life of which everything is said twice', life.flatMap((one) => [one, one]), []],
  [
    'a refusal and a repetition of an id',
    [
      ...life,
      event('rejected', 0, { code: 'id_reused' }),
      event('succeeded', 4, { replayed: true }),
    ],
    [],
  ],
  [
    'an id that is free again',
    [...life, event('accepted', 1, { position: 0 }), event('failed', 2)],
    [],
  ],
  ['two endings', [...life, event('failed', 4)], [expect.stringMatching(/^two endings/)]],
  [
    'a second acceptance of what is open',
    [event('accepted', 1), event('accepted', 1, { position: 1 })],
    [expect.stringMatching(/^accepted twice/)],
  ],
  ['an ending of nothing', [event('failed', 2)], [expect.stringMatching(/^ended, never accepted/)]],
  [
    'a step behind the ending',
    [...life, event('running', 4)],
    [expect.stringMatching(/^an event behind the ending/)],
  ],
])('%s', (_name, events, expected) => {
  const ledger = new Ledger();
  for (const one of events) ledger.hear(one);
  expect(ledger.violations).toEqual(expected);
});

test('what has been accepted is open until it ends', () => {
  const ledger = new Ledger();
  ledger.hear(event('accepted', 1));
  expect(ledger.open).toEqual(['one']);
  ledger.hear(event('expired', 2));
  expect(ledger.open).toEqual([]);
  expect([...ledger.endings]).toEqual([['expired', 1]]);
});
