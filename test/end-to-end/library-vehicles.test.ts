import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type LibraryAccount, hyundaiAccount, kiaAccount } from '../support/library-bridge.js';
import {
  type LibraryWorld,
  addHyundai,
  addKia,
  hasLibraryWorld,
  startLibraryWorld,
} from '../support/library-world.js';
import { hasOldLibrary, requireTestPython } from '../support/python.js';
import { tempDir } from '../support/temp-dir.js';

const entry = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

describe.skipIf(!hasLibraryWorld)('`bluelink2mqtt vehicles`', () => {
  let world: LibraryWorld;

  beforeAll(async () => {
    world = await startLibraryWorld();
  });

  const vehicles = async (accounts: readonly LibraryAccount[], stateDir?: string) => {
    const state_dir = stateDir ?? (await tempDir());
    const file = join(await tempDir(), 'bluelink2mqtt.yaml');
    const config = {
      mqtt: { url: world.broker.url },
      python: requireTestPython(),
      state_dir,
      accounts,
    };
    await writeFile(file, stringify(config));
    const child = spawn(process.execPath, [entry, 'vehicles', '--config', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...world.cloud.environment },
    });
    const ended = once(child, 'close') as Promise<[number | null]>;
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      ended,
    ]);
    return { code, stdout, stderr, state_dir };
  };

  test('lists the cars of every account, and keeps the sessions', async () => {
    const hyundai = addHyundai(world, 2);
    const kia = addKia(world);
    const accounts = [hyundaiAccount(hyundai), kiaAccount(kia)];
    const first = await vehicles(accounts);
    expect(first.code).toBe(0);
    expect(first.stderr).toMatch(hasOldLibrary ? /^Python 3\.1[01].*\n$/ : /^$/);
    expect(first.stdout).toContain('hyundai: 2 car(s)');
    expect(first.stdout).toContain('kia: 1 car(s)');
    for (const { identity } of hyundai.cars) {
      expect(first.stdout).toMatch(new RegExp(`${identity.vin}  ${identity.name}`));
    }
    for (const { identity } of kia.cars) expect(first.stdout).toContain(identity.name);
    expect(await vehicles(accounts, first.state_dir)).toMatchObject({
      code: 0,
      stdout: first.stdout,
    });
    // With the kept session there is no password to be sent again.
    const ofHyundai = world.cloud.requests
      .of('sign_in')
      .filter(({ account }) => account === hyundai.username);
    expect(ofHyundai).toHaveLength(1);
  });

  test('says which account is refused and why, and lists the others', async () => {
    const right = addKia(world);
    const wrong = { ...hyundaiAccount(addHyundai(world)), password: 'not-the-password' };
    const { code, stdout, stderr } = await vehicles([wrong, kiaAccount(right)]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^hyundai: the maker refuses .*\(auth_failed: the vendor refused the credentials/m,
    );
    expect(stderr).not.toContain('not-the-password');
    expect(stdout).toContain('kia: 1 car(s)');
  });
});
