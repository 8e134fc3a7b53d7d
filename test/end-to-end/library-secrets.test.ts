import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Reply } from '../cloud/wire.js';
import { LibraryBridge, hyundaiAccount, kiaAccount } from '../support/library-bridge.js';
import {
  type LibraryWorld,
  addHyundai,
  addKia,
  hasLibraryWorld,
  startLibraryWorld,
} from '../support/library-world.js';

const secretHeaders = ['accesstoken', 'bluelinkservicepin', 'sid', 'rmtoken', 'vinkey'];
const secretFields = ['password', 'refresh_token'];

describe.skipIf(!hasLibraryWorld)('the secrets of an account', () => {
  let world: LibraryWorld;

  beforeAll(async () => {
    world = await startLibraryWorld();
  });

  test('reach no log line, no message and no file but the store, whatever goes wrong', async () => {
    const hyundai = addHyundai(world);
    const kia = addKia(world);
    const accounts = [hyundaiAccount(hyundai), kiaAccount(kia)];
    const bridge = await LibraryBridge.start({
      ...world,
      accounts,
      config: { log: { level: 'trace', format: 'json' }, breaker: { failures: 100 } },
    });
    await bridge.waitForAccount('hyundai', 'ready');
    await bridge.waitForAccount('kia', 'ready');
    for (const vehicle of ['hyundai-0', 'kia-0']) {
      expect(await bridge.refresh(vehicle, 'cached')).toMatchObject({ status: 'succeeded' });
      expect(await bridge.refresh(vehicle, 'force')).toMatchObject({ status: 'succeeded' });
    }
    // A vendor that quotes what it was sent, in each form of an error that it has.
    const owners = [
      { vehicle: 'hyundai-0', account: hyundai.username },
      { vehicle: 'kia-0', account: kia.username },
    ];
    for (const { vehicle, account } of owners) {
      for (const reply of repliesThatQuote(secretsSent(world, account))) {
        const fault = world.cloud.fault({ account, effect: { is: 'reply', reply } });
        expect(await bridge.refresh(vehicle, 'cached')).toMatchObject({ status: 'failed' });
        expect(await bridge.refresh(vehicle, 'force')).toMatchObject({ status: 'failed' });
        expect(fault.struck).toBeGreaterThan(1);
        fault.clear();
      }
    }
    hyundai.password = 'changed';
    hyundai.revokeSession();
    hyundai.revokeRefreshToken();
    expect(await bridge.refresh('hyundai-0', 'cached')).toMatchObject({ code: 'auth_failed' });
    await bridge.waitForAccount('hyundai', 'refused');
    await bridge.daemon.stop();

    const secrets = owners.flatMap(({ account }) => secretsSent(world, account));
    for (const known of [hyundaiAccount(hyundai).pin, 'open-sesame']) {
      expect(secrets.some((secret) => secret.includes(known ?? '?'))).toBe(true);
    }
    const said = [
      ...bridge.daemon.lines,
      ...world.recorder.messages.map(({ topic, payload }) => `${topic} ${payload}`),
      ...filesIn(bridge.daemon.stateDir).filter((text) => !text.startsWith('store/')),
    ];
    expect(said.filter((text) => secrets.some((secret) => text.includes(secret)))).toEqual([]);
    // What is looked for would be found: the store does hold the session.
    const store = filesIn(bridge.daemon.stateDir).join('\n');
    expect(secrets.some((secret) => store.includes(secret))).toBe(true);
  });
});

/** All secrets of an account that the library has sent to the cloud so far. */
function secretsSent({ cloud }: LibraryWorld, account: string): string[] {
  const requests = cloud.requests.all.filter((one) => one.account === account);
  const found = requests.flatMap(({ headers, body }) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const fields = secretFields.flatMap((name) => {
      return [...text.matchAll(new RegExp(`"${name}":"([^"]+)"`, 'g'))].map(([, value]) => value);
    });
    return [...secretHeaders.map((name) => headers[name]), ...fields];
  });
  return [...new Set(found)].filter((value) => value !== undefined && value !== '') as string[];
}

function repliesThatQuote(secrets: readonly string[]): Reply[] {
  const quoted = secrets.join(' ');
  const headers = { 'content-type': 'application/json' };
  const errorMessage = `session ${quoted} is not known`;
  const hyundai = { errorCode: 400, errorSubCode: quoted, errorSubMessage: quoted, errorMessage };
  const kia = { status: { statusCode: 1, errorType: 1, errorCode: 9009, errorMessage } };
  return [
    { status: 500, headers: { 'content-type': 'text/html' }, body: `<p>${quoted}</p>` },
    { status: 200, headers, body: JSON.stringify({ ...hyundai, ...kia }) },
    { status: 200, headers, body: JSON.stringify({ vehicleStatus: quoted, payload: quoted }) },
  ];
}

/** Name and content of every file, with the names as below the folder. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map(({ parentPath, name }) => {
      const file = join(parentPath, name);
      return `${file.slice(folder.length + 1)} ${readFileSync(file, 'latin1')}`;
    });
}
