import { setTimeout as pause } from 'node:timers/promises';
import type { Violation } from '../chaos/evidence.js';
import type { Chance } from '../support/crash-random.js';
import type { FleetWorld } from './world.js';

/** A broker saves its sessions once a second; what it has not saved it forgets, and nobody can be asked for it. */
const brokerSaves_ms = 2_200;

/** How often each happens, compared with the others. */
const shares = {
  instanceKilled: 6,
  instancePaused: 4,
  instanceStopped: 3,
  natsKilled: 3,
  natsRestarted: 2,
  natsPaused: 3,
  natsCut: 3,
  brokerKilled: 3,
  brokerCut: 3,
} as const;

type Kind = keyof typeof shares;
const all = Object.keys(shares) as Kind[];

/** Those that one instance suffers, and those that one server does; one of each may happen at once. */
const ofInstance: readonly Kind[] = [
  'instanceKilled',
  'instancePaused',
  'instanceStopped',
  'natsCut',
  'brokerCut',
];

/** How much longer each lasts than in a short run. */
export interface Severity {
  /** Until a killed instance is started again, at most. */
  readonly dead_ms: number;
  readonly natsAway_ms: number;
}

/** What goes wrong, at random. */
export class FleetDisturbances {
  /** What a fault itself brings to light. */
  readonly violations: Violation[] = [];
  readonly counts = new Map<Kind, number>();
  readonly #world: FleetWorld;
  readonly #chance: Chance;
  readonly #severity: Severity;
  readonly #due = new Set(all);
  /** Instances that do not work now, and when each does again. */
  readonly #away = new Map<string, Promise<void>>();
  #brokerSince = performance.now();
  /** Each resolves when it is over as far as the others can tell, with the moment from which they may take over. */
  readonly #happenings: Readonly<Record<Kind, () => Promise<number>>> = {
    instanceKilled: () => this.#killInstance(),
    instancePaused: () => this.#pauseInstance(),
    instanceStopped: () => this.#stopInstance(),
    natsKilled: () => this.#natsAway(() => this.#world.nats.kill()),
    natsRestarted: () => this.#natsAway(() => this.#world.nats.stop()),
    natsPaused: () => this.#pauseNats(),
    natsCut: () => this.#cut('nats'),
    brokerKilled: () => this.#killBroker(),
    brokerCut: () => this.#cut('mqtt'),
  };

  constructor(world: FleetWorld, chance: Chance, severity: Severity) {
    this.#world = world;
    this.#chance = chance;
    this.#severity = severity;
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Whether every kind has happened. */
  get isComplete(): boolean {
    return this.#due.size === 0;
  }

  /**
   * One of them, now and then two at once. Resolves with what has happened, and with the moment (`performance.now()`)
   * from which all that is needed to own every account is there.
   */
  async happen(): Promise<{ readonly kinds: readonly Kind[]; readonly since: number }> {
    const first = this.#aKind(all);
    const isOfInstance = ofInstance.includes(first);
    const others = all.filter((kind) => ofInstance.includes(kind) !== isOfInstance);
    const kinds = this.#chance.in(0.25) ? [first, this.#aKind(others)] : [first];
    const sinces: number[] = [];
    const ends = kinds.map(async (kind, place) => {
      await pause(place * this.#chance.between(0, 3_000));
      sinces.push(await this.#happenings[kind]());
      this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
      this.#due.delete(kind);
    });
    await Promise.all(ends);
    return { kinds, since: Math.max(...sinces) };
  }

  /** Resolves when everybody who was away works again. */
  async cease(): Promise<void> {
    await Promise.all(this.#away.values());
  }

  #aKind(from: readonly Kind[]): Kind {
    const due = from.filter((kind) => this.#due.has(kind));
    const [first, ...others] =
      due.length > 0 && this.#chance.in(0.5)
        ? due
        : from.flatMap((kind) => Array.from({ length: shares[kind] }, () => kind));
    return this.#chance.oneOf(first ?? 'natsRestarted', ...others);
  }

  /** One that works, beside another one; waits for that where it has to. */
  async #anInstance(): Promise<string> {
    for (;;) {
      const present = this.#world.fleet.instances.filter((one) => !this.#away.has(one));
      const [first, ...others] = present;
      if (first !== undefined && others.length > 0) return this.#chance.oneOf(first, ...others);
      await Promise.race(this.#away.values());
    }
  }

  /** Nothing else happens to it until `back` has resolved. */
  #isAway(instance: string, back: () => Promise<unknown>): void {
    const work = back().then(() => {
      this.#away.delete(instance);
    });
    this.#away.set(instance, work);
  }

  async #killInstance(): Promise<number> {
    const instance = await this.#anInstance();
    const { fleet } = this.#world;
    const gone = fleet.kill(instance);
    const dead_ms = this.#chance.between(0, this.#severity.dead_ms);
    this.#isAway(instance, async () => {
      await gone;
      await pause(dead_ms);
      await fleet.launch(instance);
    });
    await gone;
    return performance.now();
  }

  /** Long enough for the others to take it for dead: it wakes up and finds that nothing is its own any more. */
  async #pauseInstance(): Promise<number> {
    const instance = await this.#anInstance();
    const daemon = this.#world.fleet.daemon(instance);
    const length_ms = this.#chance.between(12_000, 20_000);
    daemon.kill('SIGSTOP');
    const since = performance.now();
    this.#isAway(instance, async () => {
      await pause(length_ms);
      daemon.kill('SIGCONT');
    });
    return since;
  }

  async #stopInstance(): Promise<number> {
    const instance = await this.#anInstance();
    const { fleet } = this.#world;
    const stopped = fleet.daemon(instance).stop(60_000);
    const dead_ms = this.#chance.between(0, this.#severity.dead_ms);
    this.#isAway(instance, async () => {
      await stopped.catch(() => undefined);
      await pause(dead_ms);
      await fleet.launch(instance);
    });
    try {
      const { code, signal } = await stopped;
      if (code !== 0)
        this.#says(`${instance} was stopped, and ended with ${String(signal ?? code)}`);
    } catch (error) {
      this.#says(`${instance} was stopped, and did not end in order: ${String(error)}`);
    }
    return performance.now();
  }

  async #natsAway(end: () => Promise<void>): Promise<number> {
    await end();
    await pause(this.#chance.between(0, this.#severity.natsAway_ms));
    await this.#world.nats.start();
    return performance.now();
  }

  async #pauseNats(): Promise<number> {
    this.#world.nats.pause();
    await pause(this.#chance.between(1_000, Math.max(2_000, 1.5 * this.#severity.natsAway_ms)));
    this.#world.nats.resume();
    return performance.now();
  }

  async #killBroker(): Promise<number> {
    await pause(Math.max(0, this.#brokerSince + brokerSaves_ms - performance.now()));
    await this.#world.killBroker(this.#chance.between(0, 2_000));
    this.#brokerSince = performance.now();
    return this.#brokerSince;
  }

  async #cut(to: 'nats' | 'mqtt'): Promise<number> {
    const instance = await this.#anInstance();
    const line = this.#world.linesOf(instance)[to];
    const cut = async (): Promise<void> => {
      await line.down();
      await pause(this.#chance.between(500, this.#severity.natsAway_ms));
      await line.up();
    };
    this.#isAway(instance, cut);
    await this.#away.get(instance);
    return performance.now();
  }

  #says(says: string): void {
    this.violations.push({ id: null, says });
  }
}
