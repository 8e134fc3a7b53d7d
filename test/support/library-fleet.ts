import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Cloud } from '../cloud/cloud.js';
import { type Daemon, startDaemon } from './daemon.js';
import { hastySettings } from './hasty-settings.js';
import type { LibraryAccount } from './library-bridge.js';
import type { LibraryWorld } from './library-world.js';
import type { NatsServer } from './nats.js';
import { requireTestPython } from './python.js';
import { keepSecret } from './secret-scan.js';
import { waitUntil } from './wait.js';

const stateSchema = z.object({
  instances: z.record(z.string(), z.object({ accounts: z.number() })),
  accounts: z.record(z.string(), z.object({ state: z.string(), vehicles: z.array(z.string()) })),
});

export type FleetState = z.infer<typeof stateSchema>;

export interface LibraryFleetOptions extends LibraryWorld {
  readonly nats: NatsServer;
  readonly accounts: readonly LibraryAccount[];
  readonly instances: readonly string[];
  /** Threads and processes of each instance. */
  readonly workers: number;
}

interface Plan {
  readonly config: Readonly<Record<string, unknown>>;
  readonly environment: Cloud['environment'];
}

const base = 'fleet';

/** Several built daemons with the real vendor library, which share what they know by a real NATS. */
export class LibraryFleet {
  readonly base = base;
  /** The newest daemon of each instance. */
  readonly daemons = new Map<string, Daemon>();
  readonly #plan: Plan;
  #state: FleetState = { instances: {}, accounts: {} };

  private constructor(plan: Plan, { recorder }: LibraryFleetOptions) {
    this.#plan = plan;
    recorder.client.on('message', (topic, payload) => {
      if (topic !== `${base}/bridge/state` || payload.length === 0) return;
      this.#state = stateSchema.parse(JSON.parse(payload.toString()));
    });
  }

  /** Resolves when all have been started; see `waitForAll`. */
  static async start(options: LibraryFleetOptions): Promise<LibraryFleet> {
    const { cloud, broker, nats, accounts, workers } = options;
    const encryption_key = randomBytes(32).toString('base64');
    keepSecret(encryption_key);
    const config = {
      ...hastySettings,
      mqtt: { url: broker.url, base_topic: base, client_id: base },
      store: { engine: 'nats', servers: [nats.url], name: base, encryption_key },
      python: requireTestPython(),
      // The machine of a test is slower than any cloud, and only a sign-in is to be one.
      workers: { max: workers, deadline: { cached: '60s', force: '60s', command: '60s' } },
      confirm: { ...hastySettings.confirm, for: '60s' },
      budget: { daily: 1000 },
      refresh: { on_start: 'off' },
      polling: { enabled: false },
      log: { level: 'debug', format: 'json' },
      accounts,
    };
    const fleet = new LibraryFleet({ config, environment: cloud.environment }, options);
    for (const name of options.instances) await fleet.#startInstance(name);
    return fleet;
  }

  /** As it was last told. */
  get state(): FleetState {
    return this.#state;
  }

  /** Resolves when the fleet is these instances, each with its share, and every account is ready. */
  async waitForAll(instances: readonly string[], timeout_ms: number): Promise<void> {
    const isSo = (): boolean => {
      const shares = instances.map((name) => this.#state.instances[name]?.accounts ?? 0);
      return (
        Object.keys(this.#state.instances).length === instances.length &&
        Math.min(...shares) > 0 &&
        // One of them has the bridge in place of an account.
        Math.max(...shares) - Math.min(...shares) <= 2 &&
        Object.values(this.#state.accounts).every(({ state }) => state === 'ready')
      );
    };
    await waitUntil(isSo, timeout_ms, () => `${instances.join(', ')}: ${this.#describe()}`);
  }

  /** A clean stop, and the same again in the same state directory. Resolves when it has been started. */
  async restart(name: string, timeout_ms: number): Promise<void> {
    const before = this.daemons.get(name);
    if (before === undefined) throw new Error(`there is no instance ${name}`);
    const exit = await before.stop(timeout_ms);
    if (exit.code !== 0) throw new Error(`${name} ended with ${String(exit.signal ?? exit.code)}`);
    await this.#startInstance(name, before.stateDir);
  }

  async #startInstance(name: string, stateDir?: string): Promise<void> {
    const { config, environment } = this.#plan;
    const daemon = await startDaemon({
      config: { ...config, instance: name },
      environment,
      ...(stateDir === undefined ? {} : { stateDir }),
    });
    this.daemons.set(name, daemon);
  }

  #describe(): string {
    const { instances, accounts } = this.#state;
    const states = Object.entries(accounts).map(([name, { state }]) => `${name} ${state}`);
    return `${JSON.stringify(instances)}; ${states.join(', ')}`;
  }
}
