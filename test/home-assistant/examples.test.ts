import { appendFileSync, cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { root } from '../docs/pages.js';
import { SimulatedCars, seed } from '../end-to-end/simulated-cars.js';
import { startDaemon, type Daemon } from '../support/daemon.js';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.js';
import { waitUntil } from '../support/wait.js';
import { folderOf, HomeAssistant, versions } from './home-assistant.js';

const examples = join(root, 'docs/home-assistant');
const blueprints = readdirSync(join(examples, 'blueprints'));
const instance = 'examples';

interface Notification {
  readonly title: string;
  readonly message: string;
}

interface State {
  readonly entity_id: string;
  readonly state: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const neverFired = { attributes: { last_triggered: null } };

/** As a person would write it, with the entity ids of a car named Ioniq 5. */
const configuration = {
  calendar: [{ platform: 'appointments' }],
  automation: [
    preheat('Preheat', 'office'),
    preheat('Preheat for another', 'dentist'),
    {
      ...{ id: 'tell', alias: 'Tell' },
      use_blueprint: {
        path: 'bluelink2mqtt/notify.yaml',
        input: {
          charging: 'binary_sensor.ioniq_5_charging',
          battery: 'sensor.ioniq_5_soc',
          command: 'event.ioniq_5_command',
        },
      },
    },
  ],
};

/** Off, so that a test says when it asks for the events to come. */
function preheat(alias: string, word: string): object {
  const input = {
    ...{ calendar: 'calendar.appointments', word },
    climate: 'climate.ioniq_5_climate',
    ...{ plug: 'binary_sensor.ioniq_5_plugged', battery: 'sensor.ioniq_5_soc' },
  };
  const use_blueprint = { path: 'bluelink2mqtt/preheat.yaml', input };
  return { id: alias, alias, initial_state: false, use_blueprint };
}

describe.skipIf(!hasMosquitto)('the examples in a real Home Assistant', () => {
  let ha: HomeAssistant;
  let cars: SimulatedCars;
  let daemon: Daemon;
  let config: Readonly<Record<string, unknown>>;

  beforeAll(async () => {
    const broker = await startMosquitto();
    cars = await SimulatedCars.create(1, {});
    config = configured(broker.url, cars);
    [ha, daemon] = await Promise.all([
      HomeAssistant.start(versions.newest, instance, broker.port),
      startDaemon({ config }),
    ]);
    const folder = join(folderOf(versions.newest), 'config', instance);
    const integration = 'appointments';
    cpSync(join(import.meta.dirname, integration), join(folder, 'custom_components', integration), {
      recursive: true,
    });
    cpSync(
      join(examples, 'blueprints'),
      join(folder, 'blueprints', 'automation', 'bluelink2mqtt'),
      { recursive: true },
    );
    appendFileSync(join(folder, 'configuration.yaml'), stringify(configuration));
    await ha.restart();
    await ha.wait('sensor.ioniq_5_soc', '*', 20);
  }, 120_000);

  test('every entity of the dashboard is there and enabled', async () => {
    const shown = entitiesIn(parse(readFileSync(join(examples, 'dashboard.yaml'), 'utf8')));
    expect(shown.length).toBeGreaterThan(30);
    const states = await ha.states();
    const missing = shown.filter((id) => (states[id] ?? 'unavailable') === 'unavailable');
    expect(missing).toEqual([]);
  });

  test('the blueprints are blueprints', async () => {
    const listed = await ha.websocket<Readonly<Record<string, object>>>('blueprint/list', {
      domain: 'automation',
    });
    const ours = blueprints.map((file) => listed[`bluelink2mqtt/${file}`]);
    expect(ours).toHaveLength(2);
    for (const one of ours) expect(one).toHaveProperty('metadata.domain', 'automation');
    expect(await stateOf('automation.preheat')).toMatchObject({ state: 'off' });
    expect(await stateOf('automation.tell')).toMatchObject({ state: 'on' });
  });

  test('the car is preheated before the event that is meant', async () => {
    expect(await ha.wait('climate.ioniq_5_climate', 'off', 5)).toMatchObject({ state: 'off' });
    for (const name of ['preheat_for_another', 'preheat']) {
      await ha.call('automation.turn_on', `automation.${name}`);
    }
    const climate = await ha.wait('climate.ioniq_5_climate', 'auto', 30);
    expect(climate).toMatchObject({ state: 'auto' });
    expect(await stateOf('automation.preheat')).not.toMatchObject(neverFired);
    expect(await stateOf('automation.preheat_for_another')).toMatchObject(neverFired);
  });

  test('what charging ends with, and why a command fails, is told, and nothing else', async () => {
    await ha.call('switch.turn_off', 'switch.ioniq_5_charge');
    await told(1);
    await ha.websocket('call_service', {
      ...{ domain: 'mqtt', service: 'publish' },
      service_data: { topic: 'bluelink/ioniq5/commands/lock', payload: 'unlock' },
    });
    await told(2);
    await cars.write({ vehicles: { car0: { command: { car: 'refuses' } } } });
    await ha.call('button.press', 'button.ioniq_5_lock');
    expect(await told(3)).toEqual([
      {
        title: 'Ioniq 5',
        message: expect.stringMatching(/^Charging has ended, at \d+ %\.$/) as string,
      },
      {
        title: 'Ioniq 5',
        message: expect.stringMatching(/^The command lock was refused: .*not allow/) as string,
      },
      {
        title: 'Ioniq 5',
        message: expect.stringMatching(/^The command lock has failed: /) as string,
      },
    ]);
  });

  test('a bridge that comes back brings no old failure', async () => {
    const before = await notifications();
    daemon.kill('SIGTERM');
    await daemon.exit;
    await ha.wait('event.ioniq_5_command', 'unavailable', 20);
    daemon = await startDaemon({ config, stateDir: daemon.stateDir });
    await ha.wait('event.ioniq_5_command', '*', 30);
    await cars.write({});
    // A command later, whatever there was to tell has been told.
    await ha.call('button.press', 'button.ioniq_5_refresh');
    await ha.wait('sensor.ioniq_5_command_state', 'succeeded', 20);
    expect(await notifications()).toEqual(before);
  });

  test('Home Assistant has nothing to say of all that', async () => {
    const lines = await ha.log();
    // That a custom integration is there: the calendar of this test.
    expect(lines.filter(({ message }) => !message.includes('appointments'))).toEqual([]);
  });

  async function notifications(): Promise<Notification[]> {
    const all = await ha.websocket<readonly Notification[]>('persistent_notification/get');
    // It also tells what this installation lacks.
    return all
      .filter(({ title }) => title === 'Ioniq 5')
      .map(({ title, message }) => ({ title, message }));
  }

  /** Waits until so many are there. */
  async function told(count: number): Promise<Notification[]> {
    let found: Notification[] = [];
    await waitUntil(
      async () => {
        found = await notifications();
        return found.length >= count;
      },
      20_000,
      () => `${String(count)} notifications`,
    );
    return found;
  }

  async function stateOf(id: string): Promise<State | undefined> {
    const states = await ha.websocket<readonly State[]>('get_states');
    return states.find(({ entity_id }) => entity_id === id);
  }
});

function configured(url: string, { cars, controlFile }: SimulatedCars) {
  const vehicles = { [cars[0]?.vin ?? '']: { alias: 'ioniq5', name: 'Ioniq 5' } };
  const latencies = { latency: '20ms', force_latency: '20ms', command_latency: '20ms' };
  const simulator = { vehicles: 1, seed, ...latencies, control_file: controlFile };
  return {
    mqtt: { url },
    log: { format: 'json' },
    polling: { enabled: false },
    accounts: [{ name: 'home', backend: 'simulator', vehicles, simulator }],
  };
}

/** Every entity that a card names. */
function entitiesIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([key, value]: [string, unknown]) => {
    const isEntity = /^(entity|entity_id)$/.test(key) && typeof value === 'string';
    return isEntity ? [value] : entitiesIn(value);
  });
}
