import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type FailureCode, failure } from '../../src/vehicle/outcome.js';
import type { Outcome } from '../../src/vehicle/task.js';
import type { Cloud } from '../cloud/cloud.js';
import { AccountInProcess, type Driven } from '../support/account-in-process.js';
import { hasOldLibrary, hasTestPython } from '../support/python.js';
import { type AtHome, atHome, describeHomes } from './error-table/at-home.js';
import { onTeardown } from '../support/teardown.js';
import { canadaRows } from './error-table/canada.js';
import {
  canadaCommands,
  hyundaiUsaCommands,
  kiaUsaCommands,
} from './error-table/command-rows-america.js';
import { europeCciCommands } from './error-table/command-rows-europe-cci.js';
import { europeCommands, platformCommands } from './error-table/command-rows-platform.js';
import { ccspRows } from './error-table/ccsp.js';
import { europeRows } from './error-table/europe.js';
import type { CommandRows } from './error-table/command-row.js';
import { type Maker, type Owner, australiaCcs2, hyundaiUsa } from './error-table/homes.js';
import { inTurns } from './error-table/in-turns.js';
import type { Row, Rows } from './error-table/row.js';
import { hyundaiUsaRows, kiaUsaRows } from './error-table/usa.js';

/** How one signs in is not alike in the regions of the shared platform, but for older and newer cars of one. */
const ofPlatform = ccspRows.map(({ home, rows }) => ({
  home,
  rows: home === australiaCcs2 ? rows.filter((row) => !isSignIn(row)) : rows,
}));
const tables = [
  ...[kiaUsaRows, hyundaiUsaRows, canadaRows],
  ...inTurns(ofPlatform, (row) => !isSignIn(row)),
  ...inTurns(europeRows),
] as const;

/** Their tests are files of their own. */
const commandTables: readonly Pick<CommandRows<never>, 'rows' | 'pin' | 'unsupported'>[] = [
  kiaUsaCommands,
  hyundaiUsaCommands,
  canadaCommands,
  ...platformCommands,
  ...europeCommands,
  europeCciCommands,
];

const rulesFile = new URL('../../sidecar/tests/test_failures.py', import.meta.url);

/** The table's own numbers, and those of what was found since. */
const tableRows = [...Array.from({ length: 54 }, (_, place) => place + 1), 61, 62, 63, 64];
const ofTheProcess = [1, 2, 32, 52];
/** In the tests of odd answers. */
const ofOddAnswers = [31, 33, 35];
/** What no sign-in and no read can meet over HTTP, and why; it is tested with the rules. */
const ofTheRules: Readonly<Record<number, string>> = {
  5: 'only releases up to 4.23 raise it, and only at a sign-in',
  20: 'never raised by a library up to now',
  23: 'a safety warning: pictures alone have one',
  30: 'a connection that takes too long to be made: a proxy answers at once',
  50: 'options of a remote command: the bridge has checked them',
  54: 'everything else',
};
/** Their tests have no row: what is never offered, and a class of a later release. */
const others = [24, 53];

describe.skipIf(!hasTestPython || hasOldLibrary)('the table of errors', () => {
  // Whosever a home is: its rows know.
  describeHomes(tables as unknown as readonly Rows[], describeRows);
  describeProcess();

  test('every row is here, or in the tests of the rules', () => {
    const here = tables.flatMap(({ rows }) => rows.map(({ row }) => row));
    const ofCommands = commandTables.flatMap(({ rows, pin, unsupported }) =>
      [...rows, pin, unsupported].flatMap((one) => one?.row ?? []),
    );
    const rules = Object.keys(ofTheRules).map(Number);
    const known = new Set([
      ...here,
      ...ofCommands,
      ...ofTheProcess,
      ...ofOddAnswers,
      ...rules,
      ...others,
    ]);
    expect(tableRows.filter((row) => !known.has(row))).toEqual([]);
    const tests = readFileSync(rulesFile, 'utf8');
    for (const row of rules) expect(new RegExp(`\\(\\s*${String(row)},`).test(tests)).toBe(true);
  });
});

function isSignIn({ wish }: Pick<Row, 'wish'>): boolean {
  return wish.operation === 'sign_in';
}

/** One parametrised test for all rows of an account: one cloud, one process, one row after the other. */
function describeRows<M extends Maker>({ rows }: Rows<M>, here: () => AtHome<M>): void {
  test.each(rows.map((row) => ({ ...row, name: `${row.wish.operation}: ${row.what}` })))(
    'row $row, $name: $code',
    async (row) => {
      const { account, cloud, owner } = here();
      await account.ready();
      cloud.requests.clear();
      const driven = await brokenBy(row, cloud, owner, () => account.drive(row.wish));
      expectRow(row, driven, cloud);
    },
  );
}

/** Nothing of a row is left for the next one. */
async function brokenBy<M extends Maker>(
  { faults = [], before }: Row<M>,
  cloud: Cloud,
  owner: Owner<M>,
  work: () => Promise<Driven>,
): Promise<Driven> {
  const asItWas = Object.fromEntries(Object.entries(owner));
  for (const fault of faults) cloud.fault(fault);
  before?.(owner, cloud);
  try {
    return await work();
  } finally {
    cloud.clearFaults();
    Object.assign(owner, asItWas);
  }
}

function expectRow(row: Row<never>, driven: Driven, cloud: Cloud): void {
  const { code, again, wish, signIns } = row;
  if (code === 'ok') expect(driven.first).toMatchObject({ ok: true });
  else expectFailure(row, code, driven.first);
  if (again !== undefined) {
    expect(driven.tasks.slice(0, 2)).toEqual([wish.operation, 'sign_in']);
    expect(codeOf(driven.last)).toBe(again);
  } else if (wish.operation !== 'sign_in') expect(driven.tasks).toEqual([wish.operation]);
  expect(driven.account).toBe(row.account ?? accountAfter(row));
  if (signIns !== undefined) expect(cloud.requests.of('sign_in')).toHaveLength(signIns);
}

function expectFailure(row: Row<never>, code: FailureCode, first: Outcome): void {
  const { says = /./, retryAfter_s } = row;
  if (first.ok) expect.unreachable(`not ${code}, but a success`);
  expect(first.failure).toMatchObject({ code, retryable: failure(code, '').retryable });
  expect(first.failure.message).toMatch(says);
  // Reads have none.
  expect(first.failure).not.toHaveProperty('outcome');
  if (retryAfter_s !== undefined) expect(first.failure.retry_after_s).toBe(retryAfter_s);
}

function codeOf(last: Driven['last']): string {
  if (last === undefined) return 'ok';
  if ('code' in last) return last.code;
  return last.ok ? 'ok' : last.failure.code;
}

function accountAfter({ wish, code }: Row<never>): string {
  return wish.operation === 'sign_in' && code !== 'ok' ? 'unreachable' : 'ready';
}

/** What becomes of the process itself, and of what stands between it and the cloud. */
function describeProcess(): void {
  describe('the process', () => {
    const here = atHome(hyundaiUsa);

    test('row 1, an answer without an end: timeout', async () => {
      const { account, cloud } = here();
      await account.ready();
      const before = account.pid;
      cloud.fault({ operation: 'cached', effect: { is: 'dripping_body' } });
      const { first } = await account.drive({ operation: 'cached', remaining_ms: 1500 });
      cloud.clearFaults();
      expect(first).toMatchObject({ ok: false, failure: { code: 'timeout', retryable: true } });
      const { first: next } = await account.drive({ operation: 'cached' });
      expect(next.ok).toBe(true);
      expect(account.pid).not.toBe(before);
    });

    test('row 2, a process that ends by itself: interrupted', async () => {
      const { account, cloud } = here();
      await account.ready();
      const held = cloud.hold({ operation: 'cached' });
      cloud.requests.clear();
      const driven = account.drive({ operation: 'cached' });
      await cloud.requests.arrived('cached');
      process.kill(account.pid, 'SIGKILL');
      const { first } = await driven;
      held.release();
      expect(first).toMatchObject({ ok: false, failure: { code: 'interrupted', retryable: true } });
      const { first: next } = await account.drive({ operation: 'cached' });
      expect(next.ok).toBe(true);
    });

    test.each(['sign_in', 'cached'] as const)(
      'row 32, a certificate that nobody vouches for, at %s: unavailable',
      async (operation) => {
        const { cloud, account } = here();
        await account.ready();
        const { REQUESTS_CA_BUNDLE: _, CURL_CA_BUNDLE: __, ...environment } = cloud.environment;
        const stranger = AccountInProcess.start({ ...account.options, environment });
        onTeardown(() => stranger.close());
        const { first, account: state } = await stranger.drive({ operation }, account.kept);
        expect(first).toMatchObject({ ok: false, failure: { code: 'unavailable' } });
        expect(state).toBe(operation === 'sign_in' ? 'unreachable' : 'ready');
      },
    );

    test.each([
      { region: 'brazil', brand: 'kia' },
      { region: 'india', brand: 'genesis' },
      { region: 'atlantis', brand: 'kia' },
    ])('row 52, no such account, $brand in $region: internal', async ({ region, brand }) => {
      const { account } = here();
      const stranger = AccountInProcess.start({ ...account.options, region, brand });
      onTeardown(() => stranger.close());
      const { first } = await stranger.drive({ operation: 'sign_in' });
      expect(first).toMatchObject({
        ok: false,
        requests: 0,
        failure: { code: 'internal', retryable: false, sent: false },
      });
    });
  });
}
