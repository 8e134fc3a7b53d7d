import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startMosquitto } from '../support/mosquitto.js';
import { startRecorder } from '../support/recorder.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';
import { app, Container } from './container.js';

const start_ms = 60_000;

/** Offers this broker to apps, as Home Assistant's Supervisor does. */
async function aSupervisor(port: number): Promise<string> {
  const server = createServer((request, response) => {
    const isKnown = request.headers.authorization === 'Bearer supervisors-token';
    response.writeHead(isKnown ? 200 : 403, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ result: 'ok', data: { host: '127.0.0.1', port, ssl: false } }));
  }).listen(0, '127.0.0.1');
  onTeardown(() => {
    server.close();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

describe.skipIf(app === undefined)("Home Assistant's app, by `npm run test:image`", () => {
  test(
    'makes its configuration as root, and runs as nobody special',
    { timeout: 180_000 },
    async () => {
      const broker = await startMosquitto();
      const recorder = await startRecorder(broker.url);
      const [data, config] = [await tempDir(), await tempDir()];
      const options = { accounts: [], allow: [], read_only: false, log_level: 'info' };
      await writeFile(join(data, 'options.json'), JSON.stringify(options), { mode: 0o600 });
      await writeFile(
        join(config, 'bluelink2mqtt.yaml'),
        'accounts: [{ name: trial, backend: simulator, simulator: { latency: 10ms } }]\n',
      );
      const container = await Container.start({
        image: app,
        volumes: [`${data}:/data`, `${config}:/config:ro`],
        environment: {
          SUPERVISOR_URL: await aSupervisor(broker.port),
          SUPERVISOR_TOKEN: 'supervisors-token',
        },
        // As the Supervisor has it.
        restrictions: [
          ...['--init', '--init-path', '/usr/bin/catatonit', '--tmpfs', '/tmp'],
          ...['--security-opt', 'no-new-privileges'],
        ],
      });
      await recorder.waitForTopic('bluelink/bridge/availability', 'online', start_ms);
      const info = await recorder.waitFor(({ topic }) => topic.endsWith('/info'), start_ms);
      const [, car = ''] = info.topic.split('/');
      await broker.publish(`bluelink/${car}/commands/refresh`, '{"value":"cached","id":"first"}');
      expect(await recorder.waitForEnding('first', start_ms)).toMatchObject({
        status: 'succeeded',
      });
      expect(await container.health()).toMatchObject({ code: 0, stdout: 'ok\n' });

      const bridge = await container.execute('sh', '-c', 'cat /proc/$(pidof -s node)/status');
      expect(bridge.stdout).toMatch(/^Uid:\s+10001\s+10001\s+10001\s+10001$/m);
      expect(bridge.stdout).toMatch(/^CapBnd:\s+0+$/m);
      // Not even root may look there without the right to trace others.
      const asItself = ['setpriv', '--reuid', '10001', '--regid', '10001', '--clear-groups'];
      const variables = await container.execute(
        ...[...asItself, 'sh', '-c', 'tr "\\0" "\\n" </proc/$(pidof -s node)/environ'],
      );
      expect(variables.stdout).toContain('BLUELINK2MQTT_CONFIG');
      expect(variables.stdout).not.toContain('supervisors-token');
      expect(await container.stop()).toBe(0);
    },
  );
});
