import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { runProgram } from '../end-to-end/program.js';
import { startDaemon } from '../support/daemon.js';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.js';
import { startRecorder } from '../support/recorder.js';
import { tempDir } from '../support/temp-dir.js';

test.skipIf(!hasMosquitto)(
  'the bridge knows the cars that `vehicles` has listed before it',
  async () => {
    const broker = await startMosquitto();
    const stateDir = await tempDir();
    const simulator = { vehicles: 2, latency: '10ms' };
    const config = {
      mqtt: { url: broker.url },
      log: { format: 'json' },
      accounts: [{ name: 'home', backend: 'simulator', simulator }],
    };
    const file = join(await tempDir(), 'bluelink2mqtt.yaml');
    await writeFile(file, stringify({ ...config, state_dir: stateDir }));
    const { code, stdout } = await runProgram(['vehicles', '--config', file]);
    expect({ code, first: stdout.split('\n')[0] }).toEqual({ code: 0, first: 'home: 2 car(s)' });
    const vins = [...stdout.matchAll(/^ {2}(\w{17}) /gm)].map(([, vin = '']) => vin.toLowerCase());
    expect(vins).toHaveLength(2);

    const asJson = await runProgram(['vehicles', '--json', '--config', file]);
    const [listed, ...others] = JSON.parse(asJson.stdout) as { vehicles: { vin: string }[] }[];
    expect(others).toEqual([]);
    expect(listed).toMatchObject({
      account: 'home',
      vehicles: vins.map((vin) => ({ vin: vin.toUpperCase() })),
    });

    const recorder = await startRecorder(broker.url);
    await startDaemon({ config, stateDir });
    for (const vin of vins) await recorder.waitForTopic(`bluelink/${vin}/availability`, 'online');
  },
);
