import type { IClientOptions } from 'mqtt';
import type { SimulatorEffect } from '../../src/backends/simulator.js';
import type { JobDocument } from '../../src/dispatch/job-progress.js';
import type { LifeCycleEvent, Status } from '../../src/vehicle/life-cycle.js';
import type { RemoteAction } from '../../src/vehicle/remote-action.js';
import type { Operation } from '../../src/vehicle/task.js';
import { startDaemon, type Daemon } from '../support/daemon.js';
import type { Mosquitto } from '../support/mosquitto.js';
import { startRecorder, type Recorded, type Recorder } from '../support/recorder.js';
import { onTeardown } from '../support/teardown.js';
import { expectLawfulLives, expectValidDocuments } from './published.js';
import { SimulatedCars, seed, type Car, type Weather } from './simulated-cars.js';

type Settings = Readonly<Record<string, unknown>>;

export interface SimulatedBridgeOptions {
  readonly broker: Pick<Mosquitto, 'url'>;
  /** Default: 1. They are called `car0`, `car1`, …; every fourth has neither plug nor hybrid. */
  readonly cars?: number;
  /** Settings of the simulator; calls take 20 ms where nothing else is said. */
  readonly simulator?: Settings;
  /** Faults from the first moment on, as `weather`. */
  readonly weather?: Weather;
  /** Further settings of the section `mqtt`. */
  readonly mqtt?: Settings;
  /** Further sections. */
  readonly config?: Settings;
  /** Settings of each car, besides its alias. */
  readonly car?: Settings;
  readonly logLevel?: 'trace' | 'debug' | 'info';
  /** How the recorder connects; with MQTT 5 where nothing is said. */
  readonly recorder?: IClientOptions;
  /** Default: a new one. */
  readonly stateDir?: string;
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

let bridges = 0;

/** The built daemon with simulated cars, on topics of its own, and a recorder of all that it says. */
export class SimulatedBridge {
  readonly base: string;
  readonly recorder: Recorder;
  daemon: Daemon;
  readonly #config: Settings;
  readonly #simulated: SimulatedCars;
  #ids = 0;

  private constructor(parts: {
    base: string;
    recorder: Recorder;
    daemon: Daemon;
    config: Settings;
    simulated: SimulatedCars;
  }) {
    this.base = parts.base;
    this.recorder = parts.recorder;
    this.daemon = parts.daemon;
    this.#config = parts.config;
    this.#simulated = parts.simulated;
  }

  /** Resolves when the daemon has been started; `ready` waits until its cars are read. */
  static async start(options: SimulatedBridgeOptions): Promise<SimulatedBridge> {
    const base = `bridge${String((bridges += 1))}`;
    const simulated = await SimulatedCars.create(options.cars ?? 1, options.weather ?? {});
    const config = configuration(options, base, simulated);
    const recorder = await startRecorder(options.broker.url, {
      filter: `${base}/#`,
      client: options.recorder ?? {},
    });
    const { stateDir } = options;
    const daemon = await startDaemon({ config, ...(stateDir === undefined ? {} : { stateDir }) });
    const bridge = new SimulatedBridge({ base, recorder, daemon, config, simulated });
    onTeardown(() => bridge.#expectLawful());
    return bridge;
  }

  get cars(): readonly Car[] {
    return this.#simulated.cars;
  }

  car(index: number): Car {
    const car = this.cars[index];
    if (car === undefined) throw new Error(`there is no car ${String(index)}`);
    return car;
  }

  /** Online, and every car read once. */
  async ready(): Promise<void> {
    await this.recorder.waitForTopic(this.topic('bridge/availability'), 'online');
    for (const { alias } of this.cars) {
      await this.recorder.waitForTopic(this.topic(`${alias}/availability`), 'online');
      await this.recorder.waitForTopic(this.topic(`${alias}/state`));
    }
    await this.waitForState(({ accounts }) =>
      Object.values(accounts).every(({ vehicles }) => vehicles.length === this.cars.length),
    );
  }

  /** Starts the daemon anew on the same state, with other sections; the one before has to have ended. */
  async startAgain(config: Settings = {}): Promise<void> {
    this.daemon = await startDaemon({
      config: { ...this.#config, ...config },
      stateDir: this.daemon.stateDir,
    });
  }

  /** `kill -9`, and a new daemon on the same state. Resolves with the first document of its own state. */
  async killAndStartAgain(config: Settings = {}): Promise<BridgeState> {
    const { started_at: before } = await this.waitForState(() => true);
    this.daemon.kill('SIGKILL');
    await this.daemon.exit;
    const from = this.recorder.messages.length;
    await this.startAgain(config);
    return this.waitForState(({ started_at }) => started_at > before, from, 30_000);
  }

  /** The section `accounts` with other settings of one car. */
  accountsWith(index: number, settings: Settings): Settings {
    const { vin, alias } = this.car(index);
    const [account] = this.#config['accounts'] as [{ readonly vehicles: Settings }];
    const vehicles = { ...account.vehicles, [vin]: { alias, ...settings } };
    return { accounts: [{ ...account, vehicles }] };
  }

  topic(rest: string): string {
    return `${this.base}/${rest}`;
  }

  commandTopic(target: string, command = 'refresh'): string {
    return this.topic(`${target}/commands/${command}`);
  }

  newId(): string {
    return `id-${String((this.#ids += 1))}`;
  }

  /** Publishes a command as JSON with an id of its own, and answers that. */
  async send(target: string, value: string, fields: Settings = {}): Promise<string> {
    const id = this.newId();
    const payload = JSON.stringify({ id, value, ...fields });
    await this.recorder.publish(this.commandTopic(target), payload);
    return id;
  }

  /** Sends a refresh and waits for its ending. */
  async refresh(target: string, value: string, fields: Settings = {}): Promise<LifeCycleEvent> {
    return this.recorder.waitForEnding(await this.send(target, value, fields), 20_000);
  }

  /** Publishes whatever command: a bare word, or fields with an id of its own. Answers the id; bare words have none. */
  async command(target: string, name: string, payload: string | Settings): Promise<string> {
    const id = this.newId();
    const text = typeof payload === 'string' ? payload : JSON.stringify({ id, ...payload });
    await this.recorder.publish(this.commandTopic(target, name), text);
    return id;
  }

  /** Sends a command with fields and waits for its ending. */
  async ended(target: string, name: string, fields: Settings): Promise<LifeCycleEvent> {
    return this.recorder.waitForEnding(await this.command(target, name, fields), 30_000);
  }

  /** What was said of a command, in order. */
  statuses(id: string): Status[] {
    return this.recorder.events(id).map(({ status }) => status);
  }

  /** Every answer to whatever command so far. */
  get results(): readonly Recorded[] {
    return this.recorder.messages.filter(({ topic }) => topic.endsWith('/result'));
  }

  /** The first document of the bridge's own state that is as wanted, from `from` on. */
  async waitForState(
    isWanted: (state: BridgeState) => boolean,
    from = 0,
    timeout_ms = 10_000,
  ): Promise<BridgeState> {
    const topic = this.topic('bridge/state');
    const found = await this.recorder.waitFor(
      (message) => message.topic === topic && isWanted(bridgeState(message)),
      timeout_ms,
      from,
    );
    return bridgeState(found);
  }

  /** All of them so far. */
  get states(): BridgeState[] {
    return this.recorder.on(this.topic('bridge/state')).map(bridgeState);
  }

  /** Tells the simulator which faults to make from now on. */
  async weather(weather: Weather): Promise<void> {
    await this.#simulated.write(weather);
  }

  /** Calls that reached the simulated cloud, by the car's alias. */
  calls(operation: Operation, alias?: string): SimulatorEffect[] {
    const vendorId = this.#simulated.byAlias(alias)?.vendorId;
    return this.#simulated
      .effects()
      .filter(
        (effect) =>
          effect.operation === operation &&
          effect.phase === 'started' &&
          (vendorId === undefined || effect.vehicle === vendorId),
      );
  }

  /** What a car was told (`started`), what its maker took of that, and what it has done, each in order. */
  actions(phase: SimulatorEffect['phase'], alias: string): RemoteAction[] {
    const vendorId = this.#simulated.byAlias(alias)?.vendorId;
    return this.#simulated
      .effects()
      .filter((effect) => effect.phase === phase && effect.vehicle === vendorId)
      .flatMap(({ action }) => action ?? []);
  }

  /** What the daemon has logged, from a line on. */
  logLines(from = 0): LogLine[] {
    return this.daemon.lines.slice(from).map((line) => JSON.parse(line) as LogLine);
  }

  async #expectLawful(): Promise<void> {
    expectLawfulLives(this.recorder.messages);
    await expectValidDocuments(this.recorder.messages);
  }
}

export interface BridgeState {
  readonly version: string;
  readonly started_at: string;
  readonly mqtt: { readonly version: number | null; readonly reconnects: number };
  readonly accounts: Readonly<Record<string, { readonly state: string; vehicles: string[] }>>;
  readonly breakers: Readonly<Record<string, Readonly<Record<'read' | 'wake', BreakerDocument>>>>;
  readonly queue: { readonly depth: number; readonly running: number; oldest_ms: number | null };
  readonly pool: { readonly threads: number; readonly busy: number; readonly waiting: number };
  readonly jobs: readonly JobDocument[];
  readonly budget: Readonly<Record<string, BudgetDocument>>;
  readonly polling: {
    readonly enabled: boolean;
    readonly interval_min: number;
    readonly next_poll_at: string | null;
    readonly vehicles: Readonly<Record<string, CarePolls>>;
  };
  readonly event_loop: { readonly p99_ms: number; readonly max_ms: number };
  readonly last_error: { readonly code: string; readonly message: string } | null;
}

interface BudgetDocument {
  readonly used: number;
  readonly left: number | null;
  readonly limit: number | null;
  readonly resets_at: string;
  readonly state: 'ok' | 'reserve' | 'blocked';
  readonly blocked_until: string | null;
}

/** When a car is read next, and whether the bridge may wake it. */
interface CarePolls {
  readonly next_poll_at: string | null;
  readonly reason: string | null;
  readonly next_wake_at: string | null;
  readonly held_by: string | null;
  readonly woken_at: string | null;
  readonly wake: string;
}

interface BreakerDocument {
  readonly state: string;
  readonly since: string;
  readonly retry_at: string | null;
  readonly reason: string | null;
}

function bridgeState({ payload }: Recorded): BridgeState {
  return JSON.parse(payload) as BridgeState;
}

function configuration(
  options: SimulatedBridgeOptions,
  base: string,
  { cars, controlFile, logFile }: SimulatedCars,
): Settings {
  const vehicles = Object.fromEntries(
    cars.map(({ vin, alias }) => [vin, { alias, ...options.car }]),
  );
  return {
    mqtt: { url: options.broker.url, base_topic: base, client_id: base, ...options.mqtt },
    retry: { initial: '100ms', max: '1s' },
    log: { level: options.logLevel ?? 'info', format: 'json' },
    http: { enabled: false },
    polling: { enabled: false },
    // Tests wake a car again and again.
    guards: { min_wake_gap: 'off' },
    accounts: [
      {
        name: 'home',
        backend: 'simulator',
        vehicles,
        simulator: {
          vehicles: cars.length,
          seed,
          latency: '20ms',
          force_latency: '20ms',
          control_file: controlFile,
          log_file: logFile,
          ...options.simulator,
        },
      },
    ],
    ...options.config,
  };
}
