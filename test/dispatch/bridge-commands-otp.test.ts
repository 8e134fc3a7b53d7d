import { expect, test, vi } from 'vitest';
import { BridgeCommands, type ForBridge } from '../../src/dispatch/bridge-commands.js';
import type { Write } from '../../src/store/store.js';
import type { CodeStep } from '../../src/vehicle/bridge-command.js';
import { failure, type Failure } from '../../src/vehicle/outcome.js';
import { aBook } from './a-book.js';
import { settle, useFakeClock } from './fake-clock.js';
import { MemoryStore } from './memory-store.js';
import { later } from './outcomes.js';

const clock = useFakeClock();
const code = '918273';

interface Step {
  readonly account: string;
  readonly step: CodeStep;
  readonly end: (reason?: Failure) => Promise<void>;
}

interface Options {
  readonly accounts?: readonly string[];
  readonly allow?: readonly string[];
  readonly store?: MemoryStore;
  readonly boot?: number;
}

/** The commands to the bridge, with accounts whose code steps the test ends. */
function aBridge({ accounts = ['home'], allow, store = new MemoryStore(), boot }: Options = {}) {
  const { book, journal, said } = aBook(store, clock, boot);
  const steps: Step[] = [];
  const resetBreaker = vi.fn();
  const commands = new BridgeCommands<Write>({
    clock,
    book,
    allow,
    accounts: () => accounts,
    resetBreaker,
    find: () => 'unknown_id',
    cancel: () => 'unknown_id',
    clearQueue: () => undefined,
    setLogLevel: () => undefined,
    setPolling: () => Promise.resolve(),
    announce: () => undefined,
    refreshAll: { refusal: () => undefined, start: () => undefined, cars: () => 0 },
    expiresIn_ms: { cached: 600_000, force: 300_000, smart: 600_000 },
    otp: (account, step) => {
      const taken = later<Failure | undefined>();
      const end = async (reason?: Failure): Promise<void> => {
        taken.keep(reason);
        await settle();
      };
      steps.push({ account, step, end });
      return taken.promise;
    },
    reject: (event) => {
      said.push(event);
    },
  });
  const send = async (payload: unknown, more: Partial<ForBridge<Write>> = {}, name = 'otp') => {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    await commands.handle({
      name,
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
  return { book, journal, said, steps, store, commands, resetBreaker, send };
}

function everythingIn({ store, said }: ReturnType<typeof aBridge>): string {
  return JSON.stringify([[...store.entries], said]);
}

test('a code that is asked for and handed over has the life of a command, and no value', async () => {
  const bridge = aBridge();
  await bridge.send({ id: 'one', account: 'home', method: 'email' });
  expect(bridge.steps).toMatchObject([{ account: 'home', step: { method: 'email' } }]);
  await bridge.steps[0]?.end();
  await bridge.send({ id: 'two', code });
  expect(bridge.steps[1]).toMatchObject({ account: 'home', step: { code } });
  await bridge.steps[1]?.end(failure('otp_required', 'the code was not accepted'));
  expect(bridge.said.map(({ id, status }) => `${id} ${status}`)).toEqual([
    ...['one accepted', 'one running', 'one succeeded'],
    ...['two accepted', 'two running', 'two failed'],
  ]);
  expect(bridge.said.at(-1)).toMatchObject({ code: 'otp_required', command: 'otp', vehicle: null });
  expect(bridge.said.filter((event) => event.value !== undefined)).toEqual([]);
  expect(everythingIn(bridge)).not.toContain(code);
});

test.each(['email', '918273'])(
  'the bare word %s is enough where there is one account',
  async (word) => {
    const bridge = aBridge();
    await bridge.send(word);
    expect(bridge.steps).toMatchObject([{ account: 'home' }]);
    expect(everythingIn(bridge)).not.toContain(code);
  },
);

test.each([
  ['one of two is meant', ['home', 'work'], { code }, 'got nothing'],
  ['there is none of this name', ['home'], { account: 'other', code }, 'got something else'],
  [
    'the code stands in the wrong place',
    ['home'],
    { account: code, method: 'email' },
    'got something else',
  ],
])('where %s it is rejected and nothing is kept of it', async (_, accounts, payload, got) => {
  const bridge = aBridge({ accounts });
  await bridge.send({ id: 'mine', ...payload });
  expect(bridge.said).toMatchObject([
    { id: 'mine', seq: 0, status: 'rejected', code: 'invalid_payload' },
  ]);
  expect(bridge.said[0]?.message).toMatch(new RegExp(`^account: expected one of home.*, ${got}$`));
  expect([bridge.steps, bridge.store.writes]).toEqual([[], 0]);
  expect(everythingIn(bridge)).not.toContain(code);
});

test('of two accounts the one that is named is meant', async () => {
  const bridge = aBridge({ accounts: ['home', 'work'] });
  await bridge.send({ account: 'work', code });
  expect(bridge.steps).toMatchObject([{ account: 'work', step: { code } }]);
});

test('a dry run sends nothing', async () => {
  const bridge = aBridge();
  await bridge.send({ code, dry_run: true });
  expect(bridge.steps).toEqual([]);
  expect(bridge.said.at(-1)).toMatchObject({ status: 'succeeded', dry_run: true });
  expect(everythingIn(bridge)).not.toContain(code);
});

test('a dry run for an account that does not exist is rejected', async () => {
  const bridge = aBridge();
  await bridge.send({ account: 'other', code, dry_run: true });
  expect(bridge.said).toMatchObject([{ status: 'rejected', code: 'invalid_payload' }]);
});

test.each([
  ['not allowed', { allow: ['refresh'] }, {}, { status: 'rejected', code: 'not_allowed' }],
  ['retained', {}, { retained: true }, { status: 'rejected', code: 'retained' }],
  ['expired at the broker', {}, { messageExpiry_s: 0 }, { status: 'expired' }],
] as const)('one that is %s sends nothing', async (_, options, more, answer) => {
  const bridge = aBridge(options);
  await bridge.send({ code }, more);
  expect(bridge.said).toMatchObject([answer]);
  expect(bridge.steps).toEqual([]);
  expect(everythingIn(bridge)).not.toContain(code);
});

test('one that is meant for yesterday is not sent', async () => {
  const bridge = aBridge();
  await bridge.send({ code, issued_at: '2026-11-21T10:00:00Z' });
  expect(bridge.said).toMatchObject([{ status: 'expired' }]);
  expect(bridge.steps).toEqual([]);
});

test('one that cannot be stored is not sent', async () => {
  const bridge = aBridge();
  bridge.store.mode = 'fails';
  await bridge.send({ code });
  expect(bridge.said).toMatchObject([{ status: 'rejected', code: 'not_stored' }]);
  expect(bridge.steps).toEqual([]);
  bridge.store.mode = 'works';
});

test('the same id again is not sent again, whether it runs or has ended', async () => {
  const bridge = aBridge();
  await bridge.send({ id: 'mine', code });
  await bridge.send({ id: 'mine', code });
  await bridge.steps[0]?.end();
  await bridge.send({ id: 'mine', code });
  expect(bridge.steps).toHaveLength(1);
  const replayed = bridge.said.filter((event) => event.replayed === true);
  expect(replayed.map(({ status }) => status)).toEqual(['running', 'succeeded']);
});

test('the id of the request is not the id of the code, in this start and the next', async () => {
  const bridge = aBridge();
  await bridge.send({ id: 'mine', method: 'email' });
  await bridge.steps[0]?.end();
  await bridge.send({ id: 'mine', code });
  expect(bridge.said.at(-1)).toMatchObject({ status: 'rejected', code: 'id_reused' });

  const { store } = bridge;
  const next = aBridge({ store, boot: 2 });
  const { open, remembered } = await next.journal.recover(clock.now(), 3_600_000);
  next.commands.restore(open, remembered);
  await next.send({ id: 'mine', code });
  expect(next.said.at(-1)).toMatchObject({ status: 'rejected', code: 'id_reused' });
  expect(next.steps).toEqual([]);
});

test('a step that a crash left open is not sent again, and ends', async () => {
  const bridge = aBridge();
  await bridge.send({ id: 'mine', code });
  const next = aBridge({ store: bridge.store, boot: 2 });
  const { open, remembered } = await next.journal.recover(clock.now(), 3_600_000);
  next.commands.restore(open, remembered);
  await settle();
  expect(next.said).toMatchObject([{ id: 'mine', status: 'failed', code: 'interrupted' }]);
  expect(next.steps).toEqual([]);
  expect(everythingIn(next)).not.toContain(code);
});

test('what runs at the stop is awaited', async () => {
  const bridge = aBridge();
  await bridge.send({ code });
  let isQuiet = false;
  void bridge.commands.quiet(2000).then(() => {
    isQuiet = true;
  });
  await vi.advanceTimersByTimeAsync(1999);
  expect(isQuiet).toBe(false);
  await bridge.steps[0]?.end();
  expect(isQuiet).toBe(true);
  expect(bridge.said.at(-1)).toMatchObject({ status: 'succeeded' });
});

test('what hangs at the stop is awaited for as long as it has a grace', async () => {
  const bridge = aBridge();
  await bridge.send({ code });
  const quiet = bridge.commands.quiet(2000);
  await vi.advanceTimersByTimeAsync(2000);
  await expect(quiet).resolves.toBeUndefined();
});

test('a breaker of no account is rejected before it is stored', async () => {
  const bridge = aBridge();
  await bridge.send('elsewhere', {}, 'reset_breaker');
  expect(bridge.said).toMatchObject([{ status: 'rejected', code: 'invalid_payload' }]);
  expect(bridge.store.writes).toBe(0);
  await bridge.send('all', {}, 'reset_breaker');
  await bridge.send('HOME', {}, 'reset_breaker');
  expect(bridge.resetBreaker.mock.calls).toEqual([['all'], ['home']]);
});
