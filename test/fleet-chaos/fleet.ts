import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SimulatorEffect } from '../../src/backends/simulator.js';
import { createIdentity } from '../../src/vehicle/simulated-identity.js';
import { type Daemon, startDaemon } from '../support/daemon.js';
import type { Mosquitto } from '../support/mosquitto.js';
import type { NatsServer } from '../support/nats.js';
import { keepSecret } from '../support/secret-scan.js';
import { tempDir } from '../support/temp-dir.js';

type Settings = Readonly<Record<string, unknown>>;

export const base = 'bluelink';
/** Of the streams and buckets. */
export const fleetName = 'fleet';

export interface FleetCar {
  /** Its topic id. */
  readonly alias: string;
  readonly vin: string;
  readonly vendorId: string;
  readonly account: string;
}

/** A line of the simulated cars' log, and whose it is. */
export interface FleetEffect extends SimulatorEffect {
  readonly account: string;
  /** The instance that did it. */
  readonly instance: string;
}

/** How an instance reaches what it needs. */
export interface Ways {
  readonly mqtt: string;
  readonly nats: string;
}

export interface FleetOptions {
  readonly broker: Pick<Mosquitto, 'url'>;
  readonly nats: Pick<NatsServer, 'url'>;
  readonly instances: readonly string[];
  /** They are called `a0`, `a1`, …; their cars `a0-car0`, `a0-car1`, … */
  readonly accounts: number;
  readonly carsPerAccount: number;
  /** Settings of the simulator. */
  readonly simulator?: Settings;
  /** Further sections. */
  readonly config?: Settings;
  /** Default: straight to the broker and to NATS. */
  readonly ways?: (instance: string) => Ways;
}

/** Several instances of one fleet, each the built daemon as a process, with simulated cars. */
export class Fleet {
  readonly accounts: readonly string[];
  readonly cars: readonly FleetCar[];
  /** Every process so far, by instance; the newest last. */
  readonly daemons = new Map<string, Daemon[]>();
  readonly #options: FleetOptions;
  readonly #folder: string;
  readonly #encryptionKey = randomBytes(32).toString('base64');

  private constructor(options: FleetOptions, folder: string) {
    keepSecret(this.#encryptionKey);
    this.#options = options;
    this.#folder = folder;
    this.accounts = Array.from({ length: options.accounts }, (_, index) => `a${String(index)}`);
    this.cars = this.accounts.flatMap((account, index) =>
      Array.from({ length: options.carsPerAccount }, (_, place) => carOf(account, index, place)),
    );
  }

  /** Nothing runs yet. */
  static async prepare(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(options, await tempDir());
    for (const instance of options.instances) {
      await mkdir(fleet.#effectsFolder(instance), { recursive: true });
    }
    return fleet;
  }

  get instances(): readonly string[] {
    return this.#options.instances;
  }

  carsOf(account: string): readonly FleetCar[] {
    return this.cars.filter((car) => car.account === account);
  }

  /** The newest process of an instance. */
  daemon(instance: string): Daemon {
    const daemon = this.daemons.get(instance)?.at(-1);
    if (daemon === undefined) throw new Error(`the instance ${instance} was never started`);
    return daemon;
  }

  /** Resolves when the process is there. An instance that comes back finds its folder as it left it. */
  async launch(instance: string): Promise<Daemon> {
    const daemon = await startDaemon({
      config: this.config(instance),
      stateDir: this.stateDir(instance),
    });
    this.daemons.set(instance, [...(this.daemons.get(instance) ?? []), daemon]);
    return daemon;
  }

  async launchAll(): Promise<void> {
    for (const instance of this.instances) await this.launch(instance);
  }

  /** `kill -9`; resolves when it is gone. */
  async kill(instance: string): Promise<void> {
    const daemon = this.daemon(instance);
    daemon.kill('SIGKILL');
    await daemon.exit;
  }

  stateDir(instance: string): string {
    return join(this.#folder, instance);
  }

  /** What an instance is started with. */
  config(instance: string): Settings {
    const { broker, nats, ways, config } = this.#options;
    const { mqtt, nats: server } = ways?.(instance) ?? { mqtt: broker.url, nats: nats.url };
    return {
      http: { enabled: false },
      polling: { enabled: false },
      guards: { min_wake_gap: 'off' },
      log: { level: 'info', format: 'json' },
      ...config,
      mqtt: { url: mqtt, base_topic: base, client_id: fleetName },
      store: {
        ...{ engine: 'nats', servers: [server], name: fleetName },
        encryption_key: this.#encryptionKey,
      },
      instance,
      accounts: this.accounts.map((account, index) => this.#account(account, index, instance)),
    };
  }

  /** All that the cars of these accounts, and their cloud, were made to do; by the time of each. */
  async effects(accounts = this.accounts): Promise<FleetEffect[]> {
    const read = accounts.flatMap((account) =>
      this.instances.map((instance) => this.#effectsOf(account, instance)),
    );
    const effects = (await Promise.all(read)).flat();
    return effects.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  }

  async #effectsOf(account: string, instance: string): Promise<FleetEffect[]> {
    const file = this.#effectsFile(account, instance);
    if (!existsSync(file)) return [];
    const text = await readFile(file, 'utf8');
    // A killed process may leave a line unfinished: that is nothing anybody can have been told of.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
    return whole
      .filter((line) => line !== '')
      .map((line) => ({ ...(JSON.parse(line) as SimulatorEffect), account, instance }));
  }

  #account(name: string, index: number, instance: string): Settings {
    const { carsPerAccount: vehicles, simulator } = this.#options;
    return {
      name,
      backend: 'simulator',
      vehicles: Object.fromEntries(this.carsOf(name).map(({ vin, alias }) => [vin, { alias }])),
      simulator: {
        ...{ latency: '10ms', force_latency: '20ms', command_latency: '30ms' },
        ...simulator,
        ...{ vehicles, seed: seedOf(index) },
        // The cars of each process are its own; each writes apart, so that it is known who did what.
        log_file: this.#effectsFile(name, instance),
      },
    };
  }

  #effectsFolder(instance: string): string {
    return join(this.#folder, 'effects', instance);
  }

  #effectsFile(account: string, instance: string): string {
    return join(this.#effectsFolder(instance), `${account}.jsonl`);
  }
}

function carOf(account: string, index: number, place: number): FleetCar {
  const about = { index: place, seed: seedOf(index), brand: 'hyundai', region: 'europe' };
  const { vin, id: vendorId } = createIdentity(about);
  return { alias: `${account}-car${String(place)}`, vin, vendorId, account };
}

const seedOf = (index: number): number => 1000 + index;
