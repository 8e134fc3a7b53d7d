import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { hasBluelinky } from '../backends/bluelinky/library.js';
import { type Cloud, startCloud } from '../cloud/cloud.js';
import { startDaemon } from '../support/daemon.js';
import { hasMosquitto, type Mosquitto, startMosquitto } from '../support/mosquitto.js';
import { type Recorder, startRecorder } from '../support/recorder.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';

const here = (path: string) => new URL(path, import.meta.url).href;
const nodeOptions = [
  ...['--import', here('../../scripts/register-typescript.mjs')],
  ...['--import', here('../backends/bluelinky/through-proxy-preload.mjs')],
];
const installed = fileURLToPath(here('../../.cache/bluelinky/node_modules'));

describe.skipIf(!(hasMosquitto && hasBluelinky))('the daemon with bluelinky', () => {
  let cloud: Cloud;
  let broker: Mosquitto;
  let recorder: Recorder;

  beforeAll(async () => {
    cloud = await startCloud();
    onTeardown(() => cloud.stop());
    broker = await startMosquitto();
    recorder = await startRecorder(broker.url);
  });

  test(
    'signs in once, reads, wakes, and after a restart signs in no more',
    { timeout: 180_000 },
    async () => {
      const signIn = { username: 'node@example.com', password: 'open-sesame', pin: 'n1.z' };
      const owner = cloud.accounts.usaHyundai({ ...signIn, cars: 1, seed: 41 });
      const stateDir = await tempDir();
      await symlink(installed, join(stateDir, 'node_modules'));
      const [car] = owner.cars;
      if (car === undefined) throw new Error('no car');
      const start = () =>
        startDaemon({
          config: {
            mqtt: { url: broker.url, base_topic: 'node' },
            refresh: { on_start: 'off' },
            polling: { enabled: false },
            log: { level: 'debug', format: 'json' },
            accounts: [
              {
                name: 'home',
                backend: 'bluelinky',
                region: 'usa',
                brand: 'hyundai',
                ...signIn,
                vehicles: { [car.identity.id]: { alias: 'ours' } },
              },
            ],
          },
          stateDir,
          environment: cloud.environment,
          nodeOptions,
        });
      const asked = () => cloud.requests.all.map(({ operation }) => operation);
      const refresh = async (id: string, mode: string) => {
        await broker.publish('node/ours/commands/refresh', JSON.stringify({ id, value: mode }));
        return recorder.waitForEnding(id, 60_000);
      };

      const first = await start();
      const info = await recorder.waitForTopic('node/ours/info', undefined, 30_000);
      expect(JSON.parse(info.payload)).toMatchObject({
        vin: car.identity.vin,
        backend: 'bluelinky',
      });
      expect(asked()).toEqual(['sign_in', 'list']);
      expect(await refresh('one', 'cached')).toMatchObject({ status: 'succeeded' });
      expect(await refresh('two', 'force')).toMatchObject({ status: 'succeeded' });
      expect(asked().filter((one) => one === 'sign_in' || one === 'refresh')).toEqual(['sign_in']);
      await first.stop();
      cloud.requests.clear();
      await start();
      expect(await refresh('three', 'cached')).toMatchObject({ status: 'succeeded' });
      expect(asked()).toEqual(['list', 'cached', 'list']);
    },
  );
});
