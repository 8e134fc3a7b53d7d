import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type MqttClient, connectAsync } from 'mqtt';
import { python, pythonAccount } from '../../bench/python-account.js';
import { SimulatedCars } from '../end-to-end/simulated-cars.js';
import { Cuttable } from '../support/cuttable.js';
import { DaemonProbe } from '../support/daemon-probe.js';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { freePort } from '../support/free-port.js';
import { hastySettings } from '../support/hasty-settings.js';
import { type Mosquitto, startMosquitto } from '../support/mosquitto.js';
import { listProcesses } from '../support/processes.js';
import { onTeardown } from '../support/teardown.js';
import { waitUntil } from '../support/wait.js';
import { Ledger } from './ledger.js';
import type { Inside } from './sample.js';
import type { SoakCars } from './traffic.js';

export const base = 'bluelink';
const simulatedCars = 3;
const patience_ms = 60_000;
const threadKiller = fileURLToPath(new URL('../chaos/thread-killer.mjs', import.meta.url));
const probeScript = { script: new URL('probe.mjs', import.meta.url), signal: 'SIGWINCH' } as const;

/** One daemon that lives as long as the soak, with all that it depends on. */
export interface SoakWorld {
  readonly daemon: Daemon;
  readonly probe: DaemonProbe<Inside>;
  readonly broker: Mosquitto;
  readonly line: Cuttable;
  readonly simulated: SimulatedCars;
  readonly cars: SoakCars;
  readonly accounts: readonly [string, ...string[]];
  readonly sender: MqttClient;
  readonly ledger: Ledger;
  readonly controlPath: string;
  readonly pythons: () => readonly number[];
}

/** Resolves when every car was read. `preload`: further scripts for the daemon. */
export async function startWorld(preload: readonly URL[] = []): Promise<SoakWorld> {
  const broker = await startMosquitto({
    persistence: true,
    settings: ['max_inflight_messages 0'],
  });
  const line = await Cuttable.before(broker.port);
  const simulated = await SimulatedCars.create(simulatedCars, {});
  const ledger = new Ledger();
  const listener = await connect(broker, 'soak-listener');
  const online = new Set<string>();
  listener.on('message', (topic, payload) => {
    if (topic.endsWith('/result')) ledger.hear(payload.toString());
    else if (payload.toString() === 'online') online.add(topic.split('/')[1] ?? '');
  });
  await listener.subscribeAsync([`${base}/+/result`, `${base}/+/availability`], { qos: 1 });
  const probe = await DaemonProbe.create<Inside>(probeScript);
  const behindPython = python === undefined ? undefined : await pythonAccount(python);
  const { environment, nodeOptions } = probe.options;
  const daemon = await startDaemon({
    config: {
      ...settings,
      ...behindPython?.config,
      mqtt: { url: line.url, base_topic: base, client_id: 'soak', flat_topics: true },
      http: { port: await freePort() },
      accounts: [
        {
          ...{ name: 'home', backend: 'simulator', vehicles: named(simulated) },
          simulator: {
            ...{ vehicles: simulatedCars, seed: 7, control_file: simulated.controlFile },
            ...{ latency: '20ms', force_latency: '60ms', command_latency: '80ms' },
          },
        },
        ...(behindPython === undefined ? [] : [{ name: 'sidecar', ...behindPython.account }]),
      ],
    },
    environment,
    nodeOptions: [...nodeOptions, ...[threadKiller, ...preload].flatMap(imported)],
  });
  const count = simulatedCars + (behindPython?.cars ?? 0) + 1;
  const ready = waitUntil(
    () => online.size === count,
    patience_ms,
    () => `the bridge and its cars; the daemon said\n${daemon.lines.join('\n')}`,
  );
  const ended = daemon.exit.then(() => {
    throw new Error(`the daemon ended; it said\n${daemon.lines.join('\n')}`);
  });
  for (const one of [ready, ended]) one.catch(() => undefined);
  await Promise.race([ready, ended]);
  const aliases = simulated.cars.map(({ alias }) => alias);
  const [first = '', ...others] = aliases;
  return {
    ...{ daemon, probe, broker, line, simulated, ledger },
    cars: {
      simulated: [first, ...others],
      sidecar: [...online].find((name) => name !== 'bridge' && !aliases.includes(name)),
    },
    accounts: behindPython === undefined ? ['home'] : ['home', 'sidecar'],
    sender: await connect(broker, 'soak-sender'),
    controlPath: join(daemon.stateDir, 'control.sock'),
    pythons: () =>
      listProcesses()
        .filter(({ parent, state }) => parent === daemon.pid && state !== 'Z')
        .map(({ pid }) => pid),
  };
}

/** Comes back after everything, with its session. */
async function connect({ url }: Mosquitto, clientId: string): Promise<MqttClient> {
  const client = await connectAsync(url, {
    ...{ protocolVersion: 5, reconnectPeriod: 50, clientId, clean: false },
    properties: { sessionExpiryInterval: 3600 },
  });
  client.on('error', () => undefined);
  onTeardown(() => client.endAsync(true));
  return client;
}

function named({ cars }: SimulatedCars): Record<string, { alias: string }> {
  return Object.fromEntries(cars.map(({ vin, alias }) => [vin, { alias }]));
}

function imported(script: URL | string): string[] {
  return ['--import', script instanceof URL ? script.href : script];
}

/** Threads and processes end quickly, so that many come and go. */
const settings = {
  ...hastySettings,
  workers: { ...hastySettings.workers, idle: '2s' },
  budget: { daily: 1_000_000 },
  commands: {
    allow: [
      ...['refresh', 'trips', 'lock', 'lock:unlock', 'climate', 'climate:start'],
      ...['climate_temperature', 'climate_duration', 'climate_defrost', 'charge', 'charge_limits'],
      ...['charge_limit_ac', 'charge_limit_dc', 'horn', 'lights', 'windows', 'windows:open'],
      ...['refresh_all', 'announce', 'reset_breaker', 'clear_queue', 'polling', 'poll_interval'],
      ...['log_level', 'cancel', 'otp', 'schedule', 'valet_mode', 'valet_mode:stop'],
    ],
    rate: '1000/1s',
  },
  log: { level: 'error', format: 'json' },
};
