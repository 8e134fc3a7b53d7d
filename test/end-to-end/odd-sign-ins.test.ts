import { describe, expect, test } from 'vitest';
import type { Driven } from '../support/account-in-process.js';
import { hasOldLibrary, hasTestPython } from '../support/python.js';
import { type AtHome, describeHomes } from './error-table/at-home.js';
import {
  type Home,
  type Maker,
  australiaCcs2,
  china,
  europeLegacy,
  homes,
} from './error-table/homes.js';
import {
  type OddAnswer,
  type Step,
  countsAsRefusal,
  oddAnswersAt,
  someOddAnswers,
} from './error-table/odd-answers.js';

/** Where an answer stalls nobody waits for long. */
const short_ms = 5000;
/** Their sign-ins are those of others. */
const others: readonly Home[] = [australiaCcs2, europeLegacy];
const unavailable = ['unavailable', 'timeout'];

describe.skipIf(!hasTestPython || hasOldLibrary)(
  'what is no answer of a cloud, to a sign-in',
  () => {
    describeHomes(
      homes.filter((one) => !others.includes(one)).map((home) => ({ home })),
      ({ home }, here) => {
        describeSignIns(home, here);
      },
    );
  },
);

function describeSignIns(home: Home, here: () => AtHome<Maker>): void {
  async function signIn(one: OddAnswer, { path, operation }: Step): Promise<void> {
    const { account, cloud } = here();
    const { effect } = one;
    const fault = cloud.fault({ path: new RegExp(`${path.replaceAll('.', '\\.')}$`), effect });
    const isSlow = effect.is === 'stalled_body';
    const driven = await account.drive({
      operation: 'sign_in',
      ...(isSlow && { remaining_ms: short_ms }),
    });
    fault.clear();
    expect(fault.struck).toBeGreaterThan(0);
    expectNotBlocked(driven, countsAsRefusal(home, { path, operation }, one));
  }

  let known: Promise<readonly Step[]> | undefined;
  const steps = () => (known ??= stepsOfSignIn());

  /** What a sign-in asks, one after the other. */
  async function stepsOfSignIn(): Promise<readonly Step[]> {
    const { account, cloud } = here();
    cloud.requests.clear();
    await account.drive({ operation: 'sign_in' });
    const asked = cloud.requests.all.map(({ operation, path }) => ({ operation, path }));
    return asked.filter(({ path }, at) => asked.findIndex((one) => one.path === path) === at);
  }

  test.each(oddAnswersAt(home))('row $row, $name: at the password and at the list', async (one) => {
    const ends = (await steps()).filter(({ operation }) => ['sign_in', 'list'].includes(operation));
    expect(ends.length).toBe(2);
    for (const step of ends) await signIn(one, step);
  });

  test.each(someOddAnswers)('row $row, $name: at each of the steps', async (one) => {
    for (const step of await steps()) await signIn(one, step);
  });

  test.each(someOddAnswers)(
    'row $row, $name: at a renewal, on account of which no password goes out',
    async (one) => {
      const { account, cloud } = here();
      await account.ready();
      // Where there is nothing else to renew a session with, the password is what is sent, and just once; China says
      // no by a page without a token, so that any page may be a no.
      const isByPassword = home.maker === 'kia' || home.maker === 'canada';
      const isNo = home === china && one.effect.is === 'garbage';
      cloud.requests.clear();
      const operation = isByPassword ? 'sign_in' : 'refresh';
      const fault = cloud.fault({ operation, effect: one.effect });
      const { first } = await account.drive({ operation: 'sign_in', renews: true });
      fault.clear();
      expect(fault.struck).toBeGreaterThan(0);
      // Europe goes on with the tokens it has where it was given none.
      if (first.ok) expect(one.effect.is).toBe('garbage');
      else expect(first.failure.code).toBe('unavailable');
      expect(cloud.requests.of('sign_in')).toHaveLength(isByPassword || isNo ? 1 : 0);
    },
  );

  test('row 32: while connections are refused', async () => {
    const { account, door } = here();
    await account.ready();
    await door.down();
    const driven = await account.drive({ operation: 'sign_in' }).finally(() => door.up());
    expect(driven.first.ok).toBe(false);
    expectNotBlocked(driven, false);
  });
}

/** It goes on by itself, and nobody is told that the password is wrong. */
function expectNotBlocked({ first, account }: Driven, isRefusal: boolean): void {
  // Nobody looks at some of the pages.
  expect(account).toBe(first.ok ? 'ready' : 'unreachable');
  if (isRefusal) expect(first).toMatchObject({ ok: false, failure: { code: 'auth_failed' } });
  else if (!first.ok) expect(unavailable).toContain(first.failure.code);
}
