import { expect, onTestFinished, test } from 'vitest';
import { followFleet } from '../../src/cli/accounts/follow-fleet.js';
import type { AccountConfig } from '../../src/config/accounts.js';
import { createLogger } from '../../src/daemon/logger.js';
import { KnownSecrets } from '../../src/daemon/redaction.js';
import { AccountList } from '../../src/fleet/account-list.js';
import { createCipher } from '../../src/store/cipher.js';
import { GrowingList } from '../support/growing-list.js';
import { hasNats, startNats } from '../support/nats.js';
import { configOf, least, loadText } from '../config/support.js';

const simulated = { backend: 'simulator' };

test.skipIf(!hasNats)(
  'the accounts of the fleet join those of the configuration; a broken one stays as it was',
  async () => {
    const nats = await startNats();
    const log = createLogger({ level: 'error', format: 'json', secrets: new KnownSecrets() });
    const list = await AccountList.open({
      connection: await nats.connect(),
      ...{ name: 'bl', replicas: 1, cipher: createCipher({ current: new Uint8Array(32) }), log },
    });
    const told = new GrowingList<readonly AccountConfig[]>();
    const follower = followFleet({
      ...{ list, log, fixed: configOf(await loadText(least)).accounts },
      onChange: (accounts) => {
        told.add(accounts);
      },
    });
    onTestFinished(() => {
      follower.stop();
    });
    const shownAs = ({ name, origin, language }: AccountConfig): string =>
      [name, origin, language].join(' ');
    const runs = (...expected: readonly string[]) =>
      told.waitFor(
        (all) => all.map(shownAs).join() === expected.join(),
        10_000,
        () =>
          `${expected.join()}; told ${told.items.map((all) => all.map(shownAs).join()).join(' | ')}`,
      );
    await runs('home list en');
    await list.put('b', simulated, 0);
    await runs('home list en', 'b fleet en');
    // A name that the configuration has, and a definition that is none.
    await list.put('home', simulated, 0);
    const { revision = 0 } = (await list.get('b')) ?? {};
    await list.put('b', { ...simulated, colour: 'red' }, revision);
    await list.put('a', simulated, 0);
    await runs('home list en', 'a fleet en', 'b fleet en');
    const { revision: broken = 0 } = (await list.get('b')) ?? {};
    await list.put('b', { ...simulated, language: 'de' }, broken);
    await runs('home list en', 'a fleet en', 'b fleet de');
    const { revision: last = 0 } = (await list.get('a')) ?? {};
    await list.put('a', { ...simulated, enabled: false }, last);
    await runs('home list en', 'b fleet de');
    expect(told.items).toHaveLength(5);
  },
);
