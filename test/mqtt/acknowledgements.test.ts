import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Acknowledgements } from '../../src/mqtt/acknowledgements.js';

test('in whatever order they become ready, they leave in the order of arrival, none early', () => {
  const arrivals = fc
    .uniqueArray(fc.integer({ min: 1, max: 65_535 }), { minLength: 1, maxLength: 30 })
    .chain((ids) => fc.tuple(fc.constant(ids), fc.shuffledSubarray(ids)));
  fc.assert(
    fc.property(arrivals, ([ids, readied]) => {
      const sent: number[] = [];
      const acknowledgements = new Acknowledgements((id) => sent.push(id));
      const ready = new Map(ids.map((id) => [id, acknowledgements.expect(id)]));
      const isReady = new Set<number>();
      for (const id of readied) {
        ready.get(id)?.();
        isReady.add(id);
        const firstLate = ids.findIndex((one) => !isReady.has(one));
        expect(sent).toEqual(firstLate === -1 ? ids : ids.slice(0, firstLate));
      }
    }),
    { numRuns: 1000 },
  );
});

test('one that is told twice leaves once', () => {
  const sent: number[] = [];
  const acknowledgements = new Acknowledgements((id) => sent.push(id));
  const ready = acknowledgements.expect(7);
  ready();
  ready();
  expect(sent).toEqual([7]);
});
