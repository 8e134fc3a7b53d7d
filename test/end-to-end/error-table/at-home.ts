import { afterAll, beforeAll, expect } from 'vitest';
import { type Cloud, startCloud } from '../../cloud/cloud.js';
import { AccountInProcess } from '../../support/account-in-process.js';
import { pythonWithShortSleeps } from '../../support/short-sleeps.js';
import type { Home, Maker, Owner } from './homes.js';

/** A cloud with the account of one home, and one process for it. */
export interface AtHome<M extends Maker> {
  readonly cloud: Cloud;
  readonly owner: Owner<M>;
  readonly account: AccountInProcess;
}

/** For the tests of one `describe`; what it answers is there as soon as they run. */
export function atHome<M extends Maker>(home: Home<M>): () => AtHome<M> {
  let found: AtHome<M> | undefined;

  beforeAll(async () => {
    const cloud = await startCloud();
    const owner = home.add(cloud);
    const { region, brand } = home;
    // The library waits half a minute for some cars.
    const python = await pythonWithShortSleeps(0.01);
    const account = AccountInProcess.start({ cloud, owner, region, brand, python });
    found = { cloud, owner, account };
  });

  afterAll(async () => {
    await found?.account.close();
    await found?.cloud.stop();
  });

  return () => found ?? expect.unreachable('no home');
}
