import { setTimeout as pause } from 'node:timers/promises';
import type { SimulatedCars } from '../end-to-end/simulated-cars.js';
import type { Chance } from '../support/crash-random.js';
import type { Cuttable } from '../support/cuttable.js';
import type { Daemon } from '../support/daemon.js';
import type { Mosquitto } from '../support/mosquitto.js';
import { QuickLosses } from '../support/quick-losses.js';
import { someWeather } from '../support/simulated-weather.js';

export interface TroublesOptions {
  readonly chance: Chance;
  readonly daemon: Daemon;
  readonly broker: Mosquitto;
  /** The bridge's way to the broker. */
  readonly line: Cuttable;
  readonly simulated: SimulatedCars;
  /** Pids of the daemon's Python processes. */
  readonly pythons: () => readonly number[];
}

type Trouble = () => Promise<string | undefined>;

/** What goes wrong around one daemon that lives on, at random. What kills the daemon itself is no part of it. */
export class Troubles {
  readonly counts = new Map<string, number>();
  readonly #options: TroublesOptions;
  readonly #losses = new QuickLosses();
  readonly #wheel: readonly Trouble[];

  constructor(options: TroublesOptions) {
    this.#options = options;
    const shares: readonly (readonly [share: number, trouble: Trouble])[] = [
      [10, () => this.#weather()],
      [6, () => this.#cut()],
      [5, () => this.#terminateThread()],
      [4, () => this.#killPython()],
      [2, () => this.#brokerAway()],
      [2, () => this.#restartBroker()],
      [1, () => this.#hangBroker()],
    ];
    this.#wheel = shares.flatMap(([share, trouble]) => Array<Trouble>(share).fill(trouble));
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  async happen(): Promise<void> {
    const [first = () => this.#weather(), ...others] = this.#wheel;
    const kind = await this.#options.chance.oneOf(first, ...others)();
    if (kind !== undefined) this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  async cease(): Promise<void> {
    await this.#options.simulated.write({});
  }

  async #weather(): Promise<string> {
    const [kind, weather] = someWeather(this.#options.chance);
    await this.#options.simulated.write(weather);
    return kind;
  }

  #cut(): Promise<string | undefined> {
    if (!this.#losses.mayLose()) return Promise.resolve(undefined);
    this.#options.line.cut();
    return Promise.resolve('connection cut');
  }

  async #brokerAway(): Promise<string | undefined> {
    if (!this.#losses.mayLose()) return undefined;
    await this.#options.line.down();
    await pause(this.#options.chance.between(100, 1500));
    await this.#options.line.up();
    return 'broker away';
  }

  async #restartBroker(): Promise<string | undefined> {
    if (!this.#losses.mayLose()) return undefined;
    await this.#options.broker.restart();
    return 'broker restarted';
  }

  async #hangBroker(): Promise<string> {
    this.#options.broker.pause();
    await pause(this.#options.chance.between(100, 1500));
    this.#options.broker.resume();
    return 'broker hung';
  }

  #terminateThread(): Promise<string> {
    this.#options.daemon.kill('SIGUSR2');
    return Promise.resolve('thread terminated');
  }

  #killPython(): Promise<string | undefined> {
    const [first, ...others] = this.#options.pythons();
    if (first === undefined) return Promise.resolve(undefined);
    try {
      process.kill(this.#options.chance.oneOf(first, ...others), 'SIGKILL');
      return Promise.resolve('Python process killed');
    } catch (error) {
      // It has ended by itself since.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      return Promise.resolve(undefined);
    }
  }
}
