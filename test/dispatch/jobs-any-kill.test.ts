import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTripStore } from '../../src/store/trip-store.js';
import type { Entry, Store, Write } from '../../src/store/store.js';
import { isEnding } from '../../src/vehicle/life-cycle.js';
import type { TripsCommand } from '../../src/vehicle/remote-command.js';
import { aJobLane, tripsAnswer } from './a-job-lane.js';
import { settle, useFakeClock } from './fake-clock.js';
import { MemoryStore } from './memory-store.js';

const clock = useFakeClock();

/** What happens to a life at its last step: nothing of it, or all but the news of it. */
interface Kill {
  readonly step: number;
  readonly lands: boolean;
}

/** One life of a daemon: at its last step it is killed, and nothing that it began goes on. */
class Life implements Store {
  readonly #store: MemoryStore;
  readonly #kill: Kill | undefined;
  #steps = 0;
  isOver = false;

  constructor(store: MemoryStore, kill: Kill | undefined) {
    this.#store = store;
    this.#kill = kill;
  }

  /** One step towards the outside: a write, or a call. */
  step<T>(work: () => Promise<T>): Promise<T> {
    if (this.isOver) return never();
    this.#steps += 1;
    if (this.#steps !== this.#kill?.step) return work();
    this.isOver = true;
    if (this.#kill.lands) void work();
    return never();
  }

  get(key: string): Promise<Entry | undefined> {
    return this.isOver ? never() : this.#store.get(key);
  }

  list(prefix: string): Promise<Entry[]> {
    return this.isOver ? never() : this.#store.list(prefix);
  }

  put(key: string, value: unknown): Promise<void> {
    return this.batch([{ type: 'put', key, value }]);
  }

  putIf(): Promise<boolean> {
    throw new Error('no job writes so');
  }

  batch(writes: readonly Write[]): Promise<void> {
    return this.step(() => this.#store.batch(writes));
  }

  later(writes: readonly Write[]): void {
    if (!this.isOver) this.#store.later(writes);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => undefined);
}

const months = ['2026-07', '2026-08', '2026-09'];
const command: TripsCommand = { name: 'trips', from: '2026-07', to: '2026-09' };

const day = fc
  .tuple(fc.constantFrom(...months), fc.integer({ min: 1, max: 28 }))
  .map(([month, number]) => `${month}-${String(number).padStart(2, '0')}`);

test('killed anywhere, every call is made once but the last of each life, and all is there in the end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(day, { maxLength: 8 }),
      fc.array(fc.record({ step: fc.integer({ min: 1, max: 25 }), lands: fc.boolean() }), {
        maxLength: 5,
      }),
      async (driven, kills) => {
        const store = new MemoryStore();
        const callsByLife: string[][] = [];
        const said: string[] = [];
        let isOpen = false;

        for (const [index, kill] of [...kills, undefined].entries()) {
          const life = new Life(store, kill);
          const calls: string[] = [];
          const lane = aJobLane(clock, {
            store: life,
            boot: index + 1,
            answer: (period) =>
              life.step(() => {
                calls.push(period);
                return Promise.resolve(tripsAnswer(period, driven));
              }),
          });
          if (isOpen) void lane.resume();
          else void lane.start('job', command);
          while (!life.isOver && lane.ending('job') === undefined) {
            const { length } = lane.said;
            await settle();
            // An ending that was said in an earlier life is not said again.
            if (isOpen && lane.said.length === length && store.keys('/open/').length === 0) break;
          }
          await settle();
          isOpen = store.keys('/journal/').length > 0;
          callsByLife.push(calls);
          said.push(...lane.said.map((event) => `${String(event.seq)} ${event.status}`));
        }

        for (const [index, calls] of callsByLife.entries()) {
          const earlier = callsByLife.slice(0, index).flat();
          const lastBefore = callsByLife.slice(0, index).findLast(({ length }) => length > 0);
          expect(new Set(calls).size).toBe(calls.length);
          const twice = calls.filter((period) => earlier.includes(period));
          expect(twice.length === 0 || twice.join() === lastBefore?.at(-1)).toBe(true);
        }
        expect(new Set(callsByLife.flat())).toEqual(new Set([...months, ...driven]));

        const stored = await createTripStore(store, 'home').all();
        const days = stored.flatMap(({ month }) => month.days);
        expect(days.map(({ date }) => date)).toEqual(driven.toSorted());
        expect(days.every(({ list }) => list?.length === 2)).toBe(true);

        const records = store.keys('/journal/').map((key) => store.entries.get(key));
        const total = months.length + driven.length;
        expect(records).toMatchObject([{ event: { status: 'succeeded', done: total, total } }]);
        const numbers = said.map((line) => Number(line.split(' ')[0]));
        expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other));
        const endings = said.filter((line) => isEnding({ status: statusOf(line) }));
        expect(endings.length).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: 300 },
  );
});

function statusOf(line: string) {
  return line.split(' ')[1] as Parameters<typeof isEnding>[0]['status'];
}
