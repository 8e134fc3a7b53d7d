import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createBridgeApi } from '../src/bridge-api.js';
import { systemClock as clock } from '../src/daemon/clock.js';
import { BridgeCommands } from '../src/dispatch/bridge-commands.js';
import { CommandHistory } from '../src/dispatch/command-history.js';
import { LiveEvents } from '../src/http/live-events.js';
import type { Write } from '../src/store/store.js';
import type { LifeCycleEvent } from '../src/vehicle/life-cycle.js';
import { failure, type Failure } from '../src/vehicle/outcome.js';
import { aBook } from './dispatch/a-book.js';
import { MemoryStore } from './dispatch/memory-store.js';
import { later } from './dispatch/outcomes.js';

const code = '918273';
const at = '2026-11-22T10:15:00.123Z';
const theJournalled: LifeCycleEvent = {
  ...{ schema: 1, id: 'journalled', seq: 3, vehicle: null, command: 'announce' },
  ...{ status: 'succeeded', at },
};

/** The bridge's own commands behind the API, with one account whose code steps the test ends. */
function anApi() {
  const store = new MemoryStore();
  const history = new CommandHistory();
  const note = (event: LifeCycleEvent): void => {
    history.note(event);
  };
  const { book } = aBook(store, clock, 1, note);
  const steps: ((reason?: Failure) => void)[] = [];
  const ownCommands = new BridgeCommands<Write>({
    clock,
    book,
    allow: undefined,
    accounts: () => ['home'],
    find: () => 'unknown_id',
    cancel: () => 'unknown_id',
    clearQueue: () => undefined,
    resetBreaker: () => undefined,
    setLogLevel: () => undefined,
    setPolling: () => Promise.resolve(),
    announce: () => undefined,
    refreshAll: { refusal: () => undefined, start: () => undefined, cars: () => 0 },
    expiresIn_ms: { cached: 600_000, force: 300_000, smart: 600_000 },
    otp: () => {
      const taken = later<Failure | undefined>();
      steps.push(taken.keep);
      return taken.promise;
    },
    reject: note,
  });
  const api = createBridgeApi({
    clock,
    accounts: () => [],
    take: (asked) => ownCommands.handle(asked),
    health: () => ({ ok: true }),
    readiness: () => ({ ok: true }),
    registry: new Registry(),
    live: new LiveEvents(),
    history,
    state: { document: {} },
    audit: {
      page: () => Promise.resolve({ commands: [], cursor: null }),
      events: (id) => Promise.resolve(id === 'journalled' ? [theJournalled] : undefined),
    },
  });
  const command = (payload: unknown, name = 'otp'): Promise<LifeCycleEvent> =>
    api.command(
      'bridge',
      name,
      Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
    );
  const statuses = async (id: string) => (await api.events(id))?.map(({ status }) => status);
  return { api, store, history, steps, command, statuses };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test.each([code, '{"code":"918273"}'])(
  '%s is accepted under an id of the bridge',
  async (payload) => {
    const { command, statuses, steps, api } = anApi();
    const answer = await command(payload);
    expect(answer).toMatchObject({ status: 'accepted', seq: 1 });
    await turn();
    steps[0]?.(failure('otp_required', 'the code was not accepted'));
    await turn();
    expect(await statuses(answer.id)).toEqual(['accepted', 'running', 'failed']);
    expect(JSON.stringify(await api.events(answer.id))).not.toContain(code);
  },
);

test('a command that is done at once is answered with its beginning, and its end is known', async () => {
  const { command, statuses } = anApi();
  const answer = await command({ id: 'mine' }, 'announce');
  expect(answer).toMatchObject({ id: 'mine', status: 'accepted' });
  await turn();
  expect(await statuses('mine')).toEqual(['accepted', 'succeeded']);
});

test.each([
  ['no JSON', '{"code":', 'invalid_payload'],
  ['an id that is none', { id: 'not an id', code }, 'invalid_payload'],
  ['an id that is a number', { id: 7, code }, 'invalid_payload'],
  ['no step', {}, 'invalid_payload'],
  ['another account', { account: 'other', code }, 'invalid_payload'],
])('%s is rejected, without the code', async (_, payload, expected) => {
  const { command, steps, store } = anApi();
  const answer = await command(payload);
  expect(answer).toMatchObject({ status: 'rejected', code: expected, seq: 0 });
  expect(JSON.stringify(answer)).not.toContain(code);
  expect([steps, store.writes]).toEqual([[], 0]);
});

test('a name that no command has is rejected', async () => {
  expect(await anApi().command({}, 'frobnicate')).toMatchObject({ code: 'unknown_command' });
});

test('two that come at once with the same id are one command: the second hears what was said last', async () => {
  const { command, steps } = anApi();
  const answers = await Promise.all([command({ id: 'mine', code }), command({ id: 'mine', code })]);
  expect(answers[0]).toMatchObject({ status: 'accepted', seq: 1 });
  expect(answers[1]).toMatchObject({ status: 'running', replayed: true });
  expect(steps).toHaveLength(1);
});

test('two that come at once with the same id and differ: the second is rejected', async () => {
  const { command, statuses } = anApi();
  const [first, second] = await Promise.all([
    command({ id: 'mine', code }),
    command({ id: 'mine', method: 'email' }),
  ]);
  expect(first).toMatchObject({ status: 'accepted' });
  expect(second).toMatchObject({ id: 'mine', status: 'rejected', code: 'id_reused' });
  expect(await statuses('mine')).toEqual(['accepted', 'running']);
});

test('one whose ending is being stored is answered with what was said before', async () => {
  const { command, steps, store, statuses } = anApi();
  await command({ id: 'mine', code });
  store.mode = 'hangs';
  steps[0]?.();
  await turn();
  expect(await command({ id: 'mine', code })).toMatchObject({
    id: 'mine',
    status: 'running',
    replayed: true,
  });
  store.goOn();
  await turn();
  expect(await statuses('mine')).toEqual(['accepted', 'running', 'succeeded', 'succeeded']);
});

test("the answer is never that of a car's command of the same id", async () => {
  const { command, history } = anApi();
  const event = { schema: 1, id: 'mine', vehicle: 'car', command: 'refresh' } as const;
  const at = new Date().toISOString();
  history.note({ ...event, at, seq: 1, status: 'accepted' });
  const answered = command({ id: 'mine', code });
  history.note({ ...event, at, seq: 2, status: 'running' });
  expect(await answered).toMatchObject({ vehicle: null, command: 'otp', status: 'accepted' });
});

test('what cannot be stored is rejected', async () => {
  const { command, steps, store } = anApi();
  store.mode = 'fails';
  expect(await command({ code })).toMatchObject({ status: 'rejected', code: 'not_stored' });
  expect(steps).toEqual([]);
  store.mode = 'works';
});

test('what was said before the last restart is known from the journal', async () => {
  const { api } = anApi();
  expect(await api.events('journalled')).toEqual([theJournalled]);
  expect(await api.events('another')).toBeUndefined();
});
