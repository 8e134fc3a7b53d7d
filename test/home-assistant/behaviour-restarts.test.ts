import { beforeAll, describe, expect, test } from 'vitest';
import { SimulatedBridge } from '../end-to-end/simulated-bridge.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { startRecorder } from '../support/recorder.js';
import { waitUntil } from '../support/wait.js';
import { HomeAssistant, versions } from './home-assistant.js';
import { waitForEntities } from './registry.js';

type States = Readonly<Record<string, string>>;

/** What Home Assistant itself says of a broker that goes away and comes back. */
const outage = {
  level: 'WARNING',
  logger: 'homeassistant.components.mqtt.client',
  message: 'Error returned from MQTT server: The connection was lost.',
};

describe.skipIf(!hasMosquitto).each([
  { title: 'a broker that keeps nothing over its restart', persistence: false },
  { title: 'a broker that keeps what is retained', persistence: true },
])('with $title', ({ persistence }) => {
  let broker: Mosquitto;
  let bridge: SimulatedBridge;
  let ha: HomeAssistant;
  let before: States;

  beforeAll(async () => {
    broker = await startMosquitto({ persistence });
    const discovery = await startRecorder(broker.url, { filter: 'homeassistant/#' });
    [ha, bridge] = await Promise.all([
      HomeAssistant.start(
        versions.newest,
        `behaviour-restarts-${String(persistence)}`,
        broker.port,
      ),
      SimulatedBridge.start({ broker, cars: 2 }),
    ]);
    for (const { vin } of bridge.cars) await waitForEntities(ha, discovery, vin.toLowerCase());
    // Cut off before that, Home Assistant complains of itself.
    await discovery.waitForTopic('homeassistant/status', 'online', 30_000);
    await waitUntil(
      async () => {
        before = await statesNow();
        return !Object.values(before).includes('unavailable');
      },
      30_000,
      () => 'everything to be there',
    );
  }, 120_000);

  /** Simulated cars report anew when their bridge starts: of times only whether they are known. */
  async function statesNow(): Promise<States> {
    const states = Object.entries(await ha.states());
    return Object.fromEntries(
      states.map(([id, state]) => [id, /^\d{4}-\d\d-\d\dT/.test(state) ? 'a time' : state]),
    );
  }

  async function expectAsBefore(): Promise<void> {
    await expect.poll(statesNow, { timeout: 60_000, interval: 200 }).toEqual(before);
  }

  test('a restart of the broker is a lost connection, and nothing else', async () => {
    await broker.restart();
    await waitUntil(
      async () => (await ha.log()).length > 0,
      20_000,
      () => 'Home Assistant to miss its broker',
    );
    await expectAsBefore();
    // Sometimes the library below it tells of the socket, too.
    const lines = (await ha.log()).filter(({ logger }) => logger !== 'paho.mqtt.client');
    expect(lines).toEqual([expect.objectContaining(outage)]);
  }, 120_000);

  if (persistence) return;

  test('a restart of Home Assistant', async () => {
    await ha.restart();
    await expectAsBefore();
    expect(await ha.log()).toEqual([]);
  }, 120_000);

  test('a restart of the bridge: all that it says is unavailable meanwhile', async () => {
    await bridge.daemon.stop();
    const away = (states: States): States =>
      Object.fromEntries(Object.keys(states).map((id) => [id, 'unavailable']));
    await expect.poll(statesNow, { timeout: 20_000, interval: 200 }).toEqual({
      ...away(before),
      [`binary_sensor.bluelink2mqtt_${bridge.base}_connected`]: 'off',
    });
    await bridge.startAgain();
    await expectAsBefore();
    expect(await ha.log()).toEqual([]);
  }, 120_000);
});
