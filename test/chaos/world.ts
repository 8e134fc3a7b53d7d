import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { type AuditEntry, auditEntrySchema } from '../../src/vehicle/audit-entry.js';
import type { CanadaAccount } from '../cloud/canada-account.js';
import { type Cloud, startCloud } from '../cloud/cloud.js';
import type { PendingCommands } from '../cloud/pending-commands.js';
import type { UsaHyundaiAccount } from '../cloud/usa-hyundai-account.js';
import { runProgram } from '../end-to-end/program.js';
import { SimulatedCars } from '../end-to-end/simulated-cars.js';
import type { Chance } from '../support/crash-random.js';
import { Cuttable } from '../support/cuttable.js';
import { type Daemon, type Exit, startDaemon } from '../support/daemon.js';
import { libraryAccount } from '../support/library-bridge.js';
import { type Mosquitto, startMosquitto } from '../support/mosquitto.js';
import { type ProcessEntry, listProcesses } from '../support/processes.js';
import { requireTestPython } from '../support/python.js';
import type { Recorder } from '../support/recorder.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';
import type { ChaosCar } from './commands.js';
import { deedOf } from './deeds.js';
import type { Execution } from './evidence.js';
import { settings } from './settings.js';
import { Traffic } from './traffic.js';
import { allowance_ms } from './violations.js';

export const base = 'bluelink';
const simulatedCars = 2;
const patience_ms = 60_000;
const threadKiller = fileURLToPath(new URL('thread-killer.mjs', import.meta.url));

/** The makers' formats know whole seconds only. */
const clock = { now: () => Date.now(), report_step_ms: 1000 };

interface Parts {
  readonly broker: Mosquitto;
  readonly line: Cuttable;
  readonly traffic: Traffic;
  readonly cloud: Cloud;
  /** The way to the cloud. */
  readonly cloudLine: Cuttable;
  readonly canada: CanadaAccount;
  readonly hyundai: UsaHyundaiAccount;
  readonly simulated: SimulatedCars;
  readonly stateDir: string;
}

/**
 * One daemon with five cars: two of one account in Canada and one in the USA, by the real library, and two simulated
 * ones. Everything of it can be taken away and comes back.
 */
export class ChaosWorld {
  readonly broker: Mosquitto;
  readonly line: Cuttable;
  readonly traffic: Traffic;
  readonly cloud: Cloud;
  /** The way to the cloud. */
  readonly cloudLine: Cuttable;
  readonly canada: CanadaAccount;
  readonly hyundai: UsaHyundaiAccount;
  readonly simulated: SimulatedCars;
  readonly cars: readonly ChaosCar[];
  /** Every daemon so far, the newest last. */
  readonly daemons: Daemon[] = [];
  readonly #stateDir: string;
  readonly #aliases: ReadonlyMap<string, string>;

  private constructor(parts: Parts) {
    const { canada, hyundai, simulated } = parts;
    this.broker = parts.broker;
    this.line = parts.line;
    this.traffic = parts.traffic;
    this.cloud = parts.cloud;
    this.cloudLine = parts.cloudLine;
    this.canada = canada;
    this.hyundai = hyundai;
    this.simulated = simulated;
    this.#stateDir = parts.stateDir;
    this.#aliases = new Map([
      ...canada.cars.map(
        ({ identity }, place) => [identity.vin, `canada${String(place)}`] as const,
      ),
      ...hyundai.cars.map(({ identity }, place) => [identity.vin, `usa${String(place)}`] as const),
      ...simulated.cars.map(({ vin, alias }) => [vin, alias] as const),
    ]);
    this.cars = [
      ...canada.cars.map((_, place): ChaosCar => ({
        alias: `canada${String(place)}`,
        unit: 'C',
        extras: [],
      })),
      { alias: 'usa0', unit: 'F', extras: ['horn', 'lights'] },
      ...simulated.cars.map(({ alias }): ChaosCar => ({
        alias,
        unit: 'C',
        extras: ['horn', 'lights', 'windows'],
      })),
    ];
  }

  static async start(chance: Chance): Promise<ChaosWorld> {
    const broker = await startMosquitto({
      persistence: true,
      // What a recorder has not acknowledged yet must not keep the rest inside of a broker that is about to be killed.
      settings: ['max_inflight_messages 0'],
    });
    const cloud = await startCloud();
    onTeardown(() => cloud.stop());
    const electric = (brand: string, region: string, seed: number) =>
      SimulatedCar.create({ index: 0, seed, brand, region }, clock);
    const traffic = await Traffic.start(broker, base);
    await traffic.recorder.client.subscribeAsync(`${base}/+/availability`, { qos: 1 });
    const world = new ChaosWorld({
      ...{ broker, cloud, traffic },
      line: await Cuttable.before(broker.port),
      cloudLine: await Cuttable.before(Number(new URL(cloud.proxyUrl).port)),
      canada: cloud.accounts.canada({
        ...{
          username: 'chaos@example.com',
          password: 'open-sesame-chaos',
          pin: 'c4.z',
          brand: 'kia',
        },
        cars: [electric('kia', 'canada', 601), electric('kia', 'canada', 602)],
      }),
      hyundai: cloud.accounts.usaHyundai({
        ...{ username: 'chaos@example.org', password: 'open-sesame-chaos-2', pin: 'h4.z' },
        cars: [electric('hyundai', 'usa', 603)],
      }),
      simulated: await SimulatedCars.create(simulatedCars, {}),
      stateDir: await tempDir(),
    });
    for (const { commands } of [world.canada, world.hyundai]) moody(commands, chance);
    await world.launch();
    await Promise.all(world.cars.map(({ alias }) => world.available(alias)));
    return world;
  }

  get daemon(): Daemon {
    const daemon = this.daemons.at(-1);
    if (daemon === undefined) throw new Error('no daemon was started');
    return daemon;
  }

  get recorder(): Recorder {
    return this.traffic.recorder;
  }

  /** Starts a daemon on the one state there is, and waits until it is connected. */
  async launch(): Promise<void> {
    const online = this.recorder.waitForNext(
      ({ topic, payload }) => topic === `${base}/bridge/availability` && payload === 'online',
      patience_ms,
    );
    // Whatever it dies of is told by the caller.
    online.catch(() => undefined);
    const proxy = `http://127.0.0.1:${String(this.cloudLine.port)}`;
    const daemon = await startDaemon({
      config: this.#config(),
      stateDir: this.#stateDir,
      environment: { ...this.cloud.environment, HTTPS_PROXY: proxy, https_proxy: proxy },
      nodeOptions: ['--import', threadKiller],
    });
    this.daemons.push(daemon);
    await Promise.race([
      online,
      daemon.exit.then(({ code, signal }) => {
        const said = daemon.lines.slice(-20).join('\n');
        throw new Error(`the daemon ended (${String(signal ?? code)}); it said\n${said}`);
      }),
    ]);
  }

  /** `kill -9`; resolves when it is gone. */
  async kill(): Promise<void> {
    this.daemon.kill('SIGKILL');
    await this.daemon.exit;
  }

  stop(): Promise<Exit> {
    return this.daemon.stop();
  }

  /** The Python processes of the daemon. */
  pythons(): ProcessEntry[] {
    return listProcesses().filter(
      ({ parent, command, state }) =>
        parent === this.daemon.pid && command.includes('bluelink_sidecar') && state !== 'Z',
    );
  }

  /** As a power cut, with a pause; resolves when its clients are back and their sessions saved. */
  async killBroker(away_ms: number): Promise<void> {
    await this.broker.kill();
    await pause(away_ms);
    const back = this.traffic.back();
    await this.broker.start();
    await back;
  }

  get executions(): Execution[] {
    return [this.canada, this.hyundai].flatMap(({ commands }) =>
      commands.carriedOut.map(({ vehicle, command, at }) => ({
        ...{ vehicle: this.#aliases.get(vehicle) ?? vehicle, at },
        deed: deedOf(command),
      })),
    );
  }

  /** All that the store tells of commands; no daemon may run. */
  async journal(): Promise<AuditEntry[]> {
    const file = join(await tempDir(), 'bluelink2mqtt.yaml');
    await writeFile(file, stringify({ state_dir: this.#stateDir, ...this.#config() }));
    const args = ['log', '--json', '--since', '1d', '--config', file];
    const { code, stdout, stderr } = await runProgram(args);
    if (code !== 0) throw new Error(`"log" ended with ${String(code)}: ${stderr}`);
    const lines = stdout.split('\n').filter((line) => line !== '');
    return lines.map((line) => auditEntrySchema.parse(JSON.parse(line)));
  }

  available(alias: string): Promise<unknown> {
    return this.recorder.waitForTopic(`${base}/${alias}/availability`, 'online', patience_ms);
  }

  #config(): Readonly<Record<string, unknown>> {
    const named = (cars: readonly { readonly vin: string }[]) =>
      Object.fromEntries(cars.map(({ vin }) => [vin, { alias: this.#aliases.get(vin) }]));
    const identities = ({ cars }: { readonly cars: readonly SimulatedCar[] }) =>
      cars.map(({ identity }) => identity);
    const canada = { name: 'canada', region: 'canada', brand: 'kia' };
    const usa = { name: 'usa', region: 'usa', brand: 'hyundai' };
    const { controlFile: control_file, logFile: log_file } = this.simulated;
    return {
      ...settings,
      mqtt: { url: this.line.url, base_topic: base, client_id: 'chaos' },
      python: requireTestPython(),
      accounts: [
        {
          ...libraryAccount(this.canada, canada),
          vehicles: named(identities(this.canada)),
        },
        { ...libraryAccount(this.hyundai, usa), vehicles: named(identities(this.hyundai)) },
        {
          ...{ name: 'home', backend: 'simulator', vehicles: named(this.simulated.cars) },
          simulator: {
            ...{ vehicles: simulatedCars, seed: 7, control_file, log_file },
            ...{ latency: '20ms', force_latency: '60ms', command_latency: '80ms' },
          },
        },
      ],
    };
  }
}

/** Now and then a car refuses, or hears nothing. */
function moody(commands: PendingCommands, chance: Chance): void {
  commands.delay_ms = allowance_ms.car;
  commands.conduct = () => (chance.in(0.06) ? 'refuses' : chance.in(0.06) ? 'is_silent' : 'obeys');
}
