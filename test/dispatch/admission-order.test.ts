import { expect, test } from 'vitest';
import type { ForVehicle } from '../../src/dispatch/admissions.js';
import { failure } from '../../src/vehicle/outcome.js';
import type { Write } from '../../src/store/store.js';
import { anAccount, type AccountOptions } from './an-account.js';
import { settle, useFakeClock } from './fake-clock.js';
import { MemoryStore } from './memory-store.js';
import { aFailure } from './outcomes.js';

const clock = useFakeClock();

/** One thing that is wrong with a command, and what is said to it. */
interface Fault {
  readonly name: string;
  readonly answer: string;
  readonly more?: Partial<ForVehicle<Write>>;
  readonly payload?: Record<string, unknown>;
  readonly options?: AccountOptions;
  readonly before?: (account: ReturnType<typeof anAccount>) => Promise<void>;
}

/** In the contract's order. What nobody can yet do (supported, guards) is left out. */
const faults: Fault[] = [
  { name: 'retained', answer: 'retained', more: { retained: true } },
  { name: 'an unknown name', answer: 'unknown_command', more: { name: 'fly' } },
  { name: 'a bad payload', answer: 'invalid_payload', payload: { speed: 3 } },
  {
    name: 'an id of another command',
    answer: 'id_reused',
    payload: { id: 'taken' },
    before: (account) => account.send({ value: 'cached', id: 'taken' }),
  },
  { name: 'not allowed', answer: 'not_allowed', options: { allow: [['lock']] } },
  { name: 'too late', answer: 'expired', more: { messageExpiry_s: 0 } },
  {
    name: 'an account that waits',
    answer: 'otp_required',
    options: { accountRefusal: failure('otp_required', 'a code') },
  },
  {
    name: 'an open breaker',
    answer: 'breaker_open',
    before: async ({ breakers }) => {
      for (let time = 0; time < 5; time += 1) {
        await breakers.wake.run(() => Promise.resolve(aFailure('unavailable')));
      }
    },
  },
  { name: 'a full queue', answer: 'queue_full', options: { queuePerVehicle: 0 } },
  {
    name: 'a journal that fails',
    answer: 'not_stored',
    before: ({ store }) => {
      store.mode = 'fails';
      return Promise.resolve();
    },
  },
];

async function answerTo(...wrong: Fault[]) {
  // What has to be there before is made by an account that refuses nothing.
  const store = new MemoryStore();
  const options = Object.assign({}, ...wrong.map((one) => one.options ?? {})) as AccountOptions;
  const first = anAccount(clock, { store });
  const before = wrong.filter((one) => one.answer === 'id_reused');
  for (const one of before) await one.before?.(first);
  const account = anAccount(clock, { ...options, store });
  if (before.length > 0) {
    const { open, remembered } = await first.journal.recover(clock.now(), 3_600_000);
    account.admissions.restore(open, remembered);
    account.said.length = 0;
  }
  for (const one of wrong) if (!before.includes(one)) await one.before?.(account);
  const payload = Object.assign({ value: 'force' }, ...wrong.map((one) => one.payload ?? {})) as {
    value: string;
  };
  const more = Object.assign({}, ...wrong.map((one) => one.more ?? {})) as Fault['more'];
  await account.send(payload, more);
  await settle();
  return { event: account.said.at(-1), account };
}

test('a command without a fault is accepted', async () => {
  const { event } = await answerTo();
  expect(event).toMatchObject({ status: 'running', command: 'refresh', value: 'force' });
});

test.each(faults)('$name is answered $answer, and leaves nothing behind', async (fault) => {
  const { event, account } = await answerTo(fault);
  expect(event?.code ?? event?.status).toBe(fault.answer);
  expect(event).toMatchObject({ seq: 0, vehicle: 'car' });
  expect(account.left.filter(({ task }) => task.operation === 'force')).toEqual([]);
  expect(account.waiting.total).toBe(0);
});

const pairs = faults.flatMap((first, index) =>
  faults.slice(index + 1).map((second) => [first.name, second.name, first, second] as const),
);

test.each(pairs)('%s comes before %s', async (_, __, first, second) => {
  const { event } = await answerTo(second, first);
  expect(event?.code ?? event?.status).toBe(first.answer);
});

test('the same command again is replayed whatever has become wrong since', async () => {
  const account = anAccount(clock, { queuePerVehicle: 1 });
  account.setReady(false);
  await account.send({ value: 'force', id: 'mine' });
  await account.send({ value: 'force', id: 'mine' });
  expect(account.said.map(({ status, replayed }) => [status, replayed])).toEqual([
    ['accepted', undefined],
    ['accepted', true],
  ]);
});

test('a rejected command leaves its id free', async () => {
  const account = anAccount(clock, { queuePerVehicle: 1 });
  account.setReady(false);
  await account.send({ value: 'cached', id: 'first' });
  await account.send({ value: 'force', id: 'second' });
  expect(account.said.at(-1)).toMatchObject({ id: 'second', code: 'queue_full' });
  account.setReady(true);
  await settle();
  await account.send({ value: 'cached', id: 'second' });
  expect(account.said.at(-1)).toMatchObject({ id: 'second', status: 'running' });
});

test('an id that cannot be looked up is not stored, and does not run', async () => {
  const account = anAccount(clock);
  account.store.mode = 'fails';
  await account.send({ value: 'force', id: '01a202b2-c500-7743-9201-c654d4c50686' });
  expect(account.said).toMatchObject([{ status: 'rejected', code: 'not_stored' }]);
  expect(account.left).toEqual([]);
});

test('with a clock behind the journal only cached is taken', async () => {
  const account = anAccount(clock, { clockTrusted: false });
  for (const word of ['cached', 'force', 'smart']) await account.send({ value: word, id: word });
  await settle();
  expect(
    account.said.flatMap(({ id, status, code }) =>
      status === 'accepted' || status === 'rejected' ? [[id, code]] : [],
    ),
  ).toEqual([
    ['cached', undefined],
    ['force', 'not_ready'],
    ['smart', 'not_ready'],
  ]);
});

test.each([
  ['its own', { value: 'force', expires_in: 30 }, {}, 30],
  ["the message's", { value: 'force' }, { messageExpiry_s: 20 }, 20],
  ['the shorter of both', { value: 'force', expires_in: 30 }, { messageExpiry_s: 40 }, 30],
  ['the default', { value: 'force' }, {}, 300],
])('it expires after %s', async (_, payload, more, seconds) => {
  const account = anAccount(clock);
  account.setReady(false);
  await account.send({ ...payload, id: 'mine' }, more);
  expect(account.book.open.get('mine')?.record.deadline).toBe(clock.now() + seconds * 1000);
});

test('a command issued before is as old as it says, and the message expires from now on', async () => {
  const account = anAccount(clock);
  account.setReady(false);
  const issued_at = new Date(clock.now() - 50_000).toISOString();
  await account.send(
    { value: 'force', id: 'a', expires_in: 60, issued_at },
    { messageExpiry_s: 20 },
  );
  expect(account.book.open.get('a')?.record.deadline).toBe(clock.now() + 10_000);
  await account.send({ value: 'force', id: 'b', expires_in: 40, issued_at });
  expect(account.said.at(-1)).toMatchObject({ id: 'b', status: 'expired', seq: 0 });
});

test.each([
  [60, 'accepted'],
  [61, 'rejected'],
])('a command from %i s ahead is %s', async (ahead_s, status) => {
  const account = anAccount(clock);
  account.setReady(false);
  const issued_at = new Date(clock.now() + ahead_s * 1000).toISOString();
  await account.send({ value: 'force', issued_at });
  expect(account.said[0]?.status).toBe(status);
});

test.each([
  [undefined, true],
  [['refresh'], true],
  [['refresh:force'], true],
  [['refresh:cached', 'lock'], false],
  [[], false],
])('the list %j allows force: %s', async (list, isAllowed) => {
  const account = anAccount(clock, { allow: [['refresh'], list] });
  await account.send('force');
  expect(account.said[0]?.code === 'not_allowed').toBe(!isAllowed);
});
