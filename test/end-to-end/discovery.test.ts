import { describe, expect, test } from 'vitest';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.js';
import { startRecorder } from '../support/recorder.js';
import { configOf, deviceOf, discoveryPrefix, retainedAt, topicsWith } from './retained.js';
import { SimulatedBridge } from './simulated-bridge.js';

describe.skipIf(!hasMosquitto)('with mosquitto', () => {
  test('devices are announced retained, again when Home Assistant starts, and on request what was deleted', async () => {
    const broker = await startMosquitto();
    const heard = await startRecorder(broker.url, { filter: `${discoveryPrefix}#` });
    const bridge = await SimulatedBridge.start({ broker, cars: 2 });
    await bridge.ready();
    const topics = [`bluelink2mqtt_${bridge.base}`, ...bridge.cars.map(deviceOf)].map(configOf);
    for (const topic of topics) await heard.waitForTopic(topic);
    expect(heard.messages[0]).toMatchObject({ topic: topics[0], qos: 1, retain: true });
    const retained = await retainedAt(broker);
    expect(topicsWith(retained, discoveryPrefix)).toEqual(topics.toSorted());

    const [born, states] = [heard.messages.length, bridge.recorder.messages.length];
    await broker.publish('homeassistant/status', 'online');
    for (const topic of topics) await heard.waitFor((one) => one.topic === topic, 15_000, born);
    const state = bridge.topic('car0/state');
    await bridge.recorder.waitFor(({ topic }) => topic === state, 10_000, states);

    const [, deleted = ''] = topics;
    await broker.publish(deleted, '', { retain: true });
    await bridge.daemon.waitForLine(/deleted in Home Assistant/);
    const since = heard.messages.length;
    expect((await retainedAt(broker)).has(deleted)).toBe(false);
    await bridge.command('bridge', 'announce', 'PRESS');
    const again = await heard.waitFor(({ topic }) => topic === deleted, 15_000, since);
    expect(again.payload).toBe(retained.get(deleted));
  });
});
