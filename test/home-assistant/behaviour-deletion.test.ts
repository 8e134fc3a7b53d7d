import { beforeAll, describe, expect, test } from 'vitest';
import { SimulatedBridge } from '../end-to-end/simulated-bridge.js';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.js';
import { type Recorder, startRecorder } from '../support/recorder.js';
import { HomeAssistant, versions } from './home-assistant.js';
import {
  deleteDevice,
  deleteEntity,
  type EntityIds,
  identifiers,
  waitForDevices,
  waitForEntities,
} from './registry.js';

/** Once for each entity. */
const ofDeletion = 'No device components to cleanup for bluelink2mqtt_';

const said = 'deleted in Home Assistant';

/** Those who delete a car in Home Assistant want it gone, and get it back when they say so or start anew. */
describe.skipIf(!hasMosquitto).each([versions.newest, versions.oldest])(
  'what is deleted in Home Assistant %s',
  (version) => {
    let ha: HomeAssistant;
    let bridge: SimulatedBridge;
    let discovery: Recorder;
    let identity: string;
    let device: string;
    let before: EntityIds;
    let devices: string[];

    beforeAll(async () => {
      const broker = await startMosquitto();
      discovery = await startRecorder(broker.url, { filter: 'homeassistant/#' });
      [ha, bridge] = await Promise.all([
        HomeAssistant.start(version, 'behaviour-deletion', broker.port),
        SimulatedBridge.start({ broker }),
      ]);
      identity = bridge.car(0).vin.toLowerCase();
      device = `bluelink2mqtt_${identity}`;
      before = await waitForEntities(ha, discovery, identity);
      devices = await identifiers(ha);
    }, 120_000);

    const retained = () => discovery.on(`homeassistant/device/${device}/config`).at(-1)?.payload;
    const logged = () => bridge.logLines().filter(({ msg }) => msg.startsWith(said));
    const announce = () => bridge.command('bridge', 'announce', 'PRESS');

    /** The bridge has noticed that the car was deleted, and goes on working without saying it again. */
    async function expectToStayDeleted(times: number): Promise<void> {
      await waitForDevices(
        ha,
        devices.filter((id) => id !== device),
      );
      await discovery.waitFor(() => retained() === '');
      const lines = bridge.daemon.lines.length;
      await bridge.daemon.output.waitFor(
        () => logged().length === times,
        10_000,
        () => `the log to tell of it; it told of ${JSON.stringify(logged())}`,
      );
      expect(logged().at(-1)).toMatchObject({ level: 'warn', devices: [device] });
      expect(await bridge.refresh('car0', 'force')).toMatchObject({ status: 'succeeded' });
      expect(retained()).toBe('');
      expect(await identifiers(ha)).not.toContain(device);
      expect(bridge.logLines(lines)).not.toContainEqual(
        expect.objectContaining({ level: 'error' }),
      );
    }

    async function expectBack(): Promise<void> {
      await waitForDevices(ha, devices);
      expect(await waitForEntities(ha, discovery, identity)).toEqual(before);
      await ha.wait(before.get('soc') ?? '', '*', 20);
    }

    test('a car stays deleted until somebody asks for it', async () => {
      await deleteDevice(ha, device);
      await expectToStayDeleted(1);
      await announce();
      await expectBack();
    }, 90_000);

    if (version === versions.newest) {
      test('a car comes back when Home Assistant starts', async () => {
        await deleteDevice(ha, device);
        await expectToStayDeleted(2);
        await ha.restart();
        await expectBack();
      }, 90_000);
    } else {
      test('a single entity takes the car along, and both come back', async () => {
        await deleteEntity(ha, before.get('soc') ?? '');
        await expectToStayDeleted(2);
        await announce();
        await expectBack();
      }, 90_000);
    }

    test('nothing was worth a warning but what Home Assistant says of any deletion', async () => {
      const lines = await ha.log();
      const others = lines.filter(({ message }) => !message.startsWith(ofDeletion));
      expect(others).toEqual([]);
    });
  },
);
