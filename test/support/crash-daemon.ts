import { join } from 'node:path';
import { startDaemon, type Daemon } from './daemon.js';
import type { Mosquitto } from './mosquitto.js';
import { startRecorder, type Recorder } from './recorder.js';
import { tempDir } from './temp-dir.js';

export interface LabOptions {
  readonly broker: Mosquitto;
  /** Of the simulated account, besides the file that counts what the vendor sees. */
  readonly simulator: Readonly<Record<string, unknown>>;
  /** Further sections of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly mqtt?: Readonly<Record<string, unknown>>;
  readonly stateDir?: string;
}

/** A daemon that is killed and started again on one state, and the witnesses that outlive it. */
export class CrashLab {
  readonly recorder: Recorder;
  readonly effectsFile: string;
  readonly stateDir: string;
  readonly #config: Readonly<Record<string, unknown>>;
  #daemon: Daemon | undefined;

  constructor(
    recorder: Recorder,
    effectsFile: string,
    stateDir: string,
    config: Readonly<Record<string, unknown>>,
  ) {
    this.recorder = recorder;
    this.effectsFile = effectsFile;
    this.stateDir = stateDir;
    this.#config = config;
  }

  get daemon(): Daemon {
    if (this.#daemon === undefined) throw new Error('no daemon was started');
    return this.#daemon;
  }

  /** Resolves when the process is there; nothing of it need be ready. */
  async launch(): Promise<Daemon> {
    this.#daemon = await startDaemon({ config: this.#config, stateDir: this.stateDir });
    return this.#daemon;
  }

  /** Launches it and waits until it is connected. */
  async start(): Promise<Daemon> {
    const online = this.online();
    const daemon = await this.launch();
    await online;
    return daemon;
  }

  /** The next time it says so; what is known already does not count. */
  online(): Promise<unknown> {
    return this.recorder.waitForNext(
      ({ topic, payload }) => topic === 'bluelink/bridge/availability' && payload === 'online',
      20_000,
    );
  }

  /** `kill -9`; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.daemon.kill('SIGKILL');
    await this.daemon.exit;
  }

  /** The topic ids of the cars, once all of them have been listed. */
  async vehicles(count: number): Promise<string[]> {
    const online = /^bluelink\/([^/]+)\/availability$/;
    const ids = new Set<string>();
    await this.recorder.waitFor(({ topic, payload }) => {
      const id = online.exec(topic)?.[1];
      if (id !== undefined && id !== 'bridge' && payload === 'online') ids.add(id);
      return ids.size === count;
    });
    return [...ids].sort();
  }
}

/** Nothing is read but what is asked for, and a car is woken as often as it is asked. */
export const uncared = {
  polling: { enabled: false },
  guards: { min_wake_gap: 'off' },
} as const;

export async function startCrashLab(options: LabOptions): Promise<CrashLab> {
  const { broker, simulator, config = {}, mqtt = {} } = options;
  const effectsFile = join(await tempDir(), 'effects.jsonl');
  // Its own session at the broker: what it misses while a connection is down it gets afterwards.
  const recorder = await startRecorder(broker.url, {
    client: {
      clientId: `recorder-${String(broker.port)}-${String(Math.random()).slice(2)}`,
      clean: false,
      properties: { sessionExpiryInterval: 3600 },
    },
  });
  return new CrashLab(recorder, effectsFile, options.stateDir ?? (await tempDir()), {
    ...uncared,
    ...config,
    mqtt: { url: broker.url, ...mqtt },
    accounts: [
      {
        name: 'home',
        backend: 'simulator',
        simulator: { ...simulator, log_file: effectsFile },
      },
    ],
  });
}
