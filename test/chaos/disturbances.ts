import { setTimeout as pause } from 'node:timers/promises';
import type { Effect, Fault, FaultHandle } from '../cloud/faults.js';
import type { CloudOperation } from '../cloud/wire.js';
import { garbageKinds } from '../cloud/faults.js';
import type { Chance } from '../support/crash-random.js';
import { QuickLosses } from '../support/quick-losses.js';
import { fair, someWeather } from '../support/simulated-weather.js';
import type { Violation } from './evidence.js';
import { allowance_ms } from './violations.js';
import type { ChaosWorld } from './world.js';

/** A broker saves its sessions once a second; what it has not saved it forgets, and nobody can be asked for it. */
const brokerSaves_ms = 2_200;
/** So many faults of the cloud wait for a request at most. */
const mostWaiting = 6;

/** How often each happens, compared with the others. What stops everything is rare enough for the rest to go on. */
const shares = {
  pythonKilled: 7,
  threadTerminated: 6,
  brokerKilled: 3,
  bridgeCut: 4,
  senderCut: 4,
  cloudDown: 4,
  requestStruck: 36,
  simulatedWeather: 12,
  daemonKilled: 2,
  daemonStopped: 1,
} as const;

type Kind = keyof typeof shares;
const all = Object.keys(shares) as Kind[];

/** Those that a daemon meets as soon as it is there; the others leave it a moment in most of its lives. */
const mildKinds: readonly Kind[] = ['requestStruck', 'simulatedWeather', 'senderCut'];
const longestPeace_ms = 4_000;

/** What goes wrong, at random; each kind is counted when it has happened. */
export class Disturbances {
  /** What a fault itself brings to light. */
  readonly violations: Violation[] = [];
  readonly #world: ChaosWorld;
  readonly #chance: Chance;
  readonly #counts = new Map<string, number>();
  readonly #losses = new QuickLosses();
  #faults: { readonly kind: string; readonly handle: FaultHandle }[] = [];
  #peaceUntil = 0;
  readonly #due = new Set(all);
  /** Each answers whether it could happen. */
  readonly #happenings: Readonly<Record<Kind, () => Promise<boolean> | boolean>> = {
    pythonKilled: () => this.#killPython(),
    threadTerminated: () => this.#terminateThread(),
    brokerKilled: () => this.#killBroker(),
    bridgeCut: () => this.#cut(),
    senderCut: () => this.#cutSender(),
    cloudDown: () => this.#cloudDown(),
    requestStruck: () => this.#strikeRequest(),
    simulatedWeather: () => this.#simulatedWeather(),
    daemonKilled: () => this.#killDaemon(),
    daemonStopped: () => this.#stopDaemon(),
  };
  #brokerSince = performance.now();

  constructor(world: ChaosWorld, chance: Chance) {
    this.#world = world;
    this.#chance = chance;
  }

  /** How often each kind has happened; a fault of the cloud counts for each request that it has struck. */
  get counts(): ReadonlyMap<string, number> {
    const counts = new Map(this.#counts);
    for (const { kind, handle } of this.#faults) {
      if (handle.struck > 0) counts.set(kind, (counts.get(kind) ?? 0) + handle.struck);
    }
    return counts;
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Whether every kind has happened. */
  get isComplete(): boolean {
    return this.#due.size === 0;
  }

  /** One of them, as often as its share says; now and then one that has not happened yet. */
  async happen(): Promise<void> {
    const isPeace = performance.now() < this.#peaceUntil;
    const due = [...this.#due];
    const kinds =
      due.length > 0 && this.#chance.in(0.3)
        ? due
        : all.flatMap((kind) => Array.from({ length: shares[kind] }, () => kind));
    const fitting = kinds.filter((kind) => !isPeace || mildKinds.includes(kind));
    const kind = this.#chance.oneOf<Kind>('requestStruck', ...fitting);
    if (await this.#happenings[kind]()) this.#due.delete(kind);
  }

  /** Nothing goes wrong from now on. */
  async cease(): Promise<void> {
    this.#world.cloud.clearFaults();
    await this.#world.simulated.write({});
  }

  #count(kind: string): true {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    return true;
  }

  #killPython(): boolean {
    const [first, ...others] = this.#world.pythons();
    if (first === undefined) return false;
    try {
      process.kill(this.#chance.oneOf(first, ...others).pid, 'SIGKILL');
      return this.#count('Python process killed');
    } catch (error) {
      // It has ended by itself since.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      return false;
    }
  }

  #terminateThread(): boolean {
    this.#world.daemon.kill('SIGUSR2');
    return this.#count('thread terminated');
  }

  async #killBroker(): Promise<boolean> {
    if (performance.now() - this.#brokerSince < brokerSaves_ms || !this.#losses.mayLose())
      return false;
    await this.#world.killBroker(this.#chance.between(0, 300));
    this.#brokerSince = performance.now();
    return this.#count('broker killed');
  }

  #cut(): boolean {
    if (!this.#losses.mayLose()) return false;
    this.#world.line.cut();
    return this.#count("bridge's connection cut");
  }

  #cutSender(): boolean {
    this.#world.traffic.senderLine.cut();
    return this.#count("sender's connection cut");
  }

  async #cloudDown(): Promise<boolean> {
    await this.#world.cloudLine.down();
    await pause(this.#chance.between(50, 600));
    await this.#world.cloudLine.up();
    return this.#count('cloud down');
  }

  #strikeRequest(): boolean {
    const waiting = this.#faults.filter(({ handle }) => handle.struck === 0);
    if (waiting.length >= mostWaiting) {
      for (const { handle } of waiting) handle.clear();
      this.#faults = this.#faults.filter(({ handle }) => handle.struck > 0);
    }
    const fault = this.#aFault();
    const { is } = fault.effect;
    const when = fault.processed === true ? 'after it was taken' : 'before it was taken';
    const kind = ['reset', 'close', 'gateway'].includes(is) ? `${is} ${when}` : is;
    this.#faults.push({ kind: `request: ${kind}`, handle: this.#world.cloud.fault(fault) });
    return true;
  }

  #aFault(): Fault {
    const chance = this.#chance;
    const operation = chance.oneOf<CloudOperation>(
      ...([
        'command',
        'command',
        'command',
        'command',
        'poll',
        'cached',
        'force',
        'detail',
      ] as const),
    );
    const shared = { operation, times: 1 };
    if (operation === 'command' && chance.in(0.2)) {
      const reason = chance.oneOf('duplicate', 'vehicle_timeout', 'unavailable');
      return { ...shared, effect: { is: 'refused', reason } };
    }
    if (chance.in(0.04)) return { ...shared, effect: { is: 'session_revoked' } };
    return { ...shared, effect: this.#anEffect(), processed: chance.in(0.5) };
  }

  #anEffect(): Effect {
    const chance = this.#chance;
    return chance.oneOf<() => Effect>(
      () => ({ is: 'reset' }),
      () => ({ is: 'reset' }),
      () => ({ is: 'close' }),
      () => ({ is: 'gateway', status: chance.oneOf(502, 503, 504) }),
      () => ({ is: 'latency', ms: chance.whole(50, allowance_ms.answer) }),
      () => ({ is: 'garbage', kind: chance.oneOf(...garbageKinds) }),
      () => ({ is: chance.oneOf('stalled_body', 'dripping_body') }),
    )();
  }

  async #simulatedWeather(): Promise<boolean> {
    const [kind, weather] = someWeather(this.#chance);
    await this.#world.simulated.write(weather);
    return kind === fair || this.#count(`simulated cloud: ${kind}`);
  }

  async #killDaemon(): Promise<boolean> {
    await this.#world.kill();
    await this.#startAgain();
    return this.#count('daemon killed');
  }

  async #stopDaemon(): Promise<boolean> {
    const { code, signal } = await this.#world.stop();
    if (code !== 0) {
      const says = `a stopped daemon ended with ${String(signal ?? code)}`;
      this.violations.push({ id: null, says });
    }
    await this.#startAgain();
    return this.#count('daemon stopped');
  }

  async #startAgain(): Promise<void> {
    await pause(this.#chance.between(0, 300));
    await this.#world.launch();
    this.#losses.forget();
    const peace_ms = this.#chance.in(0.8) ? this.#chance.between(0, longestPeace_ms) : 0;
    this.#peaceUntil = performance.now() + peace_ms;
  }
}
