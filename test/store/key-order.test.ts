import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareKeys, SortedKeys } from '../../src/store/key-order.js';

const key = fc.oneof(
  fc.string({
    unit: fc.constantFrom('a', 'b', '/', '\u07ff', '\ue000', '\uffff', '🚗'),
    maxLength: 5,
  }),
  fc.string({ unit: 'binary', maxLength: 5 }),
);

test('keys are in the order of their bytes', () => {
  fc.assert(
    fc.property(key, key, (one, other) => {
      const expected = Buffer.compare(Buffer.from(one), Buffer.from(other));
      expect(Math.sign(compareKeys(one, other))).toBe(expected);
    }),
    { numRuns: 1000 },
  );
});

test('a list is what a sorted array would give, from either end', () => {
  const step = fc.record({ key, isGone: fc.boolean() });
  const range = fc.record({
    prefix: fc.string({ unit: fc.constantFrom('a', 'b', '/', '🚗'), maxLength: 2 }),
    after: fc.option(key, { nil: undefined }),
    limit: fc.option(fc.nat(5), { nil: undefined }),
    newestFirst: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.array(step), range)), (rounds) => {
      const model = new Set<string>();
      const keys = new SortedKeys();
      for (const [steps, { prefix, after, limit, newestFirst }] of rounds) {
        for (const { key: one, isGone } of steps) {
          if (isGone && model.delete(one)) keys.delete(one);
          if (!isGone && !model.has(one)) {
            model.add(one);
            keys.add(one);
          }
        }
        const sorted = [...model].sort(compareKeys).filter((one) => one.startsWith(prefix));
        if (newestFirst) sorted.reverse();
        const isBehind = (one: string) =>
          after === undefined || compareKeys(one, after) * (newestFirst ? -1 : 1) > 0;
        const listed = keys.list(prefix, {
          newestFirst,
          ...(after === undefined ? {} : { after }),
          ...(limit === undefined ? {} : { limit }),
        });
        expect(listed).toEqual(sorted.filter(isBehind).slice(0, limit ?? Infinity));
      }
    }),
  );
});
