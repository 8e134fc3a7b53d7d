import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CommandHistory } from '../../src/dispatch/command-history.js';
import type { JournalRecord } from '../../src/vehicle/journal-record.js';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';

function anEvent(
  id: string,
  seq = 1,
  status: LifeCycleEvent['status'] = 'accepted',
): LifeCycleEvent {
  const at = '2026-11-22T10:15:00.123Z';
  return { schema: 1, id, seq, vehicle: null, command: 'otp', status, at };
}

test('the events of a command, oldest first, and of no other', () => {
  const history = new CommandHistory();
  history.note(anEvent('one'));
  history.note(anEvent('two'));
  history.note(anEvent('one', 2, 'running'));
  expect(history.of('one')?.map(({ status }) => status)).toEqual(['accepted', 'running']);
  expect(history.of('two')).toHaveLength(1);
  expect(history.of('three')).toBeUndefined();
});

test('a refusal of somebody else does not end a command of the same id', () => {
  const history = new CommandHistory();
  history.note(anEvent('one'));
  history.note(anEvent('one', 0, 'rejected'));
  expect(history.of('one')?.map(({ status }) => status)).toEqual(['accepted']);
});

test('a refusal is known as long as nothing else has its id', () => {
  const history = new CommandHistory();
  history.note(anEvent('one', 0, 'rejected'));
  history.note(anEvent('one', 1));
  history.note(anEvent('one', 0, 'rejected'));
  expect(history.of('one')?.map(({ status }) => status)).toEqual(['rejected', 'accepted']);
});

test('of long work the first step and the newest ones are known', () => {
  const history = new CommandHistory();
  for (let seq = 1; seq <= 250; seq += 1) history.note(anEvent('long', seq));
  const seqs = history.of('long')?.map(({ seq }) => seq) ?? [];
  expect([seqs.length, seqs[0], seqs[1], seqs.at(-1)]).toEqual([100, 1, 152, 250]);
});

test('one that still happens outlives older ones', () => {
  const history = new CommandHistory();
  history.note(anEvent('first'));
  history.note(anEvent('second'));
  history.note(anEvent('first', 2, 'running'));
  for (let other = 0; other < 1999; other += 1) history.note(anEvent(`other-${String(other)}`));
  expect(history.of('first')).toHaveLength(2);
  expect(history.of('second')).toBeUndefined();
});

test('whatever is noted, no more than 10 000 events and 2 000 commands stay', () => {
  const burst = fc.record({
    ids: fc.integer({ min: 1, max: 3000 }),
    events: fc.integer({ min: 1, max: 150 }),
  });
  fc.assert(
    fc.property(fc.array(burst, { minLength: 1, maxLength: 4 }), (bursts) => {
      const history = new CommandHistory();
      const ids = new Set<string>();
      for (const [number, { ids: count, events }] of bursts.entries()) {
        for (let one = 0; one < Math.min(count, Math.ceil(30_000 / events)); one += 1) {
          const id = `${String(number)}-${String(one)}`;
          ids.add(id);
          for (let seq = 1; seq <= events; seq += 1) history.note(anEvent(id, seq));
          expect(history.of(id)?.at(-1)?.seq).toBe(events);
        }
      }
      const left = [...ids].flatMap((id) => history.of(id) ?? []);
      expect(left.length).toBeLessThanOrEqual(10_000);
      const known = [...ids].filter((id) => history.of(id) !== undefined).length;
      expect(known).toBeLessThanOrEqual(2000);
      // And it forgets no more than it has to.
      const noted = bursts.every(({ events }) => events === 1) ? ids.size : 0;
      expect(known).toBeGreaterThanOrEqual(Math.min(noted, 2000));
    }),
    { numRuns: 20 },
  );
});

test('of an open command it knows what was said since its record was written', () => {
  const history = new CommandHistory();
  const accepted = anEvent('one');
  const record: JournalRecord = {
    ...{ key: 'a key', id: 'one', vehicle: null, command: 'otp', request: {}, fingerprint: '' },
    ...{ received_at: 0, deadline: 0, started: true, boot: 1, seq: 2, event: accepted, steps: [] },
  };
  expect(history.stepsBehind(record)).toEqual([]);
  // An earlier command with the same id, and one of a car.
  for (const seq of [1, 2, 9]) history.note(anEvent('one', seq, 'succeeded'));
  history.note(accepted);
  history.note(anEvent('one', 2, 'running'));
  history.note({ ...anEvent('one', 3, 'accepted'), replayed: true });
  history.note({ ...anEvent('one', 4, 'running'), vehicle: 'car' });
  history.note({ ...anEvent('one', 5, 'running'), attempt: 2 });
  const { at } = accepted;
  expect(history.stepsBehind(record)).toEqual([{ seq: 5, status: 'running', at, attempt: 2 }]);
});
