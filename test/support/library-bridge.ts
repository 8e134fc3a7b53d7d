import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import { lifeCycleEventSchema } from '../../src/vehicle/life-cycle.js';
import { stateDocumentSchema, type StateDocument } from '../../src/vehicle/state.js';
import type { Cloud } from '../cloud/cloud.js';
import type { UsaHyundaiAccount } from '../cloud/usa-hyundai-account.js';
import type { UsaKiaAccount } from '../cloud/usa-kia-account.js';
import { type Daemon, startDaemon } from './daemon.js';
import type { Mosquitto } from './mosquitto.js';
import { type ProcessEntry, listProcesses } from './processes.js';
import { requireTestPython } from './python.js';
import type { Recorded, Recorder } from './recorder.js';

/** Longer than the library sleeps in one call. */
const patience_ms = 45_000;

const bridgeStateSchema = z.object({
  accounts: z.record(z.string(), z.object({ state: z.string(), vehicles: z.array(z.string()) })),
  breakers: z.record(
    z.string(),
    z.record(z.string(), z.object({ state: z.string(), failures: z.number().nullable() })),
  ),
  budget: z.record(z.string(), z.object({ state: z.string() })),
  pool: z.object({ processes: z.number() }),
  last_error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

export type BridgeState = z.infer<typeof bridgeStateSchema>;

/** The owner's entry in the configuration. */
export interface LibraryAccount {
  readonly name: string;
  readonly region: string | number;
  readonly brand: string;
  readonly username: string;
  readonly password: string;
  readonly pin?: string;
  readonly vehicles?: Readonly<Record<string, { readonly alias: string }>>;
}

/** An account at one of the fake cloud's makers. */
export interface CloudAccount {
  readonly username: string;
  readonly password: string;
  readonly pin?: string;
  readonly cars: readonly SimulatedCar[];
}

/** Each car has an alias, `<name>-0`, `<name>-1`, … */
export function hyundaiAccount(of: UsaHyundaiAccount, name = 'hyundai') {
  return withAliases(of, libraryAccount(of, { name, region: 'usa', brand: 'hyundai' }));
}

export function kiaAccount(of: UsaKiaAccount, name = 'kia') {
  return withAliases(of, libraryAccount(of, { name, region: 'usa', brand: 'kia' }));
}

/** The cars are called as their maker calls them. */
export function libraryAccount(
  { username, password, pin }: CloudAccount,
  { name, region, brand }: Pick<LibraryAccount, 'name' | 'region' | 'brand'>,
): LibraryAccount {
  return { name, region, brand, username, password, ...(pin !== undefined && { pin }) };
}

function withAliases({ cars }: CloudAccount, account: LibraryAccount) {
  const aliases = cars.map(({ identity }, place) => {
    return [identity.id, { alias: `${account.name}-${String(place)}` }] as const;
  });
  return { ...account, vehicles: Object.fromEntries(aliases) };
}

export interface LibraryBridgeOptions {
  readonly cloud: Pick<Cloud, 'environment'>;
  readonly broker: Mosquitto;
  readonly recorder: Recorder;
  readonly accounts: readonly LibraryAccount[];
  /** Further keys of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly python?: string;
  /** What an earlier daemon has left. */
  readonly after?: LibraryBridge;
}

let count = 0;

/** The built daemon with the real vendor library, whose cloud is the fake one. */
export class LibraryBridge {
  readonly daemon: Daemon;
  readonly base: string;
  readonly #recorder: Recorder;
  /** Where this daemon's messages begin: those of an earlier one on the same base topic do not count. */
  readonly #since: number;

  private constructor(daemon: Daemon, base: string, recorder: Recorder) {
    this.daemon = daemon;
    this.base = base;
    this.#recorder = recorder;
    this.#since = recorder.messages.length;
  }

  /** Resolves at once. Tests share a broker, so each daemon has a base topic of its own. */
  static async start(options: LibraryBridgeOptions): Promise<LibraryBridge> {
    const { cloud, broker, accounts, config, after } = options;
    const base = after?.base ?? `cars${String((count += 1))}`;
    const daemon = await startDaemon({
      config: {
        mqtt: { url: broker.url, base_topic: base, client_id: base },
        python: options.python ?? requireTestPython(),
        retry: { initial: '50ms', max: '200ms' },
        refresh: { on_start: 'off' },
        // A poll would stand in the cloud's log among the requests that a test looks for.
        polling: { enabled: false },
        log: { level: 'trace', format: 'json' },
        ...config,
        accounts,
      },
      environment: cloud.environment,
      ...(after === undefined ? {} : { stateDir: after.daemon.stateDir }),
    });
    return new LibraryBridge(daemon, base, options.recorder);
  }

  /** The bridge's state as soon as an account is in this one. */
  waitForAccount(name: string, wanted: string): Promise<BridgeState> {
    return this.waitForBridgeState(({ accounts }) => accounts[name]?.state === wanted);
  }

  async waitForBridgeState(matches: (state: BridgeState) => boolean): Promise<BridgeState> {
    const topic = `${this.base}/bridge/state`;
    const found = await this.#recorder.waitFor(
      (message) => message.topic === topic && matches(bridgeStateOf(message)),
      patience_ms,
      this.#since,
    );
    return bridgeStateOf(found);
  }

  /** What the breakers of an account have been so far, without repetitions. */
  breakerStates(account: string): { read: string[]; wake: string[] } {
    const of = (callClass: string): string[] =>
      this.#changesOf(({ breakers }) => breakers[account]?.[callClass]?.state);
    return { read: of('read'), wake: of('wake') };
  }

  /** What the budget of an account has been so far, without repetitions. */
  budgetStates(account: string): string[] {
    return this.#changesOf(({ budget }) => budget[account]?.state);
  }

  #changesOf(pick: (state: BridgeState) => string | undefined): string[] {
    const states = this.#own()
      .filter(({ topic }) => topic === `${this.base}/bridge/state`)
      .flatMap((message) => pick(bridgeStateOf(message)) ?? []);
    return states.filter((state, place) => state !== states[place - 1]);
  }

  /** Sends a bare word, as a person does; answers the id that the bridge gave it. */
  async send(vehicle: string, word: string): Promise<string> {
    const from = this.#recorder.messages.length;
    await this.#recorder.publish(`${this.base}/${vehicle}/commands/refresh`, word);
    const first = await this.#recorder.waitFor(
      ({ topic, payload }) => topic === `${this.base}/${vehicle}/result` && says(payload, word),
      patience_ms,
      from,
    );
    return lifeCycleEventSchema.parse(JSON.parse(first.payload)).id;
  }

  /** Sends a bare word and waits for the command's ending. */
  async refresh(vehicle: string, word: string): Promise<LifeCycleEvent> {
    return this.ending(await this.send(vehicle, word));
  }

  /** A step of a one-time code; answers how it ended. */
  async otp(account: string, step: { method: string } | { code: string }): Promise<LifeCycleEvent> {
    const id = randomUUID();
    const payload = JSON.stringify({ id, account, ...step });
    await this.#recorder.publish(`${this.base}/bridge/commands/otp`, payload);
    return this.ending(id);
  }

  /** What the bridge says of a car besides its state. */
  async info(vehicle: string): Promise<Record<string, unknown>> {
    const topic = `${this.base}/${vehicle}/info`;
    const found = await this.#recorder.waitFor(
      (message) => message.topic === topic && message.payload !== '',
      patience_ms,
      this.#since,
    );
    return z.record(z.string(), z.unknown()).parse(JSON.parse(found.payload));
  }

  ending(id: string): Promise<LifeCycleEvent> {
    return this.#recorder.waitForEnding(id, patience_ms);
  }

  running(id: string): Promise<LifeCycleEvent> {
    return this.#recorder.waitForStatus(id, ['running'], patience_ms);
  }

  statuses(id: string): string[] {
    return this.#recorder.events(id).map(({ status }) => status);
  }

  events(id: string): LifeCycleEvent[] {
    return this.#recorder.events(id);
  }

  /** The state document in which a command is the newest and has ended. */
  async stateAfter(vehicle: string, ending: LifeCycleEvent): Promise<StateDocument> {
    const found = await this.#recorder.waitFor(
      ({ topic, payload }) => {
        if (topic !== `${this.base}/${vehicle}/state`) return false;
        const { command } = stateDocumentSchema.parse(JSON.parse(payload));
        return command.id === ending.id && command.state === ending.status;
      },
      patience_ms,
      this.#since,
    );
    return stateDocumentSchema.parse(JSON.parse(found.payload));
  }

  /** Every state document of this daemon, as it was published. */
  stateDocuments(): unknown[] {
    return this.#own()
      .filter(({ topic }) => /^[^/]+\/[^/]+\/state$/.test(topic) && !topic.includes('/bridge/'))
      .map(({ payload }) => JSON.parse(payload) as unknown);
  }

  /** The Python processes of this daemon. */
  pythons(): ProcessEntry[] {
    return listProcesses().filter(
      ({ parent, command }) => parent === this.daemon.pid && command.includes('bluelink_sidecar'),
    );
  }

  /** Children of the daemon that have ended and that it has not waited for. */
  defunct(): ProcessEntry[] {
    return listProcesses().filter(
      ({ parent, state }) => parent === this.daemon.pid && state === 'Z',
    );
  }

  #own(): readonly Recorded[] {
    return this.#recorder.messages
      .slice(this.#since)
      .filter(({ topic }) => topic.startsWith(`${this.base}/`));
  }
}

function bridgeStateOf({ payload }: Recorded): BridgeState {
  return bridgeStateSchema.parse(JSON.parse(payload));
}

function says(payload: string, word: string): boolean {
  const { value, status, seq } = lifeCycleEventSchema.parse(JSON.parse(payload));
  return value === word && (status === 'accepted' || seq === 0);
}
