import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load-config.js';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.js';
import { findProgram } from '../support/programs.js';
import { startDaemon } from '../support/daemon.js';
import { startRecorder } from '../support/recorder.js';
import { tempDir } from '../support/temp-dir.js';

const folder = fileURLToPath(new URL('../../config/compose/', import.meta.url));

interface Service {
  readonly volumes: readonly string[];
  readonly secrets: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

async function compose(): Promise<Compose> {
  const text = await readFile(join(folder, 'compose.yaml'), 'utf8');
  return parse(text, { merge: true }) as Compose;
}

test('what compose.yaml names is there', async () => {
  const { services, volumes, secrets } = await compose();
  expect(Object.keys(services)).toEqual(['mosquitto', 'bluelink2mqtt']);
  for (const service of Object.values(services)) {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
    for (const secret of service.secrets) expect(secrets).toHaveProperty([secret]);
    for (const volume of service.volumes) {
      const [source = ''] = volume.split(':');
      if (source.startsWith('.')) expect(existsSync(join(folder, source))).toBe(true);
      else expect(volumes).toHaveProperty(source);
    }
  }
});

test('the bridge finds its secrets by their names', async () => {
  const { services } = await compose();
  const { secrets = [], environment } = services['bluelink2mqtt'] ?? {};
  expect(environment).toEqual({ CREDENTIALS_DIRECTORY: '/run/secrets' });
  const credentials = await tempDir();
  for (const name of secrets) await writeFile(join(credentials, name), `value of ${name}\n`);
  const loaded = await loadConfig({
    file: join(folder, 'bluelink2mqtt.yaml'),
    env: { CREDENTIALS_DIRECTORY: credentials },
    cwd: folder,
  });
  expect(loaded).toMatchObject({
    ok: true,
    config: {
      mqtt: { url: 'mqtt://mosquitto:1883', password: 'value of mqtt.password' },
      accounts: [{ password: 'value of home.password', pin: 'value of home.pin' }],
      http: { host: '0.0.0.0', token: 'value of http.token' },
    },
  });
});

const passwords = findProgram('mosquitto_passwd');

test.skipIf(!hasMosquitto || passwords === undefined)(
  'its broker takes the bridge and a user, and nobody else',
  { timeout: 60_000 },
  async () => {
    const { settings, passwordFile } = await brokerSettings();
    for (const user of ['bluelink2mqtt', 'homeassistant']) {
      execFileSync(passwords ?? '', ['-b', passwordFile, user, `password of ${user}`]);
    }
    const broker = await startMosquitto({ settings });
    await expect(startRecorder(broker.url)).rejects.toThrow(/[Nn]ot authorized/);

    const user = { username: 'homeassistant', password: 'password of homeassistant' };
    const recorder = await startRecorder(broker.url, { client: user });
    const mqtt = { username: 'bluelink2mqtt', password: 'password of bluelink2mqtt' };
    const accounts = [{ name: 'home', backend: 'simulator', simulator: { latency: '10ms' } }];
    await startDaemon({ config: { mqtt: { url: broker.url, ...mqtt }, accounts } });
    await recorder.waitForTopic('bluelink/bridge/availability', 'online', 30_000);
    const info = await recorder.waitFor(({ topic }) => topic.endsWith('/info'), 30_000);
    const [, car = ''] = info.topic.split('/');
    recorder.client.publish(`bluelink/${car}/commands/refresh`, '{"value":"cached","id":"first"}');
    expect(await recorder.waitForEnding('first', 30_000)).toMatchObject({ status: 'succeeded' });
  },
);

/** The lines of mosquitto.conf, where they say nothing of the container: its port, its paths, its log. */
async function brokerSettings() {
  const own = await tempDir();
  await mkdir(join(own, 'data'));
  const passwordFile = join(own, 'passwords');
  await writeFile(passwordFile, '', { mode: 0o600 });
  const acl = join(own, 'acl');
  await copyFile(join(folder, '../mosquitto.acl.example'), acl);
  const text = await readFile(join(folder, 'mosquitto.conf'), 'utf8');
  const settings = text
    .replaceAll('/run/secrets/mosquitto.passwd', passwordFile)
    .replaceAll('/mosquitto/config/acl', acl)
    .replaceAll('/mosquitto/data/', `${join(own, 'data')}/`)
    .split('\n')
    .filter((line) => !/^(#|listener|log_|$)/.test(line));
  expect(settings).toContain('allow_anonymous false');
  return { settings, passwordFile };
}
