import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { brokerCheck } from '../../src/cli/doctor/broker.js';
import type { DaemonStanding } from '../../src/cli/doctor/daemon.js';
import { diskCheck } from '../../src/cli/doctor/disk.js';
import { findingsOf, type Finding } from '../../src/cli/doctor/finding.js';
import { httpCheck } from '../../src/cli/doctor/http.js';
import { closeStore, openStore } from '../../src/cli/doctor/own-store.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { Config } from '../../src/config/schema.js';
import { ControlClient } from '../../src/http/control-client.js';
import { runProgram } from '../end-to-end/program.js';
import { canMount, smallDisk } from '../support/crash-disk.js';
import { startDaemon } from '../support/daemon.js';
import { freePort } from '../support/free-port.js';
import { hyundaiAccount } from '../support/library-bridge.js';
import {
  addHyundai,
  hasLibraryWorld,
  startLibraryWorld,
  type LibraryWorld,
} from '../support/library-world.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { findProgram } from '../support/programs.js';
import { oldestTestPython, requireTestPython } from '../support/python.js';
import { startRecorder, type Recorded } from '../support/recorder.js';
import { expectNoSecrets } from '../support/secret-scan.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';

type Settings = Readonly<Record<string, unknown>>;

const simulated = { name: 'home', backend: 'simulator', simulator: { vehicles: 2 } };
const absent = Promise.resolve<DaemonStanding>({ is: 'absent' });
const daemonLimit = { timeout: 40_000 };

async function configFile(settings: Settings): Promise<string> {
  const file = join(await tempDir(), 'bluelink2mqtt.yaml');
  const usual = { http: { enabled: false }, accounts: [simulated], state_dir: await tempDir() };
  await writeFile(file, stringify({ ...usual, ...settings }));
  return file;
}

async function configOf(settings: Settings): Promise<Config> {
  const file = await configFile({ mqtt: { url: 'mqtt://localhost' }, ...settings });
  const loaded = await loadConfig({ file, env: {}, cwd: '/' });
  if (!loaded.ok) throw new Error(loaded.faults.map(({ message }) => message).join('\n'));
  return loaded.config;
}

/** The verdicts, by what was looked at; the worst one of each. */
function verdictsOf(findings: readonly Finding[]): Record<string, string> {
  const order = ['ok', 'warn', 'fault'];
  const rising = findings.toSorted(
    (one, other) => order.indexOf(one.verdict) - order.indexOf(other.verdict),
  );
  return Object.fromEntries(rising.map(({ what, verdict }) => [what, verdict]));
}

function findingOf(findings: readonly Finding[], what: string): Finding | undefined {
  return findings.findLast((finding) => finding.what === what);
}

interface Doctored {
  readonly code: number | null;
  readonly findings: readonly Finding[];
}

/** The built program, as a person runs it. */
async function doctor(
  file: string,
  words: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<Doctored> {
  const args = ['doctor', '--json', '--config', file, ...words];
  const { code, stdout, stderr } = await runProgram(args, environment);
  expectNoSecrets([stdout, stderr], 'what the doctor says');
  const { checks } = JSON.parse(stdout) as { checks: Finding[] };
  return { code, findings: checks };
}

describe.skipIf(!hasMosquitto)('the broker', daemonLimit, () => {
  const at = async ({ url }: Pick<Mosquitto, 'url'>, settings: Settings = {}) =>
    findingsOf(brokerCheck(await configOf({ mqtt: { url, ...settings } }), absent));

  test('that lets everything through is all right, and finds nothing of us afterwards', async () => {
    const broker = await startMosquitto();
    const before = await startRecorder(broker.url);
    const findings = await at(broker);
    expect(verdictsOf(findings)).toEqual({
      broker: 'ok',
      rights: 'ok',
      delay: 'ok',
      retain: 'ok',
      'base topic': 'ok',
    });
    const topics = before.messages.map(({ topic }) => topic);
    expect(topics.length).toBeGreaterThan(0);
    expect(topics.filter((topic) => !/^bluelink\/bridge\/doctor-[0-9a-f]+/.test(topic))).toEqual(
      [],
    );
    const after = await startRecorder(broker.url);
    await after.publish('end', 'end');
    await after.waitForTopic('end');
    expect(after.messages.map(({ topic }) => topic)).toEqual(['end']);
  });

  test('is asked by 3.1.1 where that is configured', async () => {
    const findings = await at(await startMosquitto(), { version: 4 });
    expect(findingOf(findings, 'broker')?.found).toMatch(/MQTT 3\.1\.1$/);
    expect(verdictsOf(findings)).toMatchObject({ broker: 'ok', rights: 'ok', retain: 'ok' });
  });

  test('without TCP_NODELAY is told from one with it', async () => {
    const findings = await at(await startMosquitto({ settings: ['set_tcp_nodelay false'] }));
    const delay = findingOf(findings, 'delay');
    expect(delay).toMatchObject({ verdict: 'warn' });
    expect(delay?.advice).toContain('set_tcp_nodelay true');
  });

  test.each([5, 4])('that lets nobody write is a fault (MQTT %i)', async (version) => {
    const acl = join(await tempDir(), 'acl');
    await writeFile(acl, 'topic read bluelink/#\n');
    await chmod(acl, 0o600);
    const findings = await at(await startMosquitto({ settings: [`acl_file ${acl}`] }), { version });
    // With 3.1.1 mosquitto ends the connection.
    expect(verdictsOf(findings)).toMatchObject({ broker: 'ok', rights: 'fault' });
    expect(findingOf(findings, 'rights')?.advice).toContain('let this user write');
  });

  test('that lets nobody read is a fault', async () => {
    const acl = join(await tempDir(), 'acl');
    await writeFile(acl, 'topic write bluelink/#\n');
    await chmod(acl, 0o600);
    const findings = await at(await startMosquitto({ settings: [`acl_file ${acl}`] }));
    expect(verdictsOf(findings)).toMatchObject({ broker: 'ok', rights: 'fault' });
  });

  test.each([5, 4])('that knows another password is a fault (MQTT %i)', async (version) => {
    const passwords = join(await tempDir(), 'passwd');
    const made = spawnSync(findProgram('mosquitto_passwd') ?? '', [
      '-b',
      '-c',
      passwords,
      'car',
      'another-word',
    ]);
    expect(made.status).toBe(0);
    await chmod(passwords, 0o600);
    const settings = ['allow_anonymous false', `password_file ${passwords}`];
    const broker = await startMosquitto({ settings });
    const findings = await at(broker, { version, username: 'car', password: 'open-sesame-car' });
    expect(findings).toMatchObject([{ verdict: 'fault', what: 'broker' }]);
    expect(findings[0]?.advice).toContain('mqtt.password');
    expect(JSON.stringify(findings)).not.toContain('open-sesame-car');
    const right = await at(broker, { version, username: 'car', password: 'another-word' });
    expect(verdictsOf(right)).toMatchObject({ broker: 'ok', retain: 'ok' });
  });

  test('that keeps nothing is a fault', async () => {
    const findings = await at(await startMosquitto({ settings: ['retain_available false'] }));
    expect(verdictsOf(findings)).toMatchObject({ delay: 'ok', retain: 'fault' });
  });

  test('on which another bridge is online is told', async () => {
    const broker = await startMosquitto();
    await broker.publish('bluelink/bridge/availability', 'online', { retain: true });
    const findings = await at(broker);
    expect(findingOf(findings, 'base topic')).toMatchObject({ verdict: 'warn' });
    expect(findingOf(findings, 'base topic')?.advice).toContain('mqtt.client_id');
  });

  test('that takes the connection and says nothing is a fault', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    silent.on('connection', (socket) => {
      onTeardown(() => {
        socket.destroy();
      });
    });
    onTeardown(() => {
      silent.close();
    });
    const { port } = silent.address() as AddressInfo;
    const findings = await at({ url: `mqtt://127.0.0.1:${String(port)}` });
    expect(findings).toMatchObject([{ verdict: 'fault', what: 'broker' }]);
  });

  test('that is not there is a fault, and so are certificates that cannot be read', async () => {
    const url = `mqtt://localhost:${String(await freePort())}`;
    expect(await at({ url })).toMatchObject([{ verdict: 'fault', what: 'broker' }]);
    const missing = await at({ url }, { ca_file: '/nowhere/ca.pem' });
    expect(missing).toMatchObject([{ verdict: 'fault', found: '/nowhere/ca.pem cannot be read' }]);
  });
});

test('a check that hangs is a fault, what it found before stays, and it is told to end', async () => {
  let told: AbortSignal | undefined;
  const findings = await findingsOf({
    what: 'broker',
    limit_ms: 50,
    look: async (tell, signal) => {
      tell('ok', 'it is there');
      told = signal;
      await once(signal, 'abort');
      tell('ok', 'too late');
    },
  });
  expect(findings).toMatchObject([
    { verdict: 'ok', found: 'it is there' },
    { verdict: 'fault', what: 'broker' },
  ]);
  expect(told?.aborted).toBe(true);
});

describe('the state directory', () => {
  const of = async (settings: Settings): Promise<readonly Finding[]> => {
    const config = await configOf(settings);
    const opened = openStore(config, absent);
    try {
      return await findingsOf(diskCheck(config, opened));
    } finally {
      await closeStore(opened);
    }
  };

  test('is made by the first start, and nothing is left in what is above it', async () => {
    const above = await tempDir();
    const findings = await of({ state_dir: join(above, 'far', 'state') });
    expect(verdictsOf(findings)).toEqual({ disk: 'ok' });
    expect(await readdir(above)).toEqual([]);
  });

  test('that others may enter is told', async () => {
    const state_dir = await tempDir();
    await chmod(state_dir, 0o755);
    const findings = await of({ state_dir });
    expect(verdictsOf(findings)).toEqual({ disk: 'warn', store: 'ok' });
    expect(findingOf(findings, 'disk')?.advice).toContain('chmod 700');
    expect(await readdir(state_dir)).toEqual([]);
  });

  test('that is a file is a fault', async () => {
    const file = join(await tempDir(), 'state');
    await writeFile(file, '');
    expect(await of({ state_dir: file })).toMatchObject([{ verdict: 'fault', what: 'disk' }]);
  });

  test('with a broken store is a fault', async () => {
    const state_dir = await tempDir();
    await mkdir(join(state_dir, 'store'));
    await writeFile(join(state_dir, 'store', 'CURRENT'), 'nonsense\n');
    expect(verdictsOf(await of({ state_dir }))).toMatchObject({ disk: 'ok', store: 'fault' });
  });

  test.skipIf(!canMount)('on a full disk and on a read-only one is a fault', async () => {
    const disk = smallDisk();
    disk.fill();
    const full = findingOf(await of({ state_dir: disk.folder }), 'disk');
    expect(full).toMatchObject({ verdict: 'fault', advice: 'make room' });
    disk.makeRoom();
    const small = findingOf(await of({ state_dir: disk.folder }), 'disk');
    expect(small?.found).toContain('can be written');
    expect(small?.verdict).toBe('fault');
    const words = ['mount', '-o', 'remount,ro', disk.folder];
    const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
    const [program = '', ...rest] = [...sudo, ...words];
    expect(spawnSync(program, rest).status).toBe(0);
    const readOnly = findingOf(await of({ state_dir: disk.folder }), 'disk');
    expect(readOnly?.found).toContain('read-only');
    expect(readOnly?.verdict).toBe('fault');
  });
});

describe('HTTP', () => {
  const running = async (): Promise<DaemonStanding> => ({
    is: 'running',
    client: new ControlClient({ path: join(await tempDir(), 'none.sock'), signIn_ms: 1000 }),
    accounts: [],
  });

  async function server(status: number, body: string): Promise<number> {
    const http = createHttpServer((_, response) => {
      response.writeHead(status).end(body);
    }).listen(0, '127.0.0.1');
    await once(http, 'listening');
    onTeardown(() => {
      http.closeAllConnections();
      http.close();
    });
    return (http.address() as AddressInfo).port;
  }

  const at = async (port: number, standing: Promise<DaemonStanding>) => {
    const [finding] = await findingsOf(httpCheck(await configOf({ http: { port } }), standing));
    return finding;
  };

  test('answers, is ill, or is not there', async () => {
    expect(await at(await server(200, '{}'), running())).toMatchObject({ verdict: 'ok' });
    const ill = await at(await server(503, '{"reasons":["the loop stands still"]}'), running());
    expect(ill).toMatchObject({ verdict: 'fault' });
    expect(ill?.found).toContain('the loop stands still');
    expect(await at(await freePort(), running())).toMatchObject({ verdict: 'warn' });
  });

  test('of another program is told while no bridge runs', async () => {
    expect(await at(await server(200, 'hello'), absent)).toMatchObject({ verdict: 'warn' });
    expect(await at(await freePort(), absent)).toMatchObject({ verdict: 'ok' });
  });
});

describe('as a person runs it', daemonLimit, () => {
  test('a wrong configuration is told as by check-config', async () => {
    const file = await configFile({ mqtt: { url: 'nowhere' } });
    const { code, findings } = await doctor(file);
    expect(code).toBe(78);
    const { stdout } = await runProgram(['check-config', '--config', file]);
    const told = findings.filter(({ what }) => what === 'configuration');
    expect(told.map(({ found }) => found)).toEqual(stdout.trim().split('\n'));
  });

  test('without --json there is a line for each, with what to do', async () => {
    const url = `mqtt://127.0.0.1:${String(await freePort())}`;
    const file = await configFile({ mqtt: { url } });
    const { code, stdout } = await runProgram(['doctor', '--config', file]);
    expect(code).toBe(1);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.filter((line) => !/^(ok|warn|fault) +[a-z]/.test(line))).toEqual([]);
    expect(lines[0]).toMatch(/^ok +node +Node \d/);
    expect(stdout).toMatch(/^fault +broker +mqtt:.* -> start the broker/m);
  });

  test.skipIf(!hasMosquitto)('beside a running bridge it disturbs nobody', async () => {
    const broker = await startMosquitto();
    const recorder = await startRecorder(broker.url);
    const stateDir = await tempDir();
    const config = {
      mqtt: { url: broker.url },
      http: { enabled: false },
      log: { format: 'json' },
      accounts: [simulated],
    };
    const daemon = await startDaemon({ config, stateDir });
    await recorder.waitForTopic('bluelink/bridge/availability', 'online');
    const isCarOnline = ({ topic, payload }: Recorded): boolean =>
      /^bluelink\/(?!bridge)[^/]+\/availability$/.test(topic) && payload === 'online';
    await recorder.waitFor(isCarOnline);
    await recorder.waitFor(() => recorder.messages.filter(isCarOnline).length === 2);
    const from = recorder.messages.length;
    const file = await configFile({ ...config, state_dir: stateDir });
    const { code, findings } = await doctor(file);
    expect({ code, verdicts: verdictsOf(findings) }).toMatchObject({
      code: 0,
      verdicts: { bridge: 'ok', 'base topic': 'ok', account: 'ok', store: 'ok', disk: 'ok' },
    });
    expect(findingOf(findings, 'account')?.found).toBe('home: signed in, 2 car(s)');
    expect(findingOf(findings, 'store')?.found).toContain('in use');
    const since = recorder.messages.slice(from).map(({ topic, payload }) => ({ topic, payload }));
    expect(since.filter(({ topic }) => topic.endsWith('/result'))).toEqual([]);
    expect(since.filter(({ payload }) => payload === 'offline')).toEqual([]);
    await daemon.stop();

    const alone = await doctor(file);
    expect(alone.code).toBe(0);
    const kept = 'home: the kept session is taken, 2 car(s)';
    expect(findingOf(alone.findings, 'account')).toMatchObject({ verdict: 'ok', found: kept });
    expect(findingOf(alone.findings, 'store')?.found).toContain('opens');

    // A store of tomorrow: the clock was set back since.
    const tomorrow = new Date(Date.now() + 86_400_000);
    await utimes(join(stateDir, 'store', 'CURRENT'), tomorrow, tomorrow);
    const late = await doctor(file);
    expect(findingOf(late.findings, 'clock')).toMatchObject({ verdict: 'fault' });
  });

  test.skipIf(!hasMosquitto)('it asks for no one-time code, and says who does', async () => {
    const broker = await startMosquitto();
    const weather = join(await tempDir(), 'control.json');
    const log_file = join(await tempDir(), 'calls.jsonl');
    await writeFile(weather, JSON.stringify({ code: '918273' }));
    const simulator = { vehicles: 1, control_file: weather, log_file };
    const accounts = [{ ...simulated, simulator }];
    const file = await configFile({ mqtt: { url: broker.url }, accounts });
    const first = await doctor(file);
    expect(first.code).toBe(0);
    expect(findingOf(first.findings, 'account')).toMatchObject({ verdict: 'warn' });
    expect(findingOf(first.findings, 'account')?.found).toBe('home: has never signed in');

    expect((await runProgram(['vehicles', '--config', file])).code).toBe(1);
    for (const words of [[], ['--sign-in']]) {
      const { code, findings } = await doctor(file, words);
      expect(code).toBe(1);
      const account = findingOf(findings, 'account');
      expect(account?.verdict).toBe('fault');
      expect(account?.advice).toBe('`bluelink2mqtt login home` asks for the code');
    }
  });
});

describe.skipIf(!hasLibraryWorld)('an account of the real library', { timeout: 90_000 }, () => {
  let world: LibraryWorld;

  beforeAll(async () => {
    world = await startLibraryWorld();
  });

  async function owned(settings: Settings = {}) {
    const owner = addHyundai(world);
    const file = await configFile({
      mqtt: { url: world.broker.url, base_topic: owner.username.replace(/@.*/, '') },
      python: requireTestPython(),
      accounts: [hyundaiAccount(owner)],
      ...settings,
    });
    const { environment } = world.cloud;
    const listed = await runProgram(['vehicles', '--config', file], environment);
    expect(listed.code).toBe(0);
    world.cloud.requests.clear();
    const ask = (...words: string[]): Promise<Doctored> => doctor(file, words, environment);
    const asked = (): string[] =>
      world.cloud.requests.all
        .filter(({ account }) => account === owner.username)
        .map(({ operation }) => operation);
    return { owner, ask, asked };
  }

  test('is asked with its kept session, and nobody is woken or signed in', async () => {
    const { ask, asked } = await owned();
    const { code, findings } = await ask();
    expect({ code, verdicts: verdictsOf(findings) }).toMatchObject({
      code: 0,
      verdicts: { python: 'ok', library: 'ok', account: 'ok' },
    });
    expect(asked()).toEqual(['list']);
  });

  test('whose session has ended signs in only where that is wanted', async () => {
    const { owner, ask, asked } = await owned();
    owner.revokeSession();
    owner.revokeRefreshToken();
    const { code, findings } = await ask();
    expect({ code, account: findingOf(findings, 'account') }).toMatchObject({
      code: 0,
      account: { verdict: 'warn' },
    });
    expect(asked()).toEqual(['list']);
    const signedIn = await ask('--sign-in');
    expect(signedIn.code).toBe(0);
    const found = 'hyundai: signed in, 1 car(s)';
    expect(findingOf(signedIn.findings, 'account')?.found).toBe(found);
    expect(asked()).toContain('sign_in');
  });

  test('whose maker says nothing is a fault', async () => {
    const { ask } = await owned({ workers: { deadline: { sign_in: '10s' } } });
    const held = world.cloud.hold({ operation: ['list'] });
    onTeardown(held.release);
    const { code, findings } = await ask();
    held.release();
    expect({ code, account: findingOf(findings, 'account') }).toMatchObject({
      code: 1,
      account: { verdict: 'fault' },
    });
  });

  test.skipIf(oldestTestPython === undefined)('in Europe needs a newer Python', async () => {
    const account = { name: 'eu', region: 'europe', brand: 'kia', username: 'u', password: 'p' };
    const python = oldestTestPython;
    const mqtt = { url: world.broker.url, base_topic: 'europe' };
    const file = await configFile({ mqtt, python, accounts: [account] });
    const { code, findings } = await doctor(file);
    expect(code).toBe(1);
    expect(verdictsOf(findings)).toMatchObject({ python: 'ok', library: 'fault' });
    expect(findingOf(findings, 'library')?.advice).toContain('Python 3.12');
    const missing = await doctor(await configFile({ mqtt, accounts: [account] }));
    expect(findingOf(missing.findings, 'python')?.advice).toContain('setup');
  });
});
