import { startMosquitto } from '../../test/support/mosquitto.js';
import { startDaemon } from '../../test/support/daemon.js';
import { freePort } from '../../test/support/free-port.js';
import { connect } from '../connect.js';
import { startEcho } from '../controls/echo.js';
import type { Figure } from '../figure.js';
import { instantSimulator } from '../bridge.js';
import { interleave, median } from '../statistics.js';

const rounds = 7;

/** From the process's start to its retained `online`. */
export const start: Figure = {
  name: 'start',
  async measure() {
    const { url } = await startMosquitto();
    let count = 0;
    const samples = await interleave(rounds, 1, [
      async () => ({ control: (await startEcho(url)).start_ms }),
      async () => ({ bridge: await startToOnline(url, `start${(count += 1)}`) }),
    ]);
    return [
      {
        figure: 'start to online, p50',
        value: median(samples.get('bridge') ?? []),
        unit: 'ms',
        control: {
          expression: "bare client's start",
          value: median(samples.get('control') ?? []),
        },
        target: { of: 'value', atMost: 1000 },
      },
    ];
  },
};

async function startToOnline(url: string, base: string): Promise<number> {
  const client = await connect(url);
  const online = new Promise<number>((resolve) => {
    client.on('message', (_topic, payload) => {
      if (payload.toString() === 'online') resolve(performance.now());
    });
  });
  await client.subscribeAsync(`${base}/bridge/availability`, { qos: 1 });
  const http = { port: await freePort() };
  const { account } = instantSimulator(1);
  const mqtt = { url, base_topic: base, client_id: base };
  const begun = performance.now();
  const daemon = await startDaemon({
    config: { mqtt, http, accounts: [{ name: 'bench', ...account }], log: { level: 'warn' } },
  });
  const elapsed_ms = (await online) - begun;
  await daemon.stop();
  await client.endAsync(true);
  return elapsed_ms;
}
