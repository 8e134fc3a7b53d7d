import { describe, expect, test } from 'vitest';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.js';
import { configOf, deviceOf, discoveryPrefix, retainedOnce, topicsWith } from './retained.js';
import { SimulatedBridge } from './simulated-bridge.js';

describe.skipIf(!hasMosquitto)('with mosquitto', () => {
  test('another form takes the place of the first; switched off, nothing is left of what is no more', async () => {
    const broker = await startMosquitto();
    const bridge = await SimulatedBridge.start({
      broker,
      mqtt: { flat_topics: true, legacy_topics: true },
      config: { home_assistant: { discovery: 'component' } },
    });
    await bridge.ready();
    const device = deviceOf(bridge.car(0));
    const single = `${discoveryPrefix}sensor/${device}/soc/config`;
    const inParts = await retainedOnce(broker, (now) => now.has(single));
    expect(topicsWith(inParts, configOf(device))).toEqual([]);

    await bridge.daemon.stop();
    const { base } = bridge;
    // With 3.1.1 what the bridge clears comes back to it.
    const mqtt = { url: broker.url, base_topic: base, client_id: base, version: 4 };
    await bridge.startAgain({ home_assistant: { discovery: 'device' }, mqtt });
    const inOne = await retainedOnce(broker, (now) => now.has(configOf(device)));
    expect(topicsWith(inOne, discoveryPrefix)).toEqual(
      [`bluelink2mqtt_${base}`, device].map(configOf).sort(),
    );

    await bridge.daemon.stop();
    await bridge.startAgain({ home_assistant: { discovery: 'off' }, mqtt });
    const own = ['availability', 'info', 'state'].map((rest) => bridge.topic(`car0/${rest}`));
    const ofBridge = ['availability', 'state'].map((rest) => bridge.topic(`bridge/${rest}`));
    const wanted = [...ofBridge, ...own];
    const left = await retainedOnce(
      broker,
      (now) => now.size <= wanted.length && now.has(own[1] ?? ''),
    );
    expect([...left.keys()].sort()).toEqual(wanted);
    expect(bridge.logLines().filter(({ level }) => level === 'warn')).toEqual([]);
  });
});
