import { describe, expect, test, vi } from 'vitest';
import { BridgeCommands, type ForBridge } from '../../src/dispatch/bridge-commands.js';
import type { OpenCommand } from '../../src/dispatch/command-book.js';
import type { Write } from '../../src/store/store.js';
import type { RefreshAllCommand } from '../../src/vehicle/bridge-command.js';
import { failure, type Failure } from '../../src/vehicle/outcome.js';
import { aBook } from './a-book.js';
import { settle, useFakeClock } from './fake-clock.js';
import { MemoryStore } from './memory-store.js';

const clock = useFakeClock();

interface Options {
  readonly allow?: readonly string[];
  readonly refusal?: Failure;
  readonly store?: MemoryStore;
  readonly boot?: number;
}

/** The commands to the bridge, with the job in the hands of the test. */
function aBridge({ allow, refusal, store = new MemoryStore(), boot }: Options = {}) {
  const { book, journal, said } = aBook(store, clock, boot);
  const started: { readonly open: OpenCommand; readonly command: RefreshAllCommand }[] = [];
  const unwanted = vi.fn();
  const commands = new BridgeCommands<Write>({
    clock,
    book,
    allow,
    accounts: () => ['home'],
    find: () => 'unknown_id',
    cancel: () => 'unknown_id',
    clearQueue: unwanted,
    resetBreaker: unwanted,
    setLogLevel: unwanted,
    setPolling: () => Promise.resolve(),
    announce: unwanted,
    otp: unwanted,
    refreshAll: {
      refusal: () => refusal,
      start: (open, command) => {
        started.push({ open, command });
      },
      cars: () => 3,
    },
    expiresIn_ms: { cached: 600_000, force: 300_000, smart: 600_000 },
    reject: (event) => {
      said.push(event);
    },
  });
  const send = async (payload: unknown, more: Partial<ForBridge<Write>> = {}): Promise<void> => {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    await commands.handle({
      name: 'refresh_all',
      payload: Buffer.from(text),
      retained: false,
      received_at: clock.now(),
      received: clock.monotonic(),
      response: undefined,
      also: [],
      ...more,
    });
    await settle();
  };
  return { book, journal, said, started, send, store, commands };
}

/** The next start on the same journal. */
async function restarted(before: ReturnType<typeof aBridge>) {
  const next = aBridge({ store: before.store, boot: 2 });
  const { open, remembered } = await next.journal.recover(clock.now(), 3_600_000);
  next.commands.restore(open, remembered);
  await settle();
  return next;
}

test('it is accepted with the value of a refresh, and handed to its lane', async () => {
  const bridge = aBridge();
  await bridge.send({ id: 'all', value: 'smart', max_age: 60 });
  expect(bridge.said).toMatchObject([{ id: 'all', status: 'accepted', value: 'smart:60' }]);
  expect(bridge.started).toMatchObject([
    { open: { record: { id: 'all' } }, command: { mode: 'smart', max_age_s: 60 } },
  ]);
});

test('the expiry is that of the refresh that it makes of each car', async () => {
  const bridge = aBridge();
  const issued_at = new Date(clock.now() - 301_000).toISOString();
  await bridge.send({ value: 'force', issued_at });
  await bridge.send({ value: 'cached', issued_at });
  expect(bridge.said.map(({ status }) => status)).toEqual(['expired', 'accepted']);
});

test('a dry run says how many cars it would read, and reads none', async () => {
  const bridge = aBridge();
  await bridge.send({ id: 'dry', value: 'cached', dry_run: true });
  expect(bridge.said.at(-1)).toMatchObject({ status: 'succeeded', dry_run: true, total: 3 });
  expect(bridge.started).toEqual([]);
});

test.each(['busy', 'not_ready'] as const)('%s it is rejected', async (code) => {
  const bridge = aBridge({ refusal: failure(code, 'the test says no') });
  await bridge.send('cached');
  expect(bridge.said).toMatchObject([{ seq: 0, status: 'rejected', code }]);
  expect(bridge.started).toEqual([]);
});

test.each([
  [['refresh'], false],
  [['refresh_all:cached'], false],
  [['refresh_all:force'], true],
  [['refresh_all'], true],
])('with the list %j force is allowed: %s', async (allow, isAllowed) => {
  const bridge = aBridge({ allow });
  await bridge.send('force');
  expect(bridge.started).toHaveLength(isAllowed ? 1 : 0);
});

describe('after a restart', () => {
  test('it goes on, however late once it had begun', async () => {
    const bridge = aBridge();
    await bridge.send({ id: 'all', value: 'cached' });
    await bridge.book.markStarted(['all']);
    await vi.advanceTimersByTimeAsync(86_400_000);
    const next = await restarted(bridge);
    expect(next.started).toMatchObject([{ open: { record: { id: 'all' } } }]);
    expect(next.said).toEqual([]);
  });

  test('what had not begun runs if it is not late, else it expires', async () => {
    const bridge = aBridge();
    await bridge.send({ id: 'all', value: 'cached' });
    expect((await restarted(bridge)).started).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(600_000);
    const late = await restarted(bridge);
    expect([late.started.length, late.said.at(-1)?.status]).toEqual([0, 'expired']);
  });
});
