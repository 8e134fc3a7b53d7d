import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogIndex, type LoggedMessage, type RecordHead } from '../../src/store/nats-index.js';

const record: fc.Arbitrary<RecordHead> = fc
  .record({ key: fc.constantFrom('a', 'b'), isDeleted: fc.boolean() })
  .map(({ key, isDeleted }) => (isDeleted ? { key } : { key, size: 10 }));

/** One of the messages that can be deleted is, or is not, and the answer comes back, or does not. */
const deletion = fc.record({
  does: fc.constant('delete' as const),
  which: fc.nat(5),
  is: fc.constantFrom('done' as const, 'done, untold' as const, 'lost' as const),
});
const writing = fc.record({
  does: fc.constant('write' as const),
  records: fc.uniqueArray(record, { selector: ({ key }) => key, maxLength: 2 }),
  /** While it is under way. */
  meanwhile: fc.array(deletion, { maxLength: 2 }),
});
const step = fc.oneof(
  { weight: 4, arbitrary: writing },
  { weight: 4, arbitrary: deletion },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('copy' as const) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('open' as const) }) },
  // Somebody else takes the log, and reads so many messages before the next step.
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('read' as const), count: fc.nat(4) }),
  },
);

type Deletion = typeof deletion extends fc.Arbitrary<infer T> ? T : never;
type Writing = typeof writing extends fc.Arbitrary<infer T> ? T : never;

/** A log of which the messages are deleted by openers that may be deposed already. */
class Simulation {
  readonly #stored = new Map<number, LoggedMessage>();
  #sequence = 0;
  #index = new LogIndex({ lag_ms: 0 });
  readonly #former: number[] = [];
  readonly model = new Map<string, number>();
  #reader: { index: LogIndex; next: number; end: number } | undefined;

  write({ records, meanwhile }: Writing): void {
    // Who has taken the log lets nobody else write.
    if (this.#reader !== undefined) return;
    const message = this.#store(records);
    for (const one of meanwhile) this.delete(one);
    this.#index.applyOwn(message, this.#sequence);
    for (const { key, size } of records) {
      if (size === undefined) this.model.delete(key);
      else this.model.set(key, this.#sequence);
    }
  }

  copy(): void {
    if (this.#reader !== undefined) return;
    const [oldest] = this.#index.oldest(1);
    if (oldest === undefined || oldest.sequence === this.#sequence) return;
    const copies = oldest.keys.map((key) => {
      const revision = this.#index.find(key)?.revision;
      return { key, size: 10, ...(revision === undefined ? {} : { revision }) };
    });
    this.#index.applyOwn(this.#store(copies), this.#sequence);
  }

  delete({ which, is }: Deletion): void {
    const dead = this.#index.takeDead();
    const chosen = dead[which % dead.length];
    for (const sequence of dead) {
      if (sequence !== chosen || is !== 'done') this.#index.giveBack(sequence);
    }
    if (chosen !== undefined && is !== 'lost') this.#stored.delete(chosen);
    if (chosen !== undefined && is === 'done') this.#index.forget(chosen);
    // What a former opener had asked for may be done as late as this.
    const late = this.#former.shift();
    if (late !== undefined) this.#stored.delete(late);
  }

  read(count: number): void {
    this.#reader ??= this.#take();
    for (let read = 0; read < count; read += 1) this.#readOne();
  }

  open(): void {
    this.#reader ??= this.#take();
    while (this.#reader.next <= this.#reader.end) this.#readOne();
    this.#former.push(...this.#index.takeDead());
    this.#index = this.#reader.index;
    this.#reader = undefined;
    expect(held(this.#index)).toEqual(expected(this.model));
  }

  #take() {
    this.#store([]);
    return { index: new LogIndex({ lag_ms: 0 }), next: 1, end: this.#sequence };
  }

  #readOne(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    while (reader.next < reader.end && !this.#stored.has(reader.next)) reader.next += 1;
    const message = this.#stored.get(reader.next);
    if (message !== undefined) reader.index.apply(message);
    reader.next += 1;
  }

  #store(records: readonly RecordHead[]): LoggedMessage {
    this.#sequence += 1;
    const message = { sequence: this.#sequence, size: 100, records };
    this.#stored.set(this.#sequence, message);
    return message;
  }

  get newest(): LoggedMessage | undefined {
    return this.#stored.get(this.#sequence);
  }
}

describe('where in the log what is', () => {
  test('is found by whoever opens it, whatever was deleted, was not, or is while they read', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
        const log = new Simulation();
        for (const one of steps) {
          if (one.does === 'write') log.write(one);
          if (one.does === 'copy') log.copy();
          if (one.does === 'delete') log.delete(one);
          if (one.does === 'read') log.read(one.count);
          if (one.does === 'open') log.open();
        }
        log.open();
        expect(log.newest).toBeDefined();
      }),
      { numRuns: 600 },
    );
  });

  const put = { key: 'a', size: 10 };
  const writer = () => {
    const index = new LogIndex({ lag_ms: 0 });
    let sequence = 0;
    const write = (...records: RecordHead[]): number => {
      sequence += 1;
      index.applyOwn({ sequence, size: 100, records }, sequence);
      return sequence;
    };
    return { index, write };
  };

  test('a deletion stays as long as any older value of its key may exist', () => {
    const { index, write } = writer();
    const [older, newer] = [write(put), write(put)];
    write({ key: 'a' });
    expect(index.takeDead()).toEqual([older, newer]);
    index.forget(newer);
    for (let round = 0; round < 5; round += 1) write();
    expect(index.takeDead()).toEqual([4, 5, 6, 7]);
    index.forget(older);
    for (let round = 0; round < 3; round += 1) write();
    expect(index.takeDead()).toContain(3);
  });

  test('a deletion goes when a message is stored that was published after the value was gone', () => {
    const { index, write } = writer();
    write(put);
    write({ key: 'a' });
    write();
    index.takeDead();
    index.forget(1);
    write();
    // That one may have been under way already when the answer came.
    expect(index.takeDead()).not.toContain(2);
    write();
    expect(index.takeDead()).toContain(2);
  });

  test('a deletion stays while a replica may be behind', () => {
    const index = new LogIndex({ lag_ms: 1000 });
    const write = (sequence: number, now_ms: number, ...records: RecordHead[]): void => {
      index.applyOwn({ sequence, size: 100, records }, now_ms);
    };
    write(1, 0, put);
    write(2, 10, { key: 'a' });
    index.takeDead();
    index.forget(1);
    for (let more = 3; more < 50; more += 1) write(more, 1000 + more);
    expect(index.takeDead()).not.toContain(2);
    write(50, 2100);
    expect(index.takeDead()).toContain(2);
  });

  test('nothing is left of what is not needed, but the newest message', () => {
    const index = new LogIndex({ lag_ms: 0 });
    let sequence = 0;
    const existing = new Set<number>();
    const write = (...records: RecordHead[]): void => {
      sequence += 1;
      existing.add(sequence);
      index.applyOwn({ sequence, size: 100, records }, sequence);
      for (const dead of index.takeDead()) {
        existing.delete(dead);
        index.forget(dead);
      }
    };
    for (let round = 0; round < 100; round += 1) {
      write({ key: 'same', size: 10 });
      write({ key: `passing ${round}`, size: 10 }, { key: 'same', size: 10 });
      write({ key: `passing ${round}` });
    }
    for (let round = 0; round < 3; round += 1) write({ key: 'same', size: 10 });
    expect([...existing]).toEqual([sequence]);
    expect(index.list('', {})).toEqual(['same']);
  });
});

function held(index: LogIndex): [string, number | undefined][] {
  return index.list('', {}).map((key) => [key, index.find(key)?.revision]);
}

function expected(model: ReadonlyMap<string, number>): [string, number][] {
  return [...model].sort(([one], [other]) => (one < other ? -1 : 1));
}
