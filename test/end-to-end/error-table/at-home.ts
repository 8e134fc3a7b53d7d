import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type Cloud, startCloud } from '../../cloud/cloud.js';
import { AccountInProcess } from '../../support/account-in-process.js';
import type { Cuttable } from '../../support/cuttable.js';
import { doorTo } from '../../support/library-world.js';
import { pythonWithShortSleeps } from '../../support/short-sleeps.js';
import type { Home, Maker, Owner } from './homes.js';

/** A cloud with the account of one home, and one process for it. */
export interface AtHome<M extends Maker> {
  readonly cloud: Cloud;
  /** Between the process and the cloud. */
  readonly door: Cuttable;
  readonly owner: Owner<M>;
  readonly account: AccountInProcess;
}

/** For the tests of one `describe`; what it answers is there as soon as they run. */
export function atHome<M extends Maker>(home: Home<M>): () => AtHome<M> {
  let found: AtHome<M> | undefined;

  beforeAll(async () => {
    found = await open(home);
  });

  afterAll(() => close(found));

  return () => found ?? expect.unreachable('no home');
}

/**
 * Homes side by side, as they mostly wait; the tests of each run one after the other. All homes are opened before the
 * first test: what is opened while tests run would be closed with one of them.
 */
export function describeHomes<M extends Maker, T extends { readonly home: Home<M> }>(
  tables: readonly T[],
  describeHome: (table: T, here: () => AtHome<M>) => void,
): void {
  const found = new Map<T, AtHome<M>>();

  beforeAll(async () => {
    await Promise.all(tables.map(async (one) => found.set(one, await open(one.home))));
  });

  for (const table of tables) {
    describe.concurrent(table.home.name, () => {
      describe('one after the other', { concurrent: false }, () => {
        afterAll(() => close(found.get(table)));

        describeHome(table, () => found.get(table) ?? expect.unreachable('no home'));
      });
    });
  }
}

async function open<M extends Maker>(home: Home<M>): Promise<AtHome<M>> {
  const cloud = await startCloud();
  const owner = home.add(cloud);
  const { door, environment } = await doorTo(cloud);
  const { region, brand } = home;
  // The library waits half a minute for some cars.
  const python = await pythonWithShortSleeps(0.01);
  const account = AccountInProcess.start({ cloud, owner, region, brand, python, environment });
  return { cloud, door, owner, account };
}

async function close<M extends Maker>(home: AtHome<M> | undefined): Promise<void> {
  await home?.account.close();
  await home?.cloud.stop();
}
