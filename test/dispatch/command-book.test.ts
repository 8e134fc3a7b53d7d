import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../src/daemon/clock.js';
import { openLevelStore } from '../../src/store/level-store.js';
import { tempDir } from '../support/temp-dir.js';
import { aBook, aCommand } from './a-book.js';
import { settle, useFakeClock } from './fake-clock.js';
import { MemoryStore } from './memory-store.js';

const clock = useFakeClock();
const hour = 3_600_000;

const statuses = (said: readonly { status: string }[]): string[] => said.map((one) => one.status);

test('accepted is said when it is stored, and not before', async () => {
  const store = new MemoryStore();
  const { book, said } = aBook(store, clock);
  store.mode = 'hangs';
  const accepted = book.accept(aCommand(clock, { id: 'mine' }));
  await vi.advanceTimersByTimeAsync(4000);
  expect(said).toEqual([]);
  store.goOn();
  await expect(accepted).resolves.toMatchObject({ phase: 'waiting' });
  expect(said).toMatchObject([{ id: 'mine', seq: 1, status: 'accepted', vehicle: 'car' }]);
});

test('a command without an id gets a UUIDv7', async () => {
  const { book, said } = aBook(new MemoryStore(), clock);
  await book.accept(aCommand(clock));
  expect(said[0]?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/);
});

test('what else belongs to it is in the same write', async () => {
  const store = new MemoryStore();
  const { book } = aBook(store, clock);
  await book.accept(
    aCommand(clock, { also: [{ type: 'put', key: 'mqtt/packet/7', value: { hash: 'x' } }] }),
  );
  expect(store.writes).toBe(1);
  expect(store.entries.get('mqtt/packet/7')).toEqual({ hash: 'x' });
});

test('a write that takes 5 s is not stored, never said, and undone when it lands', async () => {
  const store = new MemoryStore();
  const { book, said, journal } = aBook(store, clock);
  store.mode = 'hangs';
  const accepted = book.accept(aCommand(clock, { id: 'late' }));
  await vi.advanceTimersByTimeAsync(5000);
  await expect(accepted).resolves.toBeUndefined();
  expect(book.open.size).toBe(0);
  store.goOn();
  await settle();
  expect([said, store.keys('')]).toEqual([[], []]);
  await expect(book.statusOf('late', 'the same')).resolves.toEqual({ is: 'free' });
  await expect(journal.recover(clock.now(), hour)).resolves.toMatchObject({ open: [] });
});

test('a write that fails is not stored, and what it may have left is taken away', async () => {
  const store = new MemoryStore();
  const { book, said } = aBook(store, clock);
  store.mode = 'fails';
  await expect(book.accept(aCommand(clock))).resolves.toBeUndefined();
  const tried = store.writes;
  store.mode = 'works';
  await vi.advanceTimersByTimeAsync(1000);
  expect(store.writes).toBeGreaterThan(tried);
  expect([said, store.keys('')]).toEqual([[], []]);
});

test('a stop waits for what has to be undone', async () => {
  const store = new MemoryStore();
  const { book } = aBook(store, clock);
  store.mode = 'hangs';
  void book.accept(aCommand(clock));
  await vi.advanceTimersByTimeAsync(5000);
  const stopped = book.stop(10_000);
  store.goOn();
  await stopped;
  expect(store.keys('')).toEqual([]);
});

test('there is one ending, whoever else tries to end it', async () => {
  const { book, said } = aBook(new MemoryStore(), clock);
  const open = await book.accept(aCommand(clock));
  if (open === undefined) throw new Error('not accepted');
  book.end(open, 'succeeded', {});
  book.end(open, 'expired', {});
  await settle();
  book.end(open, 'failed', {});
  await settle();
  expect(statuses(said)).toEqual(['accepted', 'succeeded']);
});

test('an ending is tried until it is stored, and said only then', async () => {
  const store = new MemoryStore();
  const { book, said, journal } = aBook(store, clock);
  const open = await book.accept(aCommand(clock, { id: 'mine' }));
  if (open === undefined) throw new Error('not accepted');
  store.mode = 'fails';
  book.end(open, 'succeeded', {});
  await vi.advanceTimersByTimeAsync(60_000);
  expect(statuses(said)).toEqual(['accepted']);
  store.mode = 'works';
  await vi.advanceTimersByTimeAsync(8000);
  expect(statuses(said)).toEqual(['accepted', 'succeeded']);
  const { open: left, remembered } = await journal.recover(clock.now(), hour);
  expect(left).toEqual([]);
  expect(remembered).toMatchObject([{ id: 'mine', event: { status: 'succeeded' } }]);
});

test('an ending that was never stored is left to the next start', async () => {
  const store = new MemoryStore();
  const { book, said, journal } = aBook(store, clock);
  const open = await book.accept(aCommand(clock, { id: 'mine' }));
  if (open === undefined) throw new Error('not accepted');
  store.mode = 'fails';
  book.end(open, 'succeeded', {});
  const stopped = book.stop(2000);
  await vi.advanceTimersByTimeAsync(2000);
  await stopped;
  store.mode = 'works';
  await vi.advanceTimersByTimeAsync(60_000);
  expect(statuses(said)).toEqual(['accepted']);
  await expect(journal.recover(clock.now(), hour)).resolves.toMatchObject({
    open: [{ id: 'mine', event: { status: 'accepted' } }],
  });
});

test('the wake that is about to leave is in the journal', async () => {
  const store = new MemoryStore();
  const { book, journal } = aBook(store, clock);
  await book.accept(aCommand(clock, { id: 'mine' }));
  await book.markStarted(['mine', 'unknown']);
  await expect(journal.recover(clock.now(), hour)).resolves.toMatchObject({
    open: [{ id: 'mine', started: true }],
  });
  store.mode = 'fails';
  await expect(book.markStarted(['mine'])).rejects.toThrow('no');
});

test('how far a command has come is in the journal, until it ends', async () => {
  const store = new MemoryStore();
  const { book, journal } = aBook(store, clock);
  const open = await book.accept(aCommand(clock, { id: 'mine' }));
  if (open === undefined) throw new Error('not accepted');
  await book.checkpoint(open, { day: '2026-11-20' });
  await book.checkpoint(open, { day: '2026-11-21' });
  await expect(journal.recover(clock.now(), hour)).resolves.toMatchObject({
    open: [{ id: 'mine', checkpoint: { day: '2026-11-21' } }],
  });
  store.mode = 'fails';
  await expect(book.checkpoint(open, { day: '2026-11-22' })).rejects.toThrow('no');
  book.end(open, 'succeeded', {});
  store.mode = 'works';
  // Its ending is not stored yet: nothing of it may be in the record before.
  await book.checkpoint(open, { day: '2026-11-23' });
  await expect(journal.recover(clock.now(), hour)).resolves.toMatchObject({
    open: [{ id: 'mine', checkpoint: { day: '2026-11-21' }, event: { status: 'accepted' } }],
  });
});

test('who asked and each step are in the journal, of progress only the newest', async () => {
  const store = new MemoryStore();
  const { book, journal } = aBook(store, clock);
  const source = { via: 'mqtt', topic: 'bluelink/car/commands/refresh' } as const;
  const open = await book.accept(aCommand(clock, { id: 'mine', source }));
  if (open === undefined) throw new Error('not accepted');
  book.say(open, 'running', { attempt: 1 });
  const written = store.writes;
  book.say(open, 'progress', { done: 1, total: 3 });
  book.say(open, 'progress', { done: 2, total: 3 });
  book.replay(open.record, undefined);
  expect(store.writes).toBe(written);
  await book.checkpoint(open, { day: 2 });
  const stepsOf = async () => {
    const found = await journal.find(open.record.key);
    expect(found).toMatchObject({ source });
    return found?.steps.map(({ status, done }) => [status, done]);
  };
  expect(await stepsOf()).toEqual([
    ['accepted', undefined],
    ['running', undefined],
    ['progress', 2],
  ]);
  book.end(open, 'failed', { code: 'timeout', message: 'late', retryable: true });
  await settle();
  expect(await stepsOf()).toHaveLength(4);
  expect((await journal.find(open.record.key))?.steps.at(-1)).toMatchObject({
    status: 'failed',
    code: 'timeout',
    message: 'late',
  });
});

test('of very many steps the first and the newest are kept', async () => {
  const { book } = aBook(new MemoryStore(), clock);
  const open = await book.accept(aCommand(clock));
  if (open === undefined) throw new Error('not accepted');
  for (let attempt = 1; attempt <= 80; attempt += 1) book.say(open, 'running', { attempt });
  const { steps } = open.record;
  expect([steps.length, steps[0]?.status, steps.at(-1)?.attempt]).toEqual([50, 'accepted', 80]);
});

test('seq rises with every event, over replays and over a crash', async () => {
  const store = new MemoryStore();
  const first = aBook(store, clock);
  const open = await first.book.accept(aCommand(clock, { id: 'mine' }));
  if (open === undefined) throw new Error('not accepted');
  first.book.say(open, 'running', { attempt: 1 });
  first.book.replay(open.record, undefined);
  first.book.say(open, 'progress', {});

  // Killed: what was said since `accepted` is in no journal.
  const second = aBook(store, clock, 2);
  const recovered = await second.journal.recover(clock.now(), hour);
  const record = recovered.open[0];
  if (record === undefined) throw new Error('not recovered');
  const again = { ...open, record, phase: 'waiting' as const };
  second.book.restore([again], recovered.remembered);
  second.book.say(again, 'running', { attempt: 1 });
  second.book.end(again, 'succeeded', {});
  await settle();
  const third = aBook(store, clock, 3);
  third.book.restore([], (await third.journal.recover(clock.now(), hour)).remembered);
  for (let time = 0; time < 2; time += 1) {
    const status = await third.book.statusOf('mine', 'the same');
    if (status.is === 'same') third.book.replay(status.record, undefined);
  }
  const seqs = [...first.said, ...second.said, ...third.said].map((one) => one.seq);
  expect(seqs).toHaveLength(8);
  expect(seqs).toEqual([...new Set(seqs)].sort((one, other) => one - other));
});

test('the same command again gets its last event, to the new sender too', async () => {
  const { book, said } = aBook(new MemoryStore(), clock);
  const open = await book.accept(aCommand(clock, { id: 'mine' }));
  if (open === undefined) throw new Error('not accepted');
  const repeat = async (): Promise<void> => {
    const status = await book.statusOf('mine', 'the same');
    if (status.is === 'same') book.replay(status.record, { topic: 'answers' });
  };
  await repeat();
  book.say(open, 'running', { attempt: 1 });
  await repeat();
  book.end(open, 'failed', { code: 'vehicle_timeout', message: 'no answer', retryable: true });
  await settle();
  await repeat();
  await repeat();
  expect(
    said.map(({ status, replayed }) => `${status}${replayed === true ? ' again' : ''}`),
  ).toEqual([
    ...['accepted', 'accepted again', 'running', 'running again'],
    ...['failed', 'failed again', 'failed again'],
  ]);
  expect(said.at(-1)).toMatchObject({ code: 'vehicle_timeout' });
});

test('an ending that is not stored yet is told to who asks again when it is', async () => {
  const store = new MemoryStore();
  const { book, said } = aBook(store, clock);
  const open = await book.accept(aCommand(clock, { id: 'mine' }));
  if (open === undefined) throw new Error('not accepted');
  store.mode = 'fails';
  book.end(open, 'succeeded', {});
  await settle();
  book.replay(open.record, undefined);
  await settle();
  expect(statuses(said)).toEqual(['accepted']);
  store.mode = 'works';
  await vi.advanceTimersByTimeAsync(1000);
  expect(statuses(said)).toEqual(['accepted', 'succeeded', 'succeeded']);
  expect(said[2]).toMatchObject({ replayed: true });
  const seqs = said.map(({ seq }) => seq);
  expect(seqs).toEqual([...seqs].sort((one, other) => one - other));
});

test('an id with another command is reused; after an hour it is free', async () => {
  const { book } = aBook(new MemoryStore(), clock);
  const open = await book.accept(aCommand(clock, { id: 'mine' }));
  await expect(book.statusOf('mine', 'another')).resolves.toEqual({ is: 'reused' });
  if (open !== undefined) book.end(open, 'succeeded', {});
  await settle();
  await vi.advanceTimersByTimeAsync(hour - 1);
  await expect(book.statusOf('mine', 'another')).resolves.toEqual({ is: 'reused' });
  await expect(book.statusOf('mine', 'the same')).resolves.toMatchObject({ is: 'same' });
  await vi.advanceTimersByTimeAsync(2);
  await expect(book.statusOf('mine', 'another')).resolves.toEqual({ is: 'free' });
});

test('an id of our own making is known to who sends it', async () => {
  const { book, said } = aBook(new MemoryStore(), clock);
  const open = await book.accept(aCommand(clock));
  if (open !== undefined) book.end(open, 'succeeded', {});
  await settle();
  const id = said[0]?.id ?? '';
  await expect(book.statusOf(id, 'the same')).resolves.toMatchObject({ is: 'same' });
  await expect(book.statusOf(id, 'another')).resolves.toEqual({ is: 'reused' });
});

test('claims of one id come one after another, also behind one that throws', async () => {
  const { book } = aBook(new MemoryStore(), clock);
  const events: string[] = [];
  const admission = (name: string, throws = false) =>
    book.claim('same', async () => {
      events.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 10));
      events.push(`${name} ends`);
      if (throws) throw new Error(name);
    });
  const [first, second] = [admission('first', true), admission('second')];
  const failed = expect(first).rejects.toThrow('first');
  await vi.advanceTimersByTimeAsync(15);
  const third = admission('third');
  void book.claim('other', () => Promise.resolve(events.push('other')));
  await vi.advanceTimersByTimeAsync(100);
  await Promise.all([failed, second, third]);
  expect(events).toEqual([
    ...['first begins', 'first ends', 'second begins', 'other'],
    ...['second ends', 'third begins', 'third ends'],
  ]);
});

test('on the real store: many commands end once each, and a second start knows them all', async () => {
  vi.useRealTimers();
  const folder = await tempDir();
  const store = await openLevelStore(folder);
  const { book, said, delivered, journal } = aBook(store, systemClock);
  const ids = Array.from({ length: 50 }, (_, index) => `command-${String(index)}`);
  const opened = await Promise.all(
    ids.map((id) => book.claim(id, () => book.accept(aCommand(systemClock, { id })))),
  );
  for (const open of opened.slice(0, 40)) {
    if (open !== undefined) book.end(open, 'succeeded', {});
  }
  await book.stop(10_000);
  expect(said.filter(({ status }) => status === 'succeeded')).toHaveLength(40);
  for (const parcel of delivered.slice(0, 50)) journal.delivered(parcel);
  await store.close();

  const reopened = await openLevelStore(folder);
  onTestFinished(() => reopened.close());
  const second = aBook(reopened, systemClock, 2);
  const recovered = await second.journal.recover(systemClock.now(), hour);
  expect(recovered.open.map(({ id }) => id).sort()).toEqual(ids.slice(40).sort());
  expect(recovered.remembered.map(({ id }) => id).sort()).toEqual(ids.slice(0, 40).sort());
  expect(recovered.parcels.map(({ messages }) => messages)).toEqual(
    delivered.slice(50).map(({ messages }) => messages),
  );
  second.book.restore([], recovered.remembered);
  await expect(second.book.statusOf('command-3', 'the same')).resolves.toMatchObject({
    is: 'same',
    record: { event: { status: 'succeeded' } },
  });
});
