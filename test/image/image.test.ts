import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { startRecorder } from '../support/recorder.js';
import { tempDir } from '../support/temp-dir.js';
import { waitUntil } from '../support/wait.js';
import { aVolume, Container, image, imageConfig, volumesOf } from './container.js';

const patience = { timeout: 180_000 };
/** A container takes its time on a small computer. */
const start_ms = 60_000;
const simulated = {
  name: 'home',
  backend: 'simulator',
  simulator: { latency: '10ms' },
};

async function configFile(broker: Mosquitto, account: unknown = simulated): Promise<string> {
  const file = join(await tempDir(), 'config.yaml');
  await writeFile(file, stringify({ mqtt: { url: broker.url }, accounts: [account] }));
  return file;
}

describe.skipIf(image === undefined)('the container image, by `npm run test:image`', () => {
  test('says how it is to be run', patience, async () => {
    const config = await imageConfig();
    expect(config).toMatchObject({
      User: '10001:10001',
      StopSignal: 'SIGTERM',
      Healthcheck: { Test: ['CMD', 'bluelink2mqtt', 'health'] },
    });
    expect(config.Labels['org.opencontainers.image.title']).toBe('bluelink2mqtt');
  });

  test('works locked up, says that it hangs, and its successor takes over', patience, async () => {
    const broker = await startMosquitto();
    const recorder = await startRecorder(broker.url);
    const options = { volumes: volumesOf(await aVolume(), await configFile(broker)) };
    const container = await Container.start(options);
    await recorder.waitForTopic('bluelink/bridge/availability', 'online', start_ms);
    const info = await recorder.waitFor(({ topic }) => topic.endsWith('/info'), start_ms);
    const [, car = ''] = info.topic.split('/');

    const refresh = `bluelink/${car}/commands/refresh`;
    await broker.publish(refresh, '{"value":"cached","id":"first"}');
    expect(await recorder.waitForEnding('first', start_ms)).toMatchObject({ status: 'succeeded' });
    expect(await container.health()).toMatchObject({ code: 0, stdout: 'ok\n' });

    const written = await container.execute('touch', '/opt/bluelink2mqtt/x', '/usr/x', '/x');
    expect(written.stderr.match(/Read-only file system/g)).toHaveLength(3);
    const status = await container.execute('cat', '/proc/1/status');
    expect(status.stdout).toMatch(/^Uid:\s+10001\s+10001\s+10001\s+10001$/m);
    expect(status.stdout).toMatch(/^CapBnd:\s+0+$/m);
    expect(status.stdout).toMatch(/^NoNewPrivs:\s+1$/m);

    await container.kill('STOP');
    expect(await container.health()).toMatchObject({ code: 1, stdout: '' });
    await container.kill('CONT');
    await waitUntil(
      async () => (await container.health()).code === 0,
      start_ms,
      () => 'health',
    );

    expect(await container.stop()).toBe(0);
    expect(await container.log()).toContain('stopped');
    expect(recorder.on('bluelink/bridge/availability').at(-1)?.payload).toBe('offline');

    const successor = await Container.start(options);
    await recorder.waitForNext(
      ({ topic, payload }) => topic === 'bluelink/bridge/availability' && payload === 'online',
      start_ms,
    );
    const log = await successor.execute('bluelink2mqtt', 'log', 'first');
    expect(log).toMatchObject({ code: 0 });
    expect(log.stdout).toContain('succeeded');
    expect(await successor.stop()).toBe(0);
  });

  test('without a daemon it is not healthy', patience, async () => {
    const broker = await startMosquitto();
    const container = await Container.start({
      volumes: volumesOf(await aVolume(), await configFile(broker)),
      environment: { BLUELINK2MQTT_STATE_DIR: '/var/lib/bluelink2mqtt/one' },
    });
    const elsewhere = ['env', 'BLUELINK2MQTT_STATE_DIR=/var/lib/bluelink2mqtt/other'];
    const { code, stderr } = await container.execute(...elsewhere, 'bluelink2mqtt', 'health');
    expect(code).toBe(1);
    expect(stderr).toContain('no daemon serves');
  });

  test('starts its Python process where nothing can be written', patience, async () => {
    const broker = await startMosquitto();
    const recorder = await startRecorder(broker.url);
    const account = {
      ...{ name: 'home', region: 'usa', brand: 'hyundai' },
      ...{ username: 'me@example.com', password: 'swordfish', pin: '1234' },
    };
    // Nobody is asked: the way out ends at a port where nobody listens.
    const environment = { HTTPS_PROXY: 'http://127.0.0.1:9' };
    const container = await Container.start({
      volumes: volumesOf(await aVolume(), await configFile(broker, account)),
      environment,
    });
    const state = await recorder.waitFor(
      ({ topic, payload }) =>
        topic === 'bluelink/bridge/state' && payload.includes('"state":"unreachable"'),
      start_ms,
    );
    expect(state.payload).toContain('hyundai_kia_connect_api');
    expect(await container.health()).toMatchObject({ code: 0 });
    expect(await container.stop()).toBe(0);
  });

  test('its user owns the state alone, and finds no compiler', patience, async () => {
    const broker = await startMosquitto();
    const container = await Container.start({
      volumes: volumesOf(await aVolume(), await configFile(broker)),
      restrictions: [],
    });
    const found = await container.execute(
      ...['find', '/', '-xdev', '-writable', '-not', '-type', 'l', '-not', '-path', '/proc/*'],
    );
    const writable = found.stdout.split('\n').filter((path) => path !== '');
    const usual = ['/run/lock', '/tmp', '/var/lib/bluelink2mqtt', '/var/tmp'];
    expect(writable.filter((path) => !usual.includes(path))).toEqual([]);
    for (const program of ['npm', 'pip', 'gcc', 'cc', 'make', 'git', 'curl']) {
      const { code, stderr } = await container.execute('sh', '-c', `command -v ${program}`);
      expect({ program, code, stderr }).toMatchObject({ code: 127 });
    }
  });
});
