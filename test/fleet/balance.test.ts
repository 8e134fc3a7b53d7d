import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide } from '../../src/fleet/balance.js';

/** A fleet that acts on what it sees; what it sees is as old as the beginning of the round. */
class Model {
  instances = new Set<string>();
  items: string[] = [];
  readonly owners = new Map<string, string>();
  moves = 0;

  apply([kind, name]: Change): void {
    if (kind === 'join') this.instances.add(`i${String(name)}`);
    else if (kind === 'die') this.#remove(`i${String(name)}`);
    else this.items = Array.from({ length: name * 3 }, (_, index) => `item${String(index)}`);
    for (const item of this.owners.keys()) if (!this.items.includes(item)) this.owners.delete(item);
  }

  /** Each instance decides by the same view; what it claims it gets only if nobody was quicker. */
  round(pick: (items: readonly string[]) => readonly string[], most: number): void {
    const seen = new Map(this.owners);
    const decisions = [...this.instances].map((self) => ({
      self,
      ...decide({ self, instances: [...this.instances], items: this.items, owners: seen }),
    }));
    for (const { self, free, claims, releases } of decisions) {
      const own = this.items.filter((item) => seen.get(item) === self);
      for (const item of pick(own).slice(0, Math.min(releases, most))) {
        this.owners.delete(item);
        this.moves += 1;
      }
      for (const item of pick(free).slice(0, Math.min(claims, most))) {
        if (this.owners.has(item)) continue;
        this.owners.set(item, self);
        this.moves += 1;
      }
    }
  }

  get counts(): number[] {
    return [...this.instances].map(
      (name) => [...this.owners.values()].filter((owner) => owner === name).length,
    );
  }

  #remove(name: string): void {
    this.instances.delete(name);
    for (const [item, owner] of this.owners) if (owner === name) this.owners.delete(item);
  }
}

type Change = readonly [kind: 'join' | 'die' | 'items', name: number];

const change: fc.Arbitrary<Change> = fc.tuple(
  fc.constantFrom('join', 'join', 'die', 'items'),
  fc.integer({ min: 0, max: 6 }),
);

function rotated(by: number): (items: readonly string[]) => readonly string[] {
  return (items) => items.map((_, index) => items[(index + by) % items.length] ?? '');
}

test('after any changes all is owned, evenly, and then nothing moves any more', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(change, fc.nat({ max: 3 })), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 16 }),
      (changes, most) => {
        const model = new Model();
        model.apply(['items', 5]);
        model.apply(['join', 0]);
        let turn = 0;
        for (const [one, rounds] of changes) {
          model.apply(one);
          for (let round = 0; round < rounds; round += 1) model.round(rotated((turn += 1)), most);
        }
        model.apply(['join', 0]);
        for (let round = 0; round < 80; round += 1) model.round(rotated((turn += 1)), most);
        expect(model.owners.size).toBe(model.items.length);
        expect(Math.max(...model.counts) - Math.min(...model.counts)).toBeLessThanOrEqual(1);
        const { moves } = model;
        for (let round = 0; round < 5; round += 1) model.round(rotated((turn += 1)), most);
        expect(model.moves).toBe(moves);
      },
    ),
  );
});

test('one that comes costs no more moves than its share', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 6 }), (others, items) => {
      const model = new Model();
      for (let name = 1; name <= others; name += 1) model.apply(['join', name]);
      model.apply(['items', items]);
      for (let round = 0; round < 40; round += 1) model.round(rotated(round), 4);
      model.moves = 0;
      model.apply(['join', 0]);
      for (let round = 0; round < 40; round += 1) model.round(rotated(round), 4);
      expect(model.moves).toBeLessThanOrEqual(2 * Math.ceil(model.items.length / (others + 1)));
    }),
  );
});

test('one that leaves is reckoned without, but keeps what it has until it releases that', () => {
  const owners = new Map([
    ['a', 'leaving'],
    ['b', 'leaving'],
    ['c', 'one'],
  ]);
  const items = ['a', 'b', 'c', 'd'];
  expect(decide({ self: 'one', instances: ['one', 'two'], items, owners })).toEqual({
    free: ['d'],
    claims: 1,
    releases: 0,
  });
});
