import { describe, expect, test } from 'vitest';
import type { Effect } from '../cloud/faults.js';
import type { Driven, Wish } from '../support/account-in-process.js';
import { hasOldLibrary, hasTestPython } from '../support/python.js';
import { type AtHome, describeHomes } from './error-table/at-home.js';
import {
  type Home,
  type Maker,
  australia,
  brazil,
  china,
  homes,
  india,
} from './error-table/homes.js';
import {
  type Answer,
  type OddAnswer,
  answerTo,
  internalRow,
  oddAnswers,
  oddAnswersAt,
} from './error-table/odd-answers.js';

/** Where an answer stalls nobody waits for long. */
const short_ms = 3000;
/** Most of it is spent on what stalls beside the state, which is to be read in the rest. */
const withRest_ms = 10_000;
const reads = ['cached', 'force'] as const;

describe.skipIf(!hasTestPython || hasOldLibrary)('what is no answer of a cloud, to a read', () => {
  describeHomes(
    homes.map((home) => ({ home })),
    ({ home }, here) => {
      describeReads(home, here);
    },
  );
});

function describeReads(home: Home, here: () => AtHome<Maker>): void {
  async function drive(
    { operation }: Pick<Wish, 'operation'>,
    broken: 'detail' | typeof operation,
    effect: Effect,
  ): Promise<Driven> {
    const { account, cloud } = here();
    await account.ready();
    // A wake is judged by what was known before it.
    if (operation === 'force') await account.drive({ operation: 'cached' });
    const fault = cloud.fault({ operation: broken, effect });
    const isSlow = effect.is === 'stalled_body';
    const remaining_ms = broken === 'detail' ? withRest_ms : short_ms;
    const driven = await account.drive({ operation, ...(isSlow && { remaining_ms }) });
    fault.clear();
    expect(fault.struck).toBeGreaterThan(0);
    expect(driven.account).toBe('ready');
    return driven;
  }

  describe.each(reads)('%s', (operation) => {
    const odd = oddAnswersAt(home, reads.indexOf(operation));
    test.each(odd.map((one) => withAnswer(one, answerTo(home, operation, one))))(
      'row $row, $name: $code',
      async ({ effect, code }) => {
        const { first } = await drive({ operation }, operation, effect);
        expect(answerOf(first)).toBe(code);
      },
    );

    test.each(oddAnswers.filter((one) => leavesTheState(home, operation, one)))(
      'half an outage, $name: the state is there all the same',
      async ({ effect }) => {
        const { first } = await drive({ operation }, 'detail', effect);
        expect(answerOf(first)).toBe('ok');
        if (!first.ok || !('report' in first.result)) expect.unreachable('no report');
        expect(first.result.report).toMatchObject({ lock: { state: 'locked' } });
        expect(first.result.report.ev.soc).not.toBeNull();
      },
    );
  });

  test('an odd state hides no later one', async () => {
    const odd = { is: 'garbage', kind: 'wrong_types' } as const;
    const { owner, account } = here();
    await drive({ operation: 'cached' }, 'cached', odd);
    const { first } = await account.drive({ operation: 'cached' });
    if (!first.ok || !('report' in first.result)) expect.unreachable('no report');
    const truth = owner.cars[0]?.reported().at ?? 0;
    const { reported_at } = first.result.report;
    expect(Date.parse(reported_at ?? '')).toBe(Math.floor(truth / 1000) * 1000);
  });

  test.each(['list', ...reads] as const)(
    'row 32: %s while connections are refused',
    async (operation) => {
      const { account, door } = here();
      await account.ready();
      await door.down();
      const { first } = await account.drive({ operation }).finally(() => door.up());
      expect(answerOf(first)).toBe('unavailable');
    },
  );
}

function withAnswer(one: OddAnswer, code: Answer) {
  return { ...one, code, row: code === 'internal' ? internalRow : one.row };
}

/** One of each kind; an answer of another type is no outage. */
const outages: readonly string[] = ['html', '503', 'reset', 'stalled_body', 'null', 'no_envelope'];

/** Where the calls beside the state are asked first and stall, no time is left for the state itself. */
const askedForLast: readonly Home[] = [australia, india, china];

function leavesTheState(home: Home, operation: (typeof reads)[number], { name }: OddAnswer) {
  // All is in one reply there.
  if (home === brazil) return false;
  if (name === 'stalled_body' && operation === 'force' && askedForLast.includes(home)) return false;
  return outages.includes(name);
}

function answerOf(first: Driven['first']): Answer {
  return first.ok ? 'ok' : first.failure.code;
}
