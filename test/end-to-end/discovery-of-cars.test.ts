import { describe, expect, test } from 'vitest';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.js';
import {
  configOf,
  deviceOf,
  discoveryPrefix,
  retainedOnce,
  topicsWith,
  type Retained,
} from './retained.js';
import { SimulatedBridge } from './simulated-bridge.js';

describe.skipIf(!hasMosquitto)('with mosquitto', () => {
  test('a car that is disabled leaves nothing behind, killed or not, and comes back as it was', async () => {
    const broker = await startMosquitto();
    const bridge = await SimulatedBridge.start({
      broker,
      cars: 2,
      mqtt: { flat_topics: true, legacy_topics: true },
    });
    await bridge.ready();
    const month = '2026-10';
    expect(await bridge.ended('car1', 'trips', { month })).toMatchObject({ status: 'succeeded' });
    const [device0, device1] = [deviceOf(bridge.car(0)), deviceOf(bridge.car(1))];
    const { vendorId } = bridge.car(1);
    const ofCar1 = (retained: Retained): string[] =>
      topicsWith(retained, '/car1/', `/${vendorId}/`, device1);
    const before = await retainedOnce(broker, (now) => now.has(configOf(device1)));
    const some = ['availability', 'info', 'state', `trips/${month}`, 'value/id', 'status/error'];
    expect(ofCar1(before)).toEqual(
      expect.arrayContaining(some.map((rest) => bridge.topic(`car1/${rest}`))),
    );

    const without = bridge.accountsWith(1, { enabled: false });
    await bridge.killAndStartAgain(without);
    await bridge.killAndStartAgain(without);
    const meanwhile = await retainedOnce(broker, (now) => ofCar1(now).length === 0);
    expect(topicsWith(meanwhile, '/car0/', device0)).toEqual(topicsWith(before, '/car0/', device0));

    await bridge.daemon.stop();
    await bridge.startAgain();
    const after = await retainedOnce(broker, (now) => now.has(configOf(device1)));
    expect(ofCar1(after)).toEqual(ofCar1(before));
    for (const topic of topicsWith(before, discoveryPrefix))
      expect(after.get(topic)).toBe(before.get(topic));
  });
});
