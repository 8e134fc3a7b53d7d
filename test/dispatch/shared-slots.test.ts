import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SharedSlots, type SlotShare } from '../../src/dispatch/shared-slots.js';
import { claims, type Claim } from '../../src/dispatch/slot-turns.js';

const claim = fc.constantFrom(...claims);

interface Running {
  readonly account: Hungry;
  readonly claim: Claim;
  readonly giveBack: () => void;
}

/** All that is out of one pot, and what is to hold of it. */
class Pot {
  readonly most: number;
  readonly shared: SharedSlots;
  readonly running: Running[] = [];
  onGrant: (account: Hungry, claim: Claim) => void = () => undefined;

  constructor(most: number) {
    this.most = most;
    this.shared = new SharedSlots(most);
  }

  /** As the limits are meant: a quarter is left for reads, half for what people wait for. */
  fits(wanted: Claim): boolean {
    const out = (from: Claim): number =>
      this.running.filter((one) => claims.indexOf(one.claim) >= claims.indexOf(from)).length;
    const part = (of: number): number => Math.max(1, Math.floor(this.most / of));
    const limits = {
      read: this.most,
      wake: this.most - part(4),
      background: part(2),
      account: part(4),
    };
    return claims.slice(0, claims.indexOf(wanted) + 1).every((one) => out(one) < limits[one]);
  }

  finish(which: number): void {
    const [ended] = this.running.splice(which % Math.max(1, this.running.length), 1);
    ended?.giveBack();
  }
}

/** An account that wants slots, and takes them as soon as it may. */
class Hungry {
  readonly wanted: Claim[] = [];
  readonly #pot: Pot;
  readonly #share: SlotShare;

  constructor(pot: Pot) {
    this.#pot = pot;
    this.#share = pot.shared.join({
      processes: () => 0,
      release: () => undefined,
      threads: () => ({ all: 0, idle: 0 }),
      endIdle: () => 0,
      onFree: () => {
        this.#pump(['read', 'wake']);
      },
      onFreeForLast: () => {
        this.#pump(['background', 'account']);
      },
    });
  }

  want(...wanted: Claim[]): void {
    this.wanted.push(...wanted);
    this.#pump(claims);
  }

  leave(): void {
    this.wanted.length = 0;
    this.#share.leave();
  }

  #pump(kinds: readonly Claim[]): void {
    for (const wanted of this.wanted.filter((one) => kinds.includes(one))) {
      // Before it counts as out, for whoever looks at what was free.
      const giveBack = this.#share.take(wanted, wanted === 'read');
      if (giveBack === undefined) continue;
      this.wanted.splice(this.wanted.indexOf(wanted), 1);
      this.#pot.onGrant(this, wanted);
      this.#pot.running.push({ account: this, claim: wanted, giveBack });
    }
  }
}

function accountsOf(pot: Pot, count: number): Hungry[] {
  return Array.from({ length: count }, () => new Hungry(pot));
}

const isOfPeople = (one: Claim): boolean => one === 'read' || one === 'wake';

test('so many accounts that each has a slot have it, more take turns', () => {
  const pot = new Pot(10);
  const accounts = accountsOf(pot, 8);
  expect(pot.shared.isReserved).toBe(true);
  accounts.push(new Hungry(pot));
  expect(pot.shared.isReserved).toBe(false);
  accounts[0]?.leave();
  expect(pot.shared.isReserved).toBe(true);
});

test('an account with much to do starves no other', () => {
  const pot = new Pot(4);
  const accounts = accountsOf(pot, 6);
  const order: number[] = [];
  pot.onGrant = (account) => order.push(accounts.indexOf(account));
  accounts[0]?.want(...Array.from({ length: 20 }, () => 'read' as const));
  for (const account of accounts.slice(1)) account.want('read', 'read');
  for (let ended = 0; ended < 12; ended += 1) pot.finish(0);
  expect(order).toEqual([0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]);
});

test('however many cars hang, a person reads', () => {
  const pot = new Pot(8);
  const accounts = accountsOf(pot, 20);
  for (const account of accounts) account.want('wake', 'background', 'account');
  expect(pot.running).toHaveLength(6);
  accounts[19]?.want('read');
  expect(pot.running.at(-1)).toMatchObject({ account: accounts[19], claim: 'read' });
});

test('what people wait for comes before the rest, which has its turn all the same', () => {
  const pot = new Pot(2);
  const accounts = accountsOf(pot, 20);
  const order: Claim[] = [];
  for (const account of accounts) account.want('background');
  pot.onGrant = (_, one) => order.push(one);
  for (const account of accounts) account.want('wake');
  // One is for reads alone.
  for (let ended = 0; ended < 8; ended += 1) pot.finish(0);
  expect(order).toEqual([
    ...['wake', 'wake', 'wake', 'background'],
    ...['wake', 'wake', 'wake', 'background'],
  ]);
});

test('who is asked and can take nothing keeps its place', () => {
  const pot = new Pot(4);
  const accounts = accountsOf(pot, 9);
  const [one, first, second] = accounts;
  one?.want('wake', 'wake', 'wake', 'read');
  first?.want('read', 'wake');
  second?.want('wake');
  // It was cancelled.
  first?.wanted.shift();
  pot.finish(3);
  expect(pot.running).toHaveLength(3);
  pot.finish(0);
  expect(pot.running.at(-1)).toMatchObject({ account: first, claim: 'wake' });
  expect(second?.wanted).toEqual(['wake']);
});

test('what an account leaves behind is of use to the others at once', () => {
  const pot = new Pot(3);
  const [one, other] = accountsOf(pot, 2);
  one?.want('wake', 'wake');
  expect(pot.running).toHaveLength(1);
  other?.leave();
  expect(pot.running).toHaveLength(2);
});

test('an account that joins while all slots are out gets its own as soon as any is given back', () => {
  const pot = new Pot(4);
  const first = new Hungry(pot);
  first.want('read', 'wake', 'wake', 'wake');
  expect(pot.running).toHaveLength(4);
  const second = new Hungry(pot);
  second.want('read');
  expect(second.wanted).toEqual(['read']);
  // The reserved one of the first.
  pot.finish(0);
  expect(second.wanted).toEqual([]);
});

test('whoever arrives in whatever order, nothing is idle that fits, and nobody waits for long', () => {
  const step = fc.oneof(
    { weight: 2, arbitrary: fc.record({ account: fc.nat(), claim }) },
    // One wants more than all others.
    { weight: 4, arbitrary: fc.record({ account: fc.constant(0), claim: fc.constant('read') }) },
    { weight: 3, arbitrary: fc.record({ ends: fc.nat() }) },
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 9 }),
      fc.integer({ min: 9, max: 15 }),
      fc.array(step, { minLength: 20, maxLength: 150 }),
      (most, count, steps) => {
        const pot = new Pot(most);
        const accounts = accountsOf(pot, count);
        // Once each of the others, and after three of those one for what nobody waits for.
        const mostPassed = count - 1 + Math.ceil(count / 3);
        // Grants to others of a slot that would have done, since the account waits in that line.
        const passedOver = { people: new Map<Hungry, number>(), rest: new Map<Hungry, number>() };
        pot.onGrant = (winner, granted) => {
          for (const line of ['people', 'rest'] as const) {
            const isHere = (one: Claim): boolean => isOfPeople(one) === (line === 'people');
            if (isHere(granted)) passedOver[line].set(winner, 0);
            for (const other of accounts.filter((one) => one !== winner)) {
              const couldTake = other.wanted.some((one) => isHere(one) && pot.fits(one));
              const passed = passedOver[line].get(other) ?? 0;
              if (couldTake) passedOver[line].set(other, passed + 1);
              if (!other.wanted.some(isHere)) passedOver[line].set(other, 0);
              expect(passed).toBeLessThanOrEqual(line === 'people' ? mostPassed : 4 * count);
            }
          }
        };
        const check = (): void => {
          expect(pot.running.length).toBeLessThanOrEqual(most);
          expect(accounts.flatMap(({ wanted }) => wanted).filter((one) => pot.fits(one))).toEqual(
            [],
          );
        };
        for (const one of steps) {
          if ('ends' in one) pot.finish(one.ends);
          else accounts[one.account % count]?.want(one.claim);
          check();
        }
        while (pot.running.length > 0) {
          pot.finish(0);
          check();
        }
        expect(accounts.flatMap(({ wanted }) => wanted)).toEqual([]);
      },
    ),
    { numRuns: 80 },
  );
});

test('accounts come and go while slots are out: never more than there are, and nothing is stranded', () => {
  const step = fc.oneof(
    fc.constant('join' as const),
    fc.record({ leaves: fc.nat() }),
    fc.record({ account: fc.nat(), claim }),
    fc.record({ ends: fc.nat() }),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 20 }),
      fc.array(step, { minLength: 20, maxLength: 150 }),
      (most, steps) => {
        const pot = new Pot(most);
        const accounts = accountsOf(pot, Math.min(most, 8));
        for (const one of steps) {
          if (one === 'join') accounts.push(new Hungry(pot));
          else if ('leaves' in one) {
            accounts.splice(one.leaves % Math.max(1, accounts.length), 1)[0]?.leave();
          } else if ('ends' in one) pot.finish(one.ends);
          else accounts[one.account % Math.max(1, accounts.length)]?.want(one.claim);
          expect(pot.running.length).toBeLessThanOrEqual(most);
        }
        while (pot.running.length > 0) pot.finish(0);
        expect(accounts.flatMap(({ wanted }) => wanted)).toEqual([]);
        // All of it is there again.
        const [one = new Hungry(pot)] = accounts;
        for (let account = accounts.length; account < most; account += 1) {
          accounts.push(new Hungry(pot));
        }
        one.want(...Array.from({ length: most + 1 }, () => 'read' as const));
        for (const other of accounts.filter((account) => account !== one)) other.want('read');
        expect(pot.running).toHaveLength(most);
      },
    ),
    { numRuns: 80 },
  );
});
