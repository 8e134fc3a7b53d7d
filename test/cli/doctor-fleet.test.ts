import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { accountChecks } from '../../src/cli/doctor/accounts.js';
import { findDaemon } from '../../src/cli/doctor/daemon.js';
import { findingsOf, type Finding } from '../../src/cli/doctor/finding.js';
import { judgeClocks, natsChecks } from '../../src/cli/doctor/nats.js';
import { openStore } from '../../src/cli/doctor/own-store.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { Config } from '../../src/config/schema.js';
import { AccountList } from '../../src/fleet/account-list.js';
import { createCipher } from '../../src/store/cipher.js';
import { prepareStream } from '../../src/store/nats-stream.js';
import { failure } from '../../src/vehicle/outcome.js';
import { MemoryBridge, readyAccount } from '../http/memory-bridge.js';
import { serve } from '../http/served.js';
import { aLog } from '../fleet/a-fleet.js';
import { startConfiguredNats } from '../support/configured-nats.js';
import { freePort } from '../support/free-port.js';
import { hasNats, startNats, type NatsServer } from '../support/nats.js';
import { keepSecret } from '../support/secret-scan.js';
import { tempDir } from '../support/temp-dir.js';

type Settings = Readonly<Record<string, unknown>>;

const keys = [7, 8].map((fill) => Buffer.alloc(32, fill).toString('base64'));

async function configOf(url: string, settings: Settings = {}, stateDir?: string): Promise<Config> {
  keepSecret(...keys);
  const file = join(await tempDir(), 'bluelink2mqtt.yaml');
  const store = { engine: 'nats', servers: [url], encryption_key: keys[0], ...settings };
  const state_dir = stateDir ?? (await tempDir());
  await writeFile(file, stringify({ mqtt: { url: 'mqtt://localhost' }, store, state_dir }));
  const loaded = await loadConfig({ file, env: {}, cwd: '/' });
  if (!loaded.ok) throw new Error(loaded.faults.map(({ message }) => message).join());
  return loaded.config;
}

async function look(url: string, settings: Settings = {}): Promise<readonly Finding[]> {
  const [check] = natsChecks(await configOf(url, settings));
  return check === undefined ? [] : findingsOf(check);
}

/** What it says of the accounts, with whatever runs in this state directory. */
async function lookAtAccounts(stateDir?: string): Promise<readonly Finding[]> {
  const config = await configOf('nats://127.0.0.1:1', {}, stateDir);
  const daemon = findDaemon(config);
  const opened = openStore(config, daemon);
  expect((await opened).is).toBe('on NATS');
  const checks = accountChecks({ config, daemon, opened, signIn: false });
  return (await Promise.all(checks.map(findingsOf))).flat();
}

const verdicts = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ what, verdict }) => `${what} ${verdict}`);

/** As the instances of a fleet leave it. */
async function fill(nats: NatsServer): Promise<void> {
  const connection = await nats.connect();
  const cipher = createCipher({ current: Buffer.from(keys[0] ?? '', 'base64') });
  const { log } = aLog();
  await prepareStream(connection, { name: 'bluelink2mqtt', replicas: 1 });
  const options = { connection, name: 'bluelink2mqtt', replicas: 1, cipher, log };
  const list = await AccountList.open(options);
  await list.put('anna', { backend: 'simulator' }, 0);
}

describe.skipIf(!hasNats)('what the doctor says of NATS', () => {
  test('one that is empty is all right, and stays so', async () => {
    const nats = await startNats();
    for (let time = 0; time < 2; time += 1) {
      const findings = await look(nats.url);
      expect(verdicts(findings)).toEqual(['nats ok', 'streams ok', 'key ok']);
      expect(findings[1]?.found).toContain('0 of 4 are there');
    }
  });

  test('the key opens what is stored, and the clocks agree', async () => {
    const nats = await startNats();
    await fill(nats);
    const findings = await look(nats.url);
    expect(verdicts(findings)).toEqual(['nats ok', 'streams ok', 'key ok', 'clocks ok']);
    expect(findings[2]?.found).toBe('opens what is stored');
  });

  test('another key is a fault, unless the right one is the previous one', async () => {
    const nats = await startNats();
    await fill(nats);
    const wrong = await look(nats.url, { encryption_key: keys[1] });
    expect(verdicts(wrong)).toContain('key fault');
    const both = { encryption_key: keys[1], previous_encryption_key: keys[0] };
    expect(verdicts(await look(nats.url, both))).toContain('key ok');
  });

  test('another number of replicas is a warning', async () => {
    const nats = await startNats();
    await fill(nats);
    expect(verdicts(await look(nats.url, { replicas: 3 }))).toContain('streams warn');
  });

  test('nobody there is a fault', async () => {
    const findings = await look(`nats://127.0.0.1:${String(await freePort())}`);
    expect(verdicts(findings)).toEqual(['nats fault']);
    expect(findings[0]?.advice).toContain('start NATS');
  });

  test('a wrong password is a fault', async () => {
    const { url } = await startConfiguredNats('authorization { user: a, password: right }');
    const findings = await look(url, { username: 'a', password: 'not-the-right-one' });
    expect(verdicts(findings)).toEqual(['nats fault']);
    expect(findings[0]?.advice).toContain('store.username');
  });

  test('no JetStream is a fault', async () => {
    const { url } = await startConfiguredNats('max_payload: 1MB');
    const findings = await look(url);
    expect(verdicts(findings)).toEqual(['nats ok', 'streams fault']);
    expect(findings[1]?.found).toContain('JetStream');
  });

  test('a stream that may not be seen is a fault', async () => {
    const rights = 'permissions: { publish: ["$JS.API.INFO"], subscribe: ["_INBOX.>"] }';
    const users = `users: [{ user: a, password: right-one, ${rights} }]`;
    const folder = await tempDir();
    const text = `jetstream { store_dir: "${folder}" }\nauthorization { ${users} }`;
    const { url } = await startConfiguredNats(text);
    const findings = await look(url, { username: 'a', password: 'right-one' });
    expect(verdicts(findings)).toContain('streams fault');
    expect(findings.at(1)?.advice).toContain('config/nats-server.conf.example');
  });
});

test.each([
  [500, 'ok'],
  [-500, 'ok'],
  [10_000, 'warn'],
  [-90_000, 'fault'],
])('clocks that differ by %i ms: %s', (ahead_ms, verdict) => {
  expect(judgeClocks(ahead_ms)[0]).toBe(verdict);
});

describe('what the doctor says of the accounts of a fleet', () => {
  test('an instance knows them all, though they are in no file', async () => {
    const reason = failure('auth_failed', 'the password is wrong');
    const others = ['bo', 'cy'].map((name) => ({ ...readyAccount, name }));
    const refused = { ...readyAccount, name: 'anna', state: 'refused', reason } as const;
    const { stateDir } = await serve(new MemoryBridge([refused, ...others]));
    const findings = await lookAtAccounts(stateDir);
    expect(verdicts(findings)).toEqual(['accounts warn', 'account fault']);
    expect(findings.map(({ found }) => found)).toEqual([
      '2 of 3 ready',
      expect.stringContaining('anna'),
    ]);
  });

  test('without one nothing is opened', async () => {
    expect(verdicts(await lookAtAccounts())).toEqual(['accounts ok']);
  });
});
