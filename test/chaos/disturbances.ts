import { setTimeout as pause } from 'node:timers/promises';
import type { Effect, Fault, FaultHandle } from '../cloud/faults.js';
import type { CloudOperation } from '../cloud/wire.js';
import { garbageKinds } from '../cloud/faults.js';
import type { Weather } from '../end-to-end/simulated-cars.js';
import type { Chance } from '../support/crash-random.js';
import type { Violation } from './evidence.js';
import { allowance_ms } from './violations.js';
import type { ChaosWorld } from './world.js';

/** A broker saves its sessions once a second; what it has not saved it forgets, and nobody can be asked for it. */
const brokerSaves_ms = 2_200;
/** Three connections lost within 5 s each look like another client with the bridge's id, and it keeps away for a minute. */
const quietFor_ms = 7_000;
const mostQuickLosses = 2;
/** So many faults of the cloud wait for a request at most. */
const mostWaiting = 6;

type Kind = readonly [share: number, happen: () => unknown];

/** What goes wrong, at random; each kind is counted when it has happened. */
export class Disturbances {
  /** What a fault itself brings to light. */
  readonly violations: Violation[] = [];
  readonly #world: ChaosWorld;
  readonly #chance: Chance;
  readonly #counts = new Map<string, number>();
  readonly #faults: { readonly kind: string; readonly handle: FaultHandle }[] = [];
  #quickLosses = 0;
  #lostAt = 0;
  #brokerSince = performance.now();
  readonly #kinds: readonly Kind[] = [
    [
      14,
      () => {
        this.#killPython();
      },
    ],
    [
      9,
      () => {
        this.#terminateThread();
      },
    ],
    [4, () => this.#killBroker()],
    [
      5,
      () => {
        this.#cut();
      },
    ],
    [
      3,
      () => {
        this.#cutSender();
      },
    ],
    [4, () => this.#cloudDown()],
    [
      26,
      () => {
        this.#strikeRequest();
      },
    ],
    [12, () => this.#simulatedWeather()],
    [4, () => this.#killDaemon()],
    [2, () => this.#stopDaemon()],
  ];

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

  /** One of them, as often as its share says. */
  async happen(): Promise<void> {
    const all = this.#kinds.flatMap(([share, one]) => Array.from({ length: share }, () => one));
    const [first, ...others] = all;
    if (first !== undefined) await this.#chance.oneOf(first, ...others)();
  }

  /** Nothing goes wrong from now on. */
  async cease(): Promise<void> {
    this.#world.cloud.clearFaults();
    await this.#world.simulated.write({});
  }

  #count(kind: string): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  #killPython(): void {
    const [first, ...others] = this.#world.pythons();
    if (first === undefined) return;
    try {
      process.kill(this.#chance.oneOf(first, ...others).pid, 'SIGKILL');
      this.#count('Python process killed');
    } catch (error) {
      // It has ended by itself since.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #terminateThread(): void {
    this.#world.daemon.kill('SIGUSR2');
    this.#count('thread terminated');
  }

  async #killBroker(): Promise<void> {
    if (performance.now() - this.#brokerSince < brokerSaves_ms || !this.#mayLoseConnection())
      return;
    await this.#world.killBroker(this.#chance.between(0, 300));
    this.#brokerSince = performance.now();
    this.#count('broker killed');
  }

  #cut(): void {
    if (!this.#mayLoseConnection()) return;
    this.#world.line.cut();
    this.#count("bridge's connection cut");
  }

  #cutSender(): void {
    this.#world.senderLine.cut();
    this.#count("sender's connection cut");
  }

  #mayLoseConnection(): boolean {
    const now = performance.now();
    if (now - this.#lostAt > quietFor_ms) this.#quickLosses = 0;
    if (this.#quickLosses >= mostQuickLosses) return false;
    this.#quickLosses += 1;
    this.#lostAt = now;
    return true;
  }

  async #cloudDown(): Promise<void> {
    await this.#world.cloudLine.down();
    await pause(this.#chance.between(50, 600));
    await this.#world.cloudLine.up();
    this.#count('cloud down');
  }

  #strikeRequest(): void {
    const waiting = this.#faults.filter(({ handle }) => handle.struck === 0);
    if (waiting.length >= mostWaiting) waiting[0]?.handle.clear();
    const fault = this.#aFault();
    const when = fault.processed === true ? 'after it was taken' : 'before it was taken';
    const isMoot = ['latency', 'refused', 'rate_limited', 'session_revoked'];
    const kind = `request: ${fault.effect.is}${isMoot.includes(fault.effect.is) ? '' : ` ${when}`}`;
    this.#faults.push({ kind, handle: this.#world.cloud.fault(fault) });
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

  async #simulatedWeather(): Promise<void> {
    const chance = this.#chance;
    const kinds: Readonly<Record<string, Weather['vehicles']>> = {
      'fair weather': {},
      'thread hangs': { '*': { [chance.oneOf('cached', 'force', 'command')]: { hang: true } } },
      'answer lost': { '*': { command: { taken: true, fail: { code: 'timeout' } } } },
      'car refuses': { '*': { command: { car: 'refuses' } } },
      'car is silent': { '*': { command: { car: 'silent' } } },
      'slow to send': { '*': { command: { starts_after_ms: chance.whole(300, 1500) } } },
      'slow car': { '*': { command: { car_latency_ms: chance.whole(200, 1500) } } },
      unavailable: { '*': { command: { fail: { code: 'unavailable' } } } },
      duplicate: { '*': { command: { fail: { code: 'duplicate_request', times: 2 } } } },
      'read fails': { '*': { cached: { fail: { code: 'unavailable', times: 2 } } } },
    };
    const [first = '', ...others] = Object.keys(kinds);
    const kind = chance.oneOf(first, ...others);
    await this.#world.simulated.write({ vehicles: kinds[kind] ?? {} });
    if (kind !== first) this.#count(`simulated cloud: ${kind}`);
  }

  async #killDaemon(): Promise<void> {
    await this.#world.kill();
    this.#count('daemon killed');
    await this.#startAgain();
  }

  async #stopDaemon(): Promise<void> {
    const { code, signal } = await this.#world.stop();
    this.#count('daemon stopped');
    if (code !== 0) {
      const says = `a stopped daemon ended with ${String(signal ?? code)}`;
      this.violations.push({ id: null, says });
    }
    await this.#startAgain();
  }

  async #startAgain(): Promise<void> {
    await pause(this.#chance.between(0, 300));
    await this.#world.launch();
    this.#quickLosses = 0;
  }
}
