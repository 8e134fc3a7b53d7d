import { beforeAll, describe, expect, test } from 'vitest';
import { createIdentity } from '../../src/vehicle/simulated-identity.js';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { hasMosquitto, type Mosquitto, startMosquitto } from '../support/mosquitto.js';
import { type Recorder, startRecorder } from '../support/recorder.js';
import { HomeAssistant, versions } from './home-assistant.js';
import { type EntityIds, waitForDevices, waitForEntities } from './registry.js';

type Section = Readonly<Record<string, unknown>>;

const brand = { brand: 'hyundai', region: 'europe' } as const;
const vinOf = (seed: number): string => createIdentity({ index: 0, seed, ...brand }).vin;
const [ours, theirs] = [vinOf(7), vinOf(8)];
const deviceOf = (vin: string): string => `bluelink2mqtt_${vin.toLowerCase()}`;

/** An account with one electric car. */
function account(name: string, seed: number, car: Section = {}): Section {
  const vehicles = { [vinOf(seed)]: { name: `${name} car`, ...car } };
  return {
    name,
    backend: 'simulator',
    vehicles,
    simulator: { vehicles: 1, seed, latency: '20ms' },
  };
}

const everything = ['refresh', 'lock', 'lock:unlock', 'climate', 'climate:start', 'charge'];

/** What a person changes in the configuration, one thing after another, with the bridge started anew each time. */
describe.skipIf(!hasMosquitto)('a configuration that changes', () => {
  let broker: Mosquitto;
  let recorder: Recorder;
  let ha: HomeAssistant;
  let daemon: Daemon | undefined;
  let ourIds: EntityIds;
  let theirIds: EntityIds;

  const both = [account('home', 7), account('garage', 8)];
  const ofBoth = ['bluelink2mqtt_bluelink', 'bluelink2mqtt_bluelink_home'];
  const devices = [...ofBoth, 'bluelink2mqtt_bluelink_garage', deviceOf(ours), deviceOf(theirs)];

  async function runWith(accounts: readonly Section[], allow = everything): Promise<void> {
    await daemon?.stop();
    const stateDir = daemon?.stateDir;
    daemon = await startDaemon({
      config: {
        mqtt: { url: broker.url },
        ...{ accounts, commands: { allow }, polling: { enabled: false }, http: { enabled: false } },
        log: { level: 'info', format: 'json' },
      },
      ...(stateDir === undefined ? {} : { stateDir }),
    });
  }

  const entitiesOf = (vin: string): Promise<EntityIds> =>
    waitForEntities(ha, recorder, vin.toLowerCase());

  /** Waits until the topics that have the VIN in them are cleared. */
  async function expectNothingRetained(vin: string): Promise<void> {
    const prefix = `bluelink/${vin.toLowerCase()}/`;
    const retained = (): string[] => {
      const newest = new Map(recorder.messages.map((message) => [message.topic, message.payload]));
      const topics = [...newest.keys()].filter((topic) => topic.startsWith(prefix));
      return topics.filter((topic) => newest.get(topic) !== '');
    };
    await expect.poll(retained, { timeout: 40_000 }).toEqual([]);
  }

  beforeAll(async () => {
    broker = await startMosquitto();
    recorder = await startRecorder(broker.url);
    [ha] = await Promise.all([
      HomeAssistant.start(versions.newest, 'behaviour-configuration', broker.port),
      runWith(both),
    ]);
    await waitForDevices(ha, devices);
    ourIds = await entitiesOf(ours);
    theirIds = await entitiesOf(theirs);
    await ha.websocket('config/entity_registry/update', {
      entity_id: theirIds.get('soc'),
      name: 'What is left',
    });
  }, 120_000);

  /** They are as they were, a person's own name included. */
  async function expectTheirsBack(): Promise<void> {
    await waitForDevices(ha, devices);
    expect(await entitiesOf(theirs)).toEqual(theirIds);
    const soc = theirIds.get('soc') ?? expect.unreachable('no battery');
    await ha.wait(soc, '*', 20);
    const named = (await ha.entities()).find(({ entity_id }) => entity_id === soc);
    expect(named?.name).toContain('What is left');
    expect(await entitiesOf(ours)).toEqual(ourIds);
  }

  test('a car that is switched off leaves Home Assistant, and comes back as it was', async () => {
    await runWith([account('home', 7), account('garage', 8, { enabled: false })]);
    await waitForDevices(
      ha,
      devices.filter((id) => id !== deviceOf(theirs)),
    );
    await runWith(both);
    await expectTheirsBack();
  }, 120_000);

  test('an account that is removed takes its car along, and brings it back', async () => {
    await runWith([account('home', 7)]);
    await waitForDevices(ha, ['bluelink2mqtt_bluelink', deviceOf(ours)]);
    await expectNothingRetained(theirs);
    await runWith(both);
    await expectTheirsBack();
  }, 120_000);

  test('under another alias a car stays the same device with the same entities', async () => {
    await runWith([account('home', 7, { alias: 'ours' }), account('garage', 8)]);
    await recorder.waitFor(
      ({ topic, payload }) =>
        topic === `homeassistant/device/${deviceOf(ours)}/config` &&
        payload.includes('bluelink/ours/state'),
      20_000,
    );
    await waitForDevices(ha, devices);
    expect(await entitiesOf(ours)).toEqual(ourIds);
    await ha.wait(ourIds.get('soc') ?? '', '*', 20);
    await expectNothingRetained(ours);
    const from = recorder.messages.length;
    await ha.call('button.press', ourIds.get('refresh') ?? '');
    await recorder.waitFor(({ topic }) => topic === 'bluelink/ours/commands/refresh', 10_000, from);
  }, 120_000);

  test('a lock that may no longer be opened becomes a sensor and a button', async () => {
    await runWith(both, ['refresh', 'lock', 'climate', 'climate:start', 'charge']);
    await recorder.waitFor(
      ({ topic, payload }) =>
        topic === `homeassistant/device/${deviceOf(ours)}/config` &&
        payload.includes('doors_unlocked'),
      20_000,
    );
    const ids = await entitiesOf(ours);
    expect(ids.has('doors_lock')).toBe(false);
    expect([ids.get('doors_unlocked'), ids.get('lock')]).toEqual([
      'binary_sensor.home_car_doors_unlocked',
      'button.home_car_lock',
    ]);
    const kept = [...ourIds].filter(([key]) => key !== 'doors_lock');
    expect([...ids]).toEqual(expect.arrayContaining(kept));
  }, 120_000);

  test('nothing was worth a warning to Home Assistant', async () => {
    expect(await ha.log()).toEqual([]);
  });
});
