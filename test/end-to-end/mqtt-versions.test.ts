import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Aedes, type Client } from 'aedes';
import { beforeAll, describe, expect, test } from 'vitest';
import { lifeCycleEventSchema } from '../../src/vehicle/life-cycle.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { startRecorder } from '../support/recorder.js';
import { onTeardown } from '../support/teardown.js';
import { SimulatedBridge } from './simulated-bridge.js';

/** A broker in this process that speaks 3.1.1 and refuses MQTT 5. */
async function startAedes() {
  const aedes = await Aedes.createBroker();
  const refusals: string[] = [];
  const clients = new Map<string, Client>();
  aedes.on('connectionError', (_client, error) => refusals.push(error.message));
  aedes.on('clientReady', (client) => clients.set(client.id, client));
  const server = createServer((socket) => {
    aedes.handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTeardown(async () => {
    await new Promise<void>((resolve) => {
      aedes.close(resolve);
    });
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `mqtt://127.0.0.1:${String(port)}`, refusals, clients };
}

async function expectService(bridge: SimulatedBridge, version: 4 | 5): Promise<void> {
  await bridge.ready();
  for (const word of ['cached', 'force', 'smart:300']) {
    expect(await bridge.refresh('car0', word)).toMatchObject({ status: 'succeeded' });
  }
  const { mqtt } = await bridge.waitForState(() => true);
  expect(mqtt).toEqual({ version, reconnects: 0 });
}

describe.skipIf(!hasMosquitto)('with mosquitto', () => {
  let broker: Mosquitto;

  beforeAll(async () => {
    broker = await startMosquitto();
  });

  test.each([
    ['auto', 5],
    [5, 5],
    [4, 4],
  ] as const)('the version %s is MQTT %d', async (version, spoken) => {
    const bridge = await SimulatedBridge.start({ broker, mqtt: { version } });
    await expectService(bridge, spoken);
  });

  describe('MQTT 3.1.1', () => {
    let bridge: SimulatedBridge;

    beforeAll(async () => {
      bridge = await SimulatedBridge.start({ broker, mqtt: { version: 4 } });
      await bridge.ready();
    });

    test('commands without properties run, their response topics do not exist', async () => {
      const replies = await startRecorder(broker.url, { filter: 'replies/#' });
      const id = bridge.newId();
      await broker.publish(bridge.commandTopic('car0'), JSON.stringify({ id, value: 'cached' }), {
        arguments: ['-D', 'publish', 'response-topic', 'replies/old'],
      });
      expect(await bridge.recorder.waitForEnding(id)).toMatchObject({ status: 'succeeded' });
      expect(replies.messages).toEqual([]);
    });

    test('a live retained command runs once; its stored copy is refused and cleared', async () => {
      const calls = bridge.calls('force').length;
      await broker.publish(
        bridge.commandTopic('car0'),
        JSON.stringify({ id: 'kept', value: 'force' }),
        { retain: true },
      );
      expect(await bridge.recorder.waitForEnding('kept')).toMatchObject({ status: 'succeeded' });
      expect(await bridge.daemon.stop()).toEqual({ code: 0, signal: null });
      const from = bridge.recorder.messages.length;
      await bridge.startAgain();
      const refused = await bridge.recorder.waitFor(
        ({ topic, payload }) => topic.endsWith('/result') && payload.includes('"retained"'),
        undefined,
        from,
      );
      expect(lifeCycleEventSchema.parse(JSON.parse(refused.payload))).toMatchObject({
        status: 'rejected',
        code: 'retained',
        vehicle: 'car0',
      });
      await bridge.refresh('car0', 'cached');
      const later = await startRecorder(broker.url, { filter: bridge.commandTopic('car0') });
      await bridge.refresh('car0', 'cached');
      expect(later.messages.filter(({ retain }) => retain)).toEqual([]);
      expect(bridge.calls('force')).toHaveLength(calls + 1);
    });
  });
});

describe('with a broker that only speaks 3.1.1', () => {
  let broker: Awaited<ReturnType<typeof startAedes>>;

  beforeAll(async () => {
    broker = await startAedes();
  });

  test('auto falls back by itself, and stays with it', async () => {
    const bridge = await SimulatedBridge.start({ broker, recorder: { protocolVersion: 4 } });
    await expectService(bridge, 4);
    expect(broker.refusals).toHaveLength(1);
    broker.clients.get(bridge.base)?.close();
    await bridge.waitForState(({ mqtt }) => mqtt.reconnects === 1);
    expect(await bridge.refresh('car0', 'cached')).toMatchObject({ status: 'succeeded' });
    expect(broker.refusals).toHaveLength(1);
    expect(bridge.logLines().filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('5 alone says why it cannot connect, and stops when asked', async () => {
    const before = broker.refusals.length;
    const bridge = await SimulatedBridge.start({
      broker,
      mqtt: { version: 5 },
      recorder: { protocolVersion: 4 },
    });
    const line = await bridge.daemon.waitForLine(/"level":"warn".*[Pp]rotocol/);
    expect(line).toContain('broker');
    await expect.poll(() => broker.refusals.length, { timeout: 15_000 }).toBeGreaterThan(before);
    expect(await bridge.daemon.stop()).toEqual({ code: 0, signal: null });
    expect(bridge.recorder.messages).toEqual([]);
  });
});
