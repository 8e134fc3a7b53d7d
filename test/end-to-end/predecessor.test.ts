import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { SimulatorEffect } from '../../src/backends/simulator.js';
import { startDaemon } from '../support/daemon.js';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.js';
import { startRecorder, type Recorder } from '../support/recorder.js';
import { SimulatedCars, seed, type Car } from './simulated-cars.js';

const script = fileURLToPath(new URL('predecessor-automation.sh', import.meta.url));

/** The first of an account stands at a charger; the fifth is the next electric one, without a cable. */
const atCharger = 0;
const parked = 4;

describe.skipIf(!hasMosquitto)('an automation written for the Python service', () => {
  let port: number;
  let recorder: Recorder;
  let simulated: SimulatedCars;

  beforeAll(async () => {
    const broker = await startMosquitto();
    ({ port } = broker);
    simulated = await SimulatedCars.create(parked + 1, {});
    recorder = await startRecorder(broker.url, { filter: 'hyundai/#' });
    await startDaemon({
      config: configuration(simulated),
      environment: {
        MQTT_BROKER_HOST: '127.0.0.1',
        MQTT_BROKER_PORT: String(broker.port),
        MQTT_BASE_TOPIC: 'hyundai',
        MQTT_CLIENT_ID: 'hyundai_mqtt',
        LOG_LEVEL: 'INFO',
        INITIAL_REFRESH: 'true',
      },
    });
    for (const { vendorId } of simulated.cars) {
      await recorder.waitForTopic(`hyundai/${vendorId}/status/error`);
    }
  });

  const car = (index: number): Car => {
    const found = simulated.cars[index];
    if (found === undefined) throw new Error(`there is no car ${String(index)}`);
    return found;
  };

  test('passes unchanged, and the cars have done what it said', { timeout: 180_000 }, async () => {
    const ids = [car(parked).vendorId, car(atCharger).vendorId];
    expect(await run(script, ['127.0.0.1', String(port), ...ids])).toEqual({ code: 0, said: '' });
    expect(executed(simulated.effects(), car(parked))).toMatchObject([
      { name: 'lock', value: 'unlock' },
      {
        name: 'climate_start',
        temperature: 22.5,
        duration_min: 15,
        defrost: true,
        steering_wheel: 'low',
        seats: { front_left: 'heat_low', front_right: 'off' },
      },
      { front_left: 'vent', front_right: 'open', rear_left: 'close', rear_right: 'close' },
      { front_left: 'close', front_right: 'close', rear_left: 'close', rear_right: 'close' },
      { name: 'charge_port', value: 'open' },
      { name: 'charge_port', value: 'close' },
      { name: 'charging_current', percent: 90 },
      { name: 'climate_stop' },
      { name: 'climate_start', temperature: 20 },
      { name: 'lock', value: 'lock' },
    ]);
    expect(executed(simulated.effects(), car(atCharger))).toEqual([]);
    const wakes = simulated.effects().filter(({ operation }) => operation === 'force');
    expect(wakes.filter(({ phase }) => phase === 'done').map(({ vehicle }) => vehicle)).toEqual(
      ids,
    );
  });

  test('sees what the bridge refuses', async () => {
    const { vendorId } = car(parked);
    const topic = `hyundai/${vendorId}/status/error`;
    const before = recorder.messages.length;
    await recorder.client.publishAsync(`hyundai/${vendorId}/commands/refresh`, 'hourly');
    const { payload, retain } = await recorder.waitFor(
      (message) => message.topic === topic,
      10_000,
      before,
    );
    expect(retain).toBe(true);
    expect(JSON.parse(payload)).toMatchObject({
      value: { error_type: 'invalid_payload', command_type: 'refresh' },
    });
  });
});

function configuration({ cars, controlFile, logFile }: SimulatedCars) {
  return {
    mqtt: { legacy_topics: true },
    log: { format: 'json' },
    http: { enabled: false },
    polling: { enabled: false },
    // Unlocking and opening have to be allowed by name, with all else that is to be allowed.
    commands: {
      allow: [
        ...['refresh', 'lock', 'lock:unlock', 'climate', 'windows', 'windows:open'],
        ...['charge_port', 'charging_current'],
      ],
    },
    accounts: [
      {
        name: 'home',
        backend: 'simulator',
        simulator: {
          vehicles: cars.length,
          seed,
          latency: '20ms',
          force_latency: '100ms',
          command_latency: '50ms',
          control_file: controlFile,
          log_file: logFile,
        },
      },
    ],
  };
}

/** What a car has done, in order. */
function executed(effects: readonly SimulatorEffect[], { vendorId }: Car) {
  return effects
    .filter(({ vehicle, phase }) => vehicle === vendorId && phase === 'executed')
    .map(({ action }) => action);
}

async function run(file: string, words: readonly string[]) {
  const child = spawn(file, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}
