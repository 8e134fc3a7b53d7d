import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { vehicleCommandNames } from '../../src/vehicle/command.js';
import { expectInPage, tableOf } from '../docs/generated-part.js';
import { SimulatedBridge } from '../end-to-end/simulated-bridge.js';
import { startDaemon } from '../support/daemon.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { isAvailable } from '../support/programs.js';
import { startRecorder, type Recorded, type Recorder } from '../support/recorder.js';
import { waitUntil } from '../support/wait.js';
import { announcedIn, type Announced } from './announced.js';
import {
  folderOf,
  HomeAssistant,
  versions,
  type HaEntity,
  type HaFault,
} from './home-assistant.js';
import { emptied, expectAsAnnounced, shownOf, stateOf } from './shown.js';

const guarded = ['lock:unlock', 'windows:open', 'valet_mode:stop', 'climate:start'];
const allowed = { commands: { allow: [...vehicleCommandNames, ...guarded] } };
/** So that what is left of it is known. */
const budget = { daily: 500 };
const kinds = [
  ['Electric car', 'car0'],
  ['Plug-in hybrid', 'car1'],
  ['Hybrid', 'car2'],
  ['Petrol car', 'car3'],
] as const;
const cars: readonly string[] = kinds.map(([, name]) => name);
/** Of a plug-in that does not charge nobody knows when that would end. */
const unknownOf = (slug: string) => [`sensor.${slug}_charge_end`, `sensor.${slug}_charge_time`];

/** What a real Home Assistant of this version makes of every kind of car and of the bridge. */
export function describeDiscovery(version: string): void {
  const isInstalled = isAvailable(
    existsSync(join(folderOf(version), 'version')),
    `Home Assistant ${version} (npm run test:home-assistant)`,
  );
  describe.skipIf(!isInstalled || !hasMosquitto)(`Home Assistant ${version}`, () => {
    let broker: Mosquitto;
    let ha: HomeAssistant;
    let bridge: SimulatedBridge;
    let recorder: Recorder;
    let faults: HaFault[];

    beforeAll(async () => {
      broker = await startMosquitto();
      [ha, bridge, recorder] = await Promise.all([
        HomeAssistant.start(version, 'discovery', broker.port),
        SimulatedBridge.start({ broker, cars: 4, car: allowed, config: { budget } }),
        startRecorder(broker.url, { filter: 'homeassistant/#' }),
      ]);
      await bridge.ready();
      await told(recorder, cars);
      faults = await ha.check('--restart');
      await welcomed(recorder, bridge);
    });

    test('finds nothing wrong, after its restart either', () => {
      expect(faults.filter(({ rule }) => rule !== 'unknown')).toEqual([]);
      expect(faults.map(({ where }) => where).sort()).toEqual(unknownOf('car1'));
    });

    test('has every entity as it was announced', async () => {
      expectAsAnnounced(await ha.entities(), announcedIn(recorder.messages));
      const devices = await ha.devices();
      const bridgeName = `bluelink2mqtt ${bridge.base}`;
      expect(devices.map(({ name, via_device }) => [name, via_device]).sort()).toEqual(
        [[bridgeName, null], ...cars.map((name) => [name, bridgeName])].sort(),
      );
    });

    test('has what its page says', async () => {
      const [entities, log] = [await ha.entities(), await ha.log()];
      const warnings = `Warnings and errors in its log: ${String(log.length)}.\n\n`;
      expectInPage(
        'docs/home-assistant/README.md',
        `home-assistant-${version}`,
        tableOfDevices(entities) + warnings,
      );
    });

    test('shows the state document of each car after a refresh', async () => {
      for (const [place, name] of cars.entries()) {
        const level = 70 + place;
        await bridge.weather({ vehicles: { '*': { cached: { aux_battery: level } } } });
        await bridge.refresh(`car${String(place)}`, 'cached');
        const shown = await ha.wait(`sensor.${name}_aux_battery`, String(level), 20);
        expect(shown).toMatchObject({ state: String(level) });
      }
      const [entities, announced] = [await ha.entities(), announcedIn(recorder.messages)];
      for (const [place, name] of cars.entries())
        expectShown(entities, announced, name, newestState(bridge, place));
      const { climate, location } = newestState(bridge, 0);
      expect(find(entities, 'climate.car0_climate')).toMatchObject({
        state: climate.mode,
        attributes: { temperature: climate.target },
      });
      const { latitude, longitude } = location;
      expect(find(entities, 'device_tracker.car0_location').attributes).toMatchObject({
        ...{ latitude, longitude, source_type: 'gps' },
      });
    });

    test('knows nothing of what is null', async () => {
      const nothing = emptied(newestState(bridge, 0));
      const topic = bridge.topic('car0/state');
      await broker.publish(topic, JSON.stringify(nothing), { retain: true });
      const battery = await ha.wait('sensor.car0_soc', 'unknown', 20);
      expect(battery).toMatchObject({ state: 'unknown' });
      const entities = await ha.entities();
      expectShown(entities, announcedIn(recorder.messages), 'car0', nothing);
      expect(find(entities, 'climate.car0_climate')).toMatchObject({
        state: 'unknown',
        attributes: { temperature: null },
      });
      expect(await ha.log()).toEqual([]);
      await bridge.refresh('car0', 'cached');
      const back = await ha.wait('sensor.car0_soc', '*', 20);
      expect(back.state).toMatch(/^\d+$/);
    });

    test('takes a message for each entity, and cars in Fahrenheit, and shows American units', async () => {
      await ha.websocket('config/core/update', { unit_system: 'us_customary' });
      const american = await startAmerican(broker, 'component');
      await told(recorder, ['EV6', 'Sportage PHEV', 'Niro Hybrid', 'Ceed']);
      expect(await ha.wait('climate.ev6_climate', 'off', 30)).toMatchObject({ state: 'off' });
      const unknown = [...unknownOf('sportage_phev'), ...unknownOf('car1')];
      expect(await unexpected(ha, unknown)).toEqual([]);
      const entities = await ha.entities();
      expect(find(entities, 'sensor.ev6_odometer').unit).toBe('mi');
      expect(find(entities, 'sensor.ev6_outside_temperature').unit).toBe('°F');
      expect(find(entities, 'sensor.ev6_tyre_fl').unit).toBe('psi');
      expect(find(entities, 'climate.ev6_climate').attributes).toMatchObject({
        ...{ min_temp: 62, max_temp: 82, target_temp_step: 1 },
      });

      await ha.websocket('config/core/update', { unit_system: 'metric' });

      await american.stop();
      await startAmerican(broker, 'off', american.stateDir);
      await waitUntil(
        () => announcedIn(recorder.messages).every(({ device }) => device !== 'EV6'),
        30_000,
        () => 'the discovery messages to be cleared',
      );
      expect(await unexpected(ha, unknown)).toEqual([]);
      const names = (await ha.devices()).map(({ name }) => name);
      expect(names.sort()).toEqual([`bluelink2mqtt ${bridge.base}`, ...cars].sort());
      expect(announcedIn(recorder.messages).map(({ device }) => device)).not.toContain(
        'bluelink2mqtt usa',
      );
    });

    test('shows that the bridge is away', async () => {
      await bridge.daemon.stop();
      const connection = `binary_sensor.${slugOf(`bluelink2mqtt ${bridge.base}`)}_connected`;
      expect(await ha.wait(connection, 'off', 20)).toMatchObject({ state: 'off' });
      const battery = await ha.wait('sensor.car0_soc', 'unavailable', 20);
      expect(battery).toMatchObject({ state: 'unavailable' });
      const { [connection]: _, ...others } = await ha.states();
      expect(new Set(Object.values(others))).toEqual(new Set(['unavailable']));
    });

    test('has everything back with it, but no control of what is not allowed any more', async () => {
      const from = recorder.messages.length;
      await bridge.startAgain({ commands: { allow: ['refresh'] } });
      const hasNoLock = (name: string) =>
        recorder.waitFor(
          ({ payload }) => payload.includes(`"${name}"`) && payload.includes('_doors_unlocked'),
          30_000,
          from,
        );
      await Promise.all(cars.map(hasNoLock));
      expect(await ha.wait('binary_sensor.car0_doors_unlocked', 'off', 30)).toMatchObject({
        state: 'off',
      });
      const found = await unexpected(ha, unknownOf('car1'));
      const [all, announced] = [await ha.entities(), announcedIn(recorder.messages)];
      const ids = new Set(announced.map(({ component }) => component.default_entity_id));
      // Before 2026 what is disabled stays in the list, disabled, until a person deletes it there.
      const isGhost = ({ entity_id, disabled_by }: HaEntity) =>
        version === versions.oldest && disabled_by !== null && !ids.has(entity_id);
      const ghosts = all.filter(isGhost).map(({ entity_id }) => entity_id);
      expect(found.filter(({ where }) => !ghosts.includes(where))).toEqual([]);
      const entities = all.filter((one) => !isGhost(one));
      expectAsAnnounced(entities, announced);
      const ofCars = entities.filter(({ device }) => cars.includes(device ?? ''));
      expect(new Set(ofCars.map(platformOf))).toEqual(
        new Set(['binary_sensor', 'button', 'device_tracker', 'event', 'sensor']),
      );
    });
  });
}

/** Until all that these cars have told is announced. */
async function told(recorder: Recorder, names: readonly string[]): Promise<void> {
  const hasTold = (name: string) =>
    recorder.waitFor(
      ({ payload }) => payload.includes(`"name":"${name}"`) && payload.includes('_tyre_rr'),
      30_000,
    );
  await Promise.all(names.map(hasTold));
}

/** Until the bridge has said everything again for a Home Assistant that has come back. */
async function welcomed(recorder: Recorder, bridge: SimulatedBridge): Promise<void> {
  const topic = 'homeassistant/status';
  const offline = await recorder.waitForTopic(topic, 'offline');
  const from = recorder.messages.indexOf(offline);
  const isOnline = (message: Recorded) => message.topic === topic && message.payload === 'online';
  const online = await recorder.waitFor(isOnline, 30_000, from);
  const state = bridge.topic('car3/state');
  await bridge.recorder.waitFor(
    (message) => message.topic === state && message.at_ms > online.at_ms,
    30_000,
  );
}

/** What is found to be wrong, but that these are unknown. */
async function unexpected(ha: HomeAssistant, unknown: readonly string[]): Promise<HaFault[]> {
  const faults = await ha.check();
  return faults.filter(({ rule, where }) => rule !== 'unknown' || !unknown.includes(where));
}

/** What is shown of a car; the unit of each is the announced one here. */
function expectShown(
  entities: readonly HaEntity[],
  announced: readonly Announced[],
  name: string,
  document: unknown,
): void {
  const components = announced
    .filter(({ device, component }) => device === name && component.enabled_by_default !== false)
    .map(({ component }) => component);
  const wanted = components.flatMap((component) => {
    const shown = shownOf(component, document);
    return shown === undefined ? [] : [[component.default_entity_id, shown] as const];
  });
  const shown = wanted.map(([id]) => [id, stateOf(find(entities, id))] as const);
  expect(shown).toEqual(wanted);
  expect(shown.length).toBeGreaterThan(30);
}

function find(entities: readonly HaEntity[], id: string): HaEntity {
  const found = entities.find(({ entity_id }) => entity_id === id);
  if (found === undefined) throw new Error(`Home Assistant has no ${id}`);
  return found;
}

interface State {
  readonly climate: { readonly mode: string; readonly target: number };
  readonly location: { readonly latitude: number; readonly longitude: number };
}

function newestState(bridge: SimulatedBridge, place: number): State {
  const messages = bridge.recorder.on(bridge.topic(`car${String(place)}/state`));
  return JSON.parse(messages.at(-1)?.payload ?? '') as State;
}

/** Four Kias that think in Fahrenheit, of another bridge on the same broker. */
async function startAmerican(broker: Mosquitto, discovery: string, stateDir?: string) {
  const config = {
    mqtt: { url: broker.url, base_topic: 'usa', client_id: 'usa' },
    http: { enabled: false },
    polling: { enabled: false },
    home_assistant: { discovery },
    budget,
    ...allowed,
    accounts: [
      {
        ...{ name: 'usa', backend: 'simulator', brand: 'kia', region: 'usa' },
        simulator: { vehicles: 4, seed: 7, latency: '20ms' },
      },
    ],
  };
  return startDaemon({ config, ...(stateDir === undefined ? {} : { stateDir }) });
}

function tableOfDevices(entities: readonly HaEntity[]): string {
  const platforms = [...new Set(entities.map(platformOf))].sort();
  const count = (some: readonly HaEntity[]) => (some.length === 0 ? '' : String(some.length));
  const isDisabled = ({ disabled_by }: HaEntity) => disabled_by !== null;
  const row = (title: string, isOf: (device: string) => boolean) => {
    const own = entities.filter(({ device }) => isOf(device ?? ''));
    const ofPlatform = (platform: string) => own.filter((one) => platformOf(one) === platform);
    return [
      ...[title, count(own), count(own.filter(isDisabled))],
      ...platforms.map((platform) => count(ofPlatform(platform))),
    ];
  };
  return tableOf(
    ['', 'Entities', 'Off at first', ...platforms.map((platform) => `\`${platform}\``)],
    [
      ...kinds.map(([title, name]) => row(title, (device) => device === name)),
      row('The bridge, one account', (device) => !cars.includes(device)),
    ],
  );
}

function platformOf({ entity_id }: HaEntity): string {
  return entity_id.split('.')[0] ?? '';
}

function slugOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '_');
}
