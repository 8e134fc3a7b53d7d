import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { AppFault, writeAppConfig } from '../../src/cli/home-assistant-app.js';
import { loadConfig } from '../../src/config/load-config.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';

const appFolder = new URL('../../home-assistant-addon/bluelink2mqtt/', import.meta.url);
const account = {
  ...{ name: 'home', region: 'europe', brand: 'hyundai' },
  ...{ username: 'me@example.com', password: 'swordfish', pin: '' },
};
/** As the app's page stores them when nothing else was filled in. */
const options = { accounts: [account], allow: [], read_only: false, log_level: 'info' };
const service = {
  ...{ addon: 'core_mosquitto', host: 'core-mosquitto', port: 1883, ssl: false },
  ...{ username: 'addons', password: 'from the supervisor', protocol: '3.1.1' },
};

interface Supervisor {
  readonly url: string;
  readonly asked: readonly string[];
}

/** What a Supervisor answers apps that ask for the broker; 400 where there is none. */
async function aSupervisor(mqtt: unknown): Promise<Supervisor> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url ?? ''} ${request.headers.authorization ?? ''}`);
    response.writeHead(mqtt === undefined ? 400 : 200, { 'content-type': 'application/json' });
    const error = { result: 'error', message: 'Service not enabled' };
    response.end(JSON.stringify(mqtt === undefined ? error : { result: 'ok', data: mqtt }));
  }).listen(0, '127.0.0.1');
  onTeardown(() => {
    server.close();
  });
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, asked };
}

async function made(given: object, supervisor: Supervisor, file?: string): Promise<string> {
  const [dataDir, configDir] = [await tempDir(), await tempDir()];
  await writeFile(join(dataDir, 'options.json'), JSON.stringify(given));
  if (file !== undefined) await writeFile(join(configDir, 'bluelink2mqtt.yaml'), file);
  const target = join(dataDir, 'config.yaml');
  const surroundings = { supervisorUrl: supervisor.url, supervisorToken: 'supervisors-token' };
  await writeAppConfig(target, { dataDir, configDir, ...surroundings });
  return target;
}

async function loaded(target: string) {
  const result = await loadConfig({ file: target, env: {}, cwd: '/' });
  if (!result.ok) throw new Error(result.faults.map(({ message }) => message).join('\n'));
  return result.config;
}

test('the page and the broker of Home Assistant make a whole configuration', async () => {
  const supervisor = await aSupervisor(service);
  const target = await made(options, supervisor);
  expect(await loaded(target)).toMatchObject({
    mqtt: {
      ...{ url: 'mqtt://core-mosquitto:1883', username: 'addons' },
      password: 'from the supervisor',
    },
    accounts: [{ name: 'home', username: 'me@example.com', password: 'swordfish' }],
    http: { host: '0.0.0.0', port: 8099, trusted_proxies: ['172.30.32.2'] },
    commands: { read_only: false },
    log: { level: 'info', format: 'pretty' },
  });
  expect(supervisor.asked).toEqual(['/services/mqtt Bearer supervisors-token']);
  expect((await stat(target)).mode & 0o777).toBe(0o600);
});

test('nobody can guess the token of the port', async () => {
  const supervisor = await aSupervisor(service);
  const one = await loaded(await made(options, supervisor));
  const other = await loaded(await made(options, supervisor));
  expect(one.http.token).toMatch(/^[0-9a-f]{64}$/);
  expect(one.http.token).not.toBe(other.http.token);
});

test('an own broker is not asked for, and an encrypted one is', async () => {
  const none = await aSupervisor(undefined);
  const own = { ...options, mqtt_url: 'mqtts://broker.lan:8883', mqtt_username: 'car' };
  const { mqtt } = await loaded(await made(own, none));
  expect(mqtt).toMatchObject({ url: 'mqtts://broker.lan:8883', username: 'car' });
  expect(none.asked).toEqual([]);
  const encrypted = await aSupervisor({ ...service, ssl: true, port: 8883 });
  const config = await loaded(await made(options, encrypted));
  expect(config.mqtt.url).toBe('mqtts://core-mosquitto:8883');
});

test('without any broker it says what to do', async () => {
  const supervisor = await aSupervisor(undefined);
  await expect(made(options, supervisor)).rejects.toThrow(/Mosquitto broker, or set mqtt_url/);
});

test("the user's file adds what the page does not know", async () => {
  const supervisor = await aSupervisor(service);
  const file = {
    mqtt: { base_topic: 'cars' },
    accounts: [
      { name: 'home', vehicles: { KMHXX00XXXX000000: { alias: 'ioniq5' } }, brand: 'kia' },
      { name: 'trial', backend: 'simulator' },
    ],
    polling: { every: '1h' },
    commands: { rate: '5/10m' },
    http: { host: '127.0.0.1', port: 1, trusted_proxies: ['0.0.0.0/0'] },
  };
  const given = { ...options, allow: ['refresh', 'lock:lock'], read_only: true };
  const config = await loaded(await made(given, supervisor, stringify(file)));
  expect(config).toMatchObject({
    mqtt: { base_topic: 'cars', url: 'mqtt://core-mosquitto:1883' },
    accounts: [
      { name: 'home', brand: 'hyundai', vehicles: { KMHXX00XXXX000000: { alias: 'ioniq5' } } },
      { name: 'trial', backend: 'simulator' },
    ],
    polling: { every_ms: 3_600_000 },
    commands: { allow: ['refresh', 'lock:lock'], read_only: true },
    http: { host: '0.0.0.0', port: 8099, trusted_proxies: ['172.30.32.2'] },
  });
});

test('a file that is no configuration is named, and nothing of it is shown', async () => {
  const supervisor = await aSupervisor(service);
  for (const file of ['accounts: [{password: "geheim}]', 'geheim', 'accounts: geheim']) {
    const reason = await made(options, supervisor, file).catch((error: unknown) => error);
    expect(reason).toBeInstanceOf(AppFault);
    expect(String(reason)).toContain('bluelink2mqtt.yaml');
    expect(String(reason)).not.toContain('geheim');
  }
});

test('an empty file is none', async () => {
  const supervisor = await aSupervisor(service);
  for (const file of ['', '# nothing yet\n']) await loaded(await made(options, supervisor, file));
});

test('what the page offers is what the bridge knows', async () => {
  const supervisor = await aSupervisor(service);
  const app = parse(await readFile(new URL('config.yaml', appFolder), 'utf8')) as {
    readonly version: string;
    readonly options: typeof options;
    readonly schema: {
      readonly accounts: readonly [{ readonly region: string; readonly brand: string }];
      readonly log_level: string;
    };
  };
  const [{ region, brand }] = app.schema.accounts;
  const cases = [
    ...choices(region).map((value) => ({ accounts: [{ ...account, region: value }] })),
    ...choices(brand).map((value) => ({ accounts: [{ ...account, brand: value }] })),
    ...choices(app.schema.log_level).map((value) => ({ log_level: value })),
  ];
  expect(cases.length).toBeGreaterThan(15);
  for (const one of cases) {
    await loaded(await made({ ...app.options, accounts: [account], ...one }, supervisor));
  }
  const manifest = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  expect(app.version).toBe(version);
});

/** `list(a|b)` of the app's schema. */
function choices(type: string): string[] {
  return /^list\((.*)\)$/.exec(type)?.[1]?.split('|') ?? [];
}
