import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load-config.js';
import { controlPath } from '../../src/http/control-path.js';
import { exchange } from '../http/served.js';
import { startDaemon } from '../support/daemon.js';
import { startConfiguredNats } from '../support/configured-nats.js';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.js';
import { hasNats } from '../support/nats.js';
import { findProgram } from '../support/programs.js';
import { startRecorder } from '../support/recorder.js';
import { keepSecret } from '../support/secret-scan.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';
import { waitUntil } from '../support/wait.js';

const folder = fileURLToPath(new URL('../../config/compose/fleet/', import.meta.url));
const encryption_key = Buffer.alloc(32, 5).toString('base64');
const password = 'the-password-of-nats';
const natsIsAway = 'NATS is not connected';

interface Service {
  readonly volumes: readonly string[];
  readonly secrets: readonly (string | { readonly source: string })[];
  readonly environment?: Readonly<Record<string, string>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

type Secret = Service['secrets'][number];

function nameOf(secret: Secret): string {
  return typeof secret === 'string' ? secret : secret.source;
}

async function compose(): Promise<Compose> {
  const text = await readFile(join(folder, 'compose.yaml'), 'utf8');
  return parse(text, { merge: true }) as Compose;
}

test('what the compose file of a fleet names is there, and each instance has a place of its own', async () => {
  const { services, volumes, secrets } = await compose();
  for (const service of Object.values(services)) {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
    for (const secret of service.secrets) {
      expect(secrets).toHaveProperty([nameOf(secret)]);
    }
    for (const volume of service.volumes) {
      const [source = ''] = volume.split(':');
      if (source.startsWith('.')) expect(existsSync(join(folder, source))).toBe(true);
      else expect(volumes).toHaveProperty(source);
    }
  }
  const instances = ['one', 'two', 'three'];
  expect(Object.keys(services)).toEqual(['nats', 'mosquitto', ...instances]);
  for (const name of instances) {
    expect(services[name]?.environment).toMatchObject({ BLUELINK2MQTT_INSTANCE: name });
    expect(services[name]?.volumes).toContain(`${name}:/var/lib/bluelink2mqtt`);
  }
});

test('the instances find their secrets by their names, and each its own', async () => {
  const { services } = await compose();
  for (const name of ['one', 'two', 'three']) {
    const { secrets = [] } = services[name] ?? {};
    const credentials = await tempDir();
    for (const secret of secrets.map(nameOf)) {
      const value = secret === 'store.encryption_key' ? encryption_key : `value of ${secret}`;
      await writeFile(join(credentials, secret), `${value}\n`);
    }
    const loaded = await loadConfig({
      file: join(folder, 'bluelink2mqtt.yaml'),
      env: { ...services[name]?.environment, CREDENTIALS_DIRECTORY: credentials },
      cwd: folder,
    });
    expect(loaded).toMatchObject({
      ok: true,
      warnings: [],
      config: {
        instance: name,
        mqtt: { password: 'value of mqtt.password' },
        store: { engine: 'nats', encryption_key, password: 'value of store.password' },
        http: { token: 'value of http.token' },
      },
    });
  }
});

const passwords = findProgram('mosquitto_passwd');

test.skipIf(!hasNats || !hasMosquitto || passwords === undefined)(
  'its NATS and its broker let a fleet do all that it has to, and nobody else in',
  { timeout: 90_000 },
  async () => {
    const nats = await startExampleNats();
    const broker = await startMosquitto({ settings: await brokerSettings() });
    const client = { username: 'homeassistant', password: 'password of homeassistant' };
    const recorder = await startRecorder(broker.url, { client });
    keepSecret(encryption_key, password);
    const config = {
      mqtt: {
        ...{ url: broker.url, username: 'bluelink2mqtt' },
        password: 'password of bluelink2mqtt',
      },
      store: {
        ...{ engine: 'nats', servers: [nats.url], encryption_key },
        ...{ username: 'bluelink2mqtt', password },
      },
      accounts: ['anna', 'bo'].map((name) => ({
        ...{ name, backend: 'simulator' },
        simulator: { latency: '10ms', seed: name.length },
        vehicles: {},
      })),
    };
    const instances = ['one', 'two'];
    const daemons = await Promise.all(
      instances.map((instance) => startDaemon({ config: { ...config, instance } })),
    );
    // Both have joined, asked each other, and share the accounts.
    await recorder.waitFor(({ topic, payload }) => {
      if (topic !== 'bluelink/bridge/state' || payload === '') return false;
      const { instances, accounts } = parse(payload) as {
        readonly instances: Readonly<Record<string, { readonly accounts: number }>>;
        readonly accounts: Readonly<Record<string, { readonly state: string }>>;
      };
      const states = Object.values(accounts).map(({ state }) => state);
      return Object.keys(instances).length === 2 && states.join() === 'ready,ready';
    }, 60_000);
    const infos = recorder.messages.filter(({ topic }) => topic.endsWith('/info'));
    const cars = [...new Set(infos.map(({ topic }) => topic.split('/')[1] ?? ''))];
    expect(cars).toHaveLength(2);
    for (const car of cars) {
      // In this case it goes through the instance that speaks.
      const mixed = `${car.slice(0, 3).toUpperCase()}${car.slice(3)}`;
      recorder.client.publish(
        `bluelink/${mixed}/commands/refresh`,
        `{"value":"cached","id":"${car}"}`,
      );
      expect(await recorder.waitForEnding(car, 30_000)).toMatchObject({ status: 'succeeded' });
    }
    expect(nats.log.items.filter(isRefusal)).toEqual([]);

    const figures = await Promise.all(daemons.map(({ stateDir }) => figuresOf(stateDir)));
    const sum = (name: string): number => figures.reduce((all, of) => all + (of.get(name) ?? 0), 0);
    expect(sum('nats_connected')).toBe(2);
    expect(sum('fleet_member')).toBe(2);
    expect(sum('fleet_instances')).toBe(4);
    expect(sum('fleet_accounts_owned')).toBe(2);
    expect(sum('fleet_speaker')).toBe(1);
    expect(sum('fleet_takeovers_total')).toBeGreaterThanOrEqual(3);

    await expect(connect({ servers: nats.url, reconnect: false })).rejects.toThrow(/Authorization/);
    const user = { user: 'bluelink2mqtt', pass: password };
    const same = await connect({ servers: nats.url, ...user });
    onTeardown(() => same.close());
    const { streams } = await jetstreamManager(same);
    await expect(streams.delete('bluelink2mqtt_store')).rejects.toThrow(/[Pp]ermissions/);
    await nats.log.waitFor(isRefusal, 10_000, () => 'NATS to have noted that');

    await nats.stop();
    for (const { stateDir } of daemons) {
      await waitUntil(
        async () =>
          (await exchange(controlPath(stateDir), 'GET /readyz')).text.includes(natsIsAway),
        20_000,
        () => 'an instance to say that NATS is away',
      );
    }
  },
);

/** Those without labels, by their names without the prefix. */
async function figuresOf(stateDir: string): Promise<ReadonlyMap<string, number>> {
  const { text } = await exchange(controlPath(stateDir), 'GET /metrics');
  const found = text.matchAll(/^bluelink2mqtt_(\w+) (\S+)$/gm);
  return new Map([...found].map(([, name = '', value]) => [name, Number(value)]));
}

const isRefusal = (line: string): boolean => /[Vv]iolation/.test(line);

/** The example as it is, in a folder of its own. */
async function startExampleNats() {
  const text = await readFile(join(folder, '../../nats-server.conf.example'), 'utf8');
  return startConfiguredNats(text.replace('/var/lib/nats', await tempDir()), {
    'nats.password': `NATS_PASSWORD: "${password}"\n`,
  });
}

/** As in the test of the single bridge: what the broker's configuration says of who may do what. */
async function brokerSettings(): Promise<string[]> {
  const own = await tempDir();
  await mkdir(join(own, 'data'));
  const [passwordFile, acl] = [join(own, 'passwords'), join(own, 'acl')];
  await writeFile(passwordFile, '', { mode: 0o600 });
  for (const user of ['bluelink2mqtt', 'homeassistant']) {
    execFileSync(passwords ?? '', ['-b', passwordFile, user, `password of ${user}`]);
  }
  await copyFile(join(folder, '../../mosquitto.acl.example'), acl);
  const text = await readFile(join(folder, '../mosquitto.conf'), 'utf8');
  return text
    .replaceAll('/run/secrets/mosquitto.passwd', passwordFile)
    .replaceAll('/mosquitto/config/acl', acl)
    .replaceAll('/mosquitto/data/', `${join(own, 'data')}/`)
    .split('\n')
    .filter((line) => !/^(#|listener|log_|$)/.test(line));
}
