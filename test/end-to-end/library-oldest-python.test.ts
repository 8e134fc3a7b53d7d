import { beforeAll, describe, expect, test } from 'vitest';
import { LibraryBridge, hyundaiAccount, kiaAccount } from '../support/library-bridge.js';
import {
  type LibraryWorld,
  addHyundai,
  addKia,
  hasLibraryWorld,
  startLibraryWorld,
} from '../support/library-world.js';
import { oldestTestPython } from '../support/python.js';

const isOlder = oldestTestPython !== undefined && /3\.1[01]\//.test(oldestTestPython);

describe.skipIf(!hasLibraryWorld || !isOlder)('on Python 3.10 or 3.11', () => {
  let world: LibraryWorld;

  beforeAll(async () => {
    world = await startLibraryWorld();
  });

  test('sign-in and reads work, and one line at the start says what does not', async () => {
    const accounts = [hyundaiAccount(addHyundai(world)), kiaAccount(addKia(world))];
    const python = oldestTestPython ?? expect.unreachable('no interpreter');
    const bridge = await LibraryBridge.start({ ...world, accounts, python });
    await bridge.waitForAccount('hyundai', 'ready');
    await bridge.waitForAccount('kia', 'ready');
    for (const vehicle of ['hyundai-0', 'kia-0']) {
      const forced = bridge.refresh(vehicle, 'force');
      expect(await bridge.refresh(vehicle, 'cached')).toMatchObject({ status: 'succeeded' });
      expect(await forced).toMatchObject({ status: 'succeeded' });
    }
    expect(bridge.pythons().length).toBeGreaterThan(1);
    const warnings = bridge.daemon.lines.filter((line) => /Python 3\.1[01]\.\d+ runs/.test(line));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('Python 3.12 or newer');
    const library = /hyundai_kia_connect_api \d+\.\d+\.\d+ on Python 3\.1[01]/;
    expect(bridge.daemon.lines.filter((line) => library.test(line))).toHaveLength(1);
  });
});
