import type { VehicleReport } from './state.js';
import type { CarCommand, CommandAnswer } from './simulated-command.js';
import type { IdentityOptions } from './simulated-identity.js';
import type { CarIdentity, CarSnapshot, CarState, Executed } from './simulated-state.js';
import { commandValue, obey } from './simulated-command.js';
import { firstState } from './simulated-first-state.js';
import { createIdentity } from './simulated-identity.js';
import { advance } from './simulated-motion.js';
import { toReport } from './simulated-report.js';
import { carSnapshotSchema } from './simulated-state.js';

/** What a wake takes from the 12 V battery, in percent. */
const wakeCost = 0.05;
/** How old the cloud's copy of a new car is. */
const firstReportAgeMs = 600_000;
/** `executed` keeps the newest; the counts go on. */
const executedKept = 40;
/** Of different things that it has done; anybody may name a place, and no two are alike. */
const countsKept = 150;

export interface CarClock {
  /** Epoch ms. */
  readonly now: () => number;
  /** Each report is at least this much later than the one before; what a maker's time format can tell apart. */
  readonly report_step_ms?: number;
}

/**
 * A car that obeys, ages and answers. It has two copies of itself: the live state, which moves with the clock, and
 * the cloud's copy of its last report, which only a wake or an executed command renews.
 */
export class SimulatedCar {
  readonly identity: CarIdentity;
  readonly #clock: CarClock;
  readonly #live: CarState;
  #reported: CarState;
  #reportedAt: number;
  readonly #executed: Executed[];
  readonly #counts: Record<string, number>;

  private constructor(snapshot: CarSnapshot, clock: CarClock) {
    this.identity = snapshot.identity;
    this.#clock = clock;
    this.#live = snapshot.live;
    this.#reported = snapshot.reported;
    this.#reportedAt = snapshot.reported_at;
    this.#executed = snapshot.executed;
    this.#counts = snapshot.counts;
  }

  /** A new car: the same options and clock make the same one. */
  static create(options: IdentityOptions, clock: CarClock): SimulatedCar {
    const identity = createIdentity(options);
    const live = firstState(identity, options, clock.now() - firstReportAgeMs);
    const snapshot = {
      identity,
      live,
      reported: structuredClone(live),
      reported_at: live.at,
      executed: [],
      counts: {},
    };
    return new SimulatedCar(snapshot, clock);
  }

  /** @throws ZodError when the text or object is no snapshot of a car. */
  static fromSnapshot(snapshot: unknown, clock: CarClock): SimulatedCar {
    return new SimulatedCar(carSnapshotSchema.parse(snapshot), clock);
  }

  snapshot(): CarSnapshot {
    return structuredClone({
      identity: this.identity,
      live: this.#live,
      reported: this.#reported,
      reported_at: this.#reportedAt,
      executed: this.#executed,
      counts: this.#counts,
    });
  }

  /** What the cloud knows, as the contract says it. Does not touch the car. */
  report(): VehicleReport {
    return toReport(this.identity, this.#reported, this.#reportedAt);
  }

  /** What the cloud knows, raw, for makers' wire formats; `at` is the time of the report (epoch ms). */
  reported(): { readonly at: number; readonly state: CarState } {
    return { at: this.#reportedAt, state: structuredClone(this.#reported) };
  }

  /** What is true of the car now. */
  live(): CarState {
    advance(this.identity, this.#live, this.#clock.now());
    return structuredClone(this.#live);
  }

  /** Wakes the car: it reports what is true now. */
  wake(): void {
    advance(this.identity, this.#live, this.#clock.now());
    this.#live.aux_level = Math.max(0, this.#live.aux_level - wakeCost);
    this.#note('wake', 'wake');
    this.#tellCloud();
  }

  /** Does what it is told and reports, or refuses and stays silent. */
  execute(command: CarCommand): CommandAnswer {
    advance(this.identity, this.#live, this.#clock.now());
    const answer = obey(this.identity, this.#live, command);
    if (!answer.done) return answer;
    this.#note(command.name, commandValue(command));
    this.#tellCloud();
    return answer;
  }

  /** Somebody at the car changes it (drives, plugs in, opens a door); the cloud does not hear of it. */
  change(part: Partial<Omit<CarState, 'at'>>): void {
    advance(this.identity, this.#live, this.#clock.now());
    Object.assign(this.#live, structuredClone(part));
  }

  /** What the car really did, oldest first, wakes included; the newest 40. */
  get executed(): readonly Executed[] {
    return this.#executed;
  }

  /** How often the car has done this by now. */
  count(name: string, value: string): number {
    return this.#counts[`${name}:${value}`] ?? 0;
  }

  #note(name: string, value: string): void {
    const count = this.count(name, value) + 1;
    const key = `${name}:${value}`;
    // The newest come last, so that the first is the one to forget.
    Reflect.deleteProperty(this.#counts, key);
    this.#counts[key] = count;
    const [oldest] = Object.keys(this.#counts);
    if (Object.keys(this.#counts).length > countsKept && oldest !== undefined) {
      Reflect.deleteProperty(this.#counts, oldest);
    }
    this.#executed.push({ name, value, at: this.#clock.now(), count });
    if (this.#executed.length > executedKept) this.#executed.shift();
  }

  #tellCloud(): void {
    const step = this.#clock.report_step_ms ?? 1;
    this.#reported = structuredClone(this.#live);
    this.#reportedAt = Math.max(this.#clock.now(), this.#reportedAt + step);
  }
}
