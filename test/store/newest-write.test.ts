import { expect, onTestFinished, test, vi } from 'vitest';
import { createNewestWrite } from '../../src/store/newest-write.js';
import { settle, useFakeClock } from '../dispatch/fake-clock.js';
import { MemoryStore } from '../dispatch/memory-store.js';

useFakeClock();

function aWrite() {
  const store = new MemoryStore();
  const closed = new AbortController();
  const onTrouble = vi.fn();
  const write = createNewestWrite<string>({
    put: (value) => store.put('key', value),
    retry: { initial_ms: 1000, factor: 2, max_ms: 8000, jitter: 0 },
    onTrouble,
    signal: closed.signal,
  });
  onTestFinished(() => {
    closed.abort();
  });
  return { store, write, closed, onTrouble, stored: () => store.entries.get('key') };
}

test('what is written is on the disk when it resolves', async () => {
  const { write, stored, onTrouble } = aWrite();
  await write('one');
  expect(stored()).toBe('one');
  expect(onTrouble).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test('a full disk holds up nobody, and what could not be written is when there is room again', async () => {
  const { store, write, stored, onTrouble } = aWrite();
  store.mode = 'fails';
  await write('one');
  expect(onTrouble).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(7000);
  expect(onTrouble).toHaveBeenCalledTimes(4);
  store.mode = 'works';
  await vi.advanceTimersByTimeAsync(8000);
  expect(stored()).toBe('one');
});

test('an older value never comes behind a newer one', async () => {
  const { store, write, stored } = aWrite();
  store.mode = 'fails';
  await write('one');
  await write('two');
  store.mode = 'works';
  await write('three');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(stored()).toBe('three');
  expect(store.writes).toBe(3);
});

test('a disk that does not answer is not waited for longer than five seconds', async () => {
  const { store, write, stored } = aWrite();
  store.mode = 'hangs';
  let isThrough = false;
  void write('one').then(() => {
    isThrough = true;
  });
  await vi.advanceTimersByTimeAsync(4999);
  expect(isThrough).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(isThrough).toBe(true);
  store.goOn();
  expect(stored()).toBe('one');
});

test('after the end nothing is tried any more', async () => {
  const { store, write, closed } = aWrite();
  store.mode = 'fails';
  await write('one');
  closed.abort();
  await settle();
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(store.writes).toBe(1);
});
