import { timerDelay, utc, type Clock } from '../daemon/clock.js';
import type { RetryPolicy } from '../daemon/retry.js';
import type { Failure } from '../vehicle/outcome.js';
import type { Outcome } from '../vehicle/task.js';
import {
  CarPlan,
  type CarMoment,
  type Charge,
  type PollHold,
  type PollOperation,
} from './car-plan.js';
import { pacedGap_ms, type PollReason, type PollSettings } from './next-poll.js';
import { quietUntil } from './quiet-hours.js';

export interface ScheduleOptions {
  readonly clock: Clock;
  readonly retry: RetryPolicy;
  readonly random?: () => number;
  /** Calls back once, so much later; answers what makes it never do so. The process's own timers by default. */
  readonly wait?: (delay_ms: number, then: () => void) => () => void;
  /** As they are now: a person may change them. */
  readonly settings: () => PollSettings;
  /** Vendor ids of the cars to read. */
  readonly cars: () => readonly string[];
  /** What is believed of a car; undefined before it was read. */
  readonly report: (vehicle: string) => { readonly ev: Charge } | undefined;
  /** When it was last read, epoch milliseconds: asked once of each car. */
  readonly lastRead: (vehicle: string) => number | undefined;
  readonly sinceWake_ms: (vehicle: string) => number | undefined;
  /** What polls may still use, and how long that has to last. */
  readonly budget: {
    readonly pollsLeft: number | null;
    readonly resetsIn_ms: number;
    polled(requests: number): void;
  };
  /** Requests of a read, before one has shown it. */
  readonly usualRequests: number;
  /** Why no poll leaves now. `pump` is called when that may have changed. */
  readonly hold: () => PollHold | undefined;
  /** Why the bridge does not wake this car now. */
  readonly wakeHold: (vehicle: string) => PollHold | undefined;
  /** Never rejects. */
  readonly poll: (vehicle: string, operation: PollOperation) => Promise<Outcome>;
  readonly onFailure: (vehicle: string, failure: Failure) => void;
  /** What is said of the polls has changed. */
  readonly changed: () => void;
}

/** A car's polls as the bridge's state shows them. */
export interface PollDocument {
  readonly next_poll_at: string | null;
  /** Why it is then. */
  readonly reason: PollReason | null;
  readonly next_wake_at: string | null;
  /** Why a poll or a wake that is due has not left. */
  readonly held_by: string | null;
}

/** The clock may be set meanwhile, and the quiet hours with it. */
const longestWait_ms = 15 * 60_000;
/** By so much a clock is set, not corrected. */
const clockIsSet_ms = 60_000;

/** Reads the cars of one account by itself, as seldom as is useful, and wakes them only where it was told to. */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #random: () => number;
  readonly #wait: NonNullable<ScheduleOptions['wait']>;
  readonly #cars = new Map<string, CarPlan>();
  #cancelWait: () => void = () => undefined;
  #isRunning = false;
  /** Between the two clocks. */
  #offset_ms: number;

  constructor(options: ScheduleOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#wait = options.wait ?? waitWithTimer;
    this.#offset_ms = this.#clockOffset_ms();
  }

  start(): void {
    this.#isRunning = true;
    this.pump();
  }

  stop(): void {
    this.#isRunning = false;
    this.#cancelWait();
  }

  /** Called whenever something that a poll waits for may have changed. */
  pump(): void {
    if (!this.#isRunning) return;
    this.#takeStock();
    this.#noticeSetClock();
    if (this.#options.settings().enabled) {
      for (const [vehicle, car] of this.#cars) this.#pollIfDue(vehicle, car);
    }
    this.#arm();
  }

  /** A person has changed the settings. */
  settingsChanged(): void {
    this.#planAll();
    this.pump();
  }

  /** A car was read, by whomever: the next poll counts from then. */
  read(vehicle: string): void {
    const car = this.#cars.get(vehicle);
    if (car === undefined) return;
    const { clock } = this.#options;
    car.read({ monotonic: clock.monotonic(), now: clock.now() });
    this.#plan(vehicle, car);
    this.pump();
  }

  /** Epoch milliseconds of the next read or wake of any car; undefined where there is none. */
  get nextAt(): number | undefined {
    if (!this.#options.settings().enabled || this.#cars.size === 0) return undefined;
    return this.#epochOf(Math.min(...[...this.#cars.values()].map(({ next }) => next)));
  }

  document(vehicle: string): PollDocument {
    const car = this.#cars.get(vehicle);
    if (car === undefined || !this.#options.settings().enabled) return nothingPlanned;
    const { due, reason, wakeDue, held } = car;
    return {
      next_poll_at: utc(this.#epochOf(due)),
      reason,
      next_wake_at: wakeDue === undefined ? null : utc(this.#epochOf(wakeDue)),
      held_by: held ?? null,
    };
  }

  #takeStock(): void {
    const { cars, clock, lastRead, usualRequests } = this.#options;
    const listed = new Set(cars());
    for (const vehicle of this.#cars.keys()) if (!listed.has(vehicle)) this.#cars.delete(vehicle);
    const added = [...listed].filter((vehicle) => !this.#cars.has(vehicle));
    const monotonic = clock.monotonic();
    for (const vehicle of added) {
      const at = lastRead(vehicle);
      const car = new CarPlan({
        monotonic,
        lastRead: at === undefined ? undefined : monotonic - Math.max(0, clock.now() - at),
        usualRequests,
        random: this.#random,
      });
      this.#cars.set(vehicle, car);
    }
    // All of them share the budget.
    for (const vehicle of added) this.#plan(vehicle, this.#cars.get(vehicle));
  }

  /** What was planned by the clock is planned anew once that has been set. */
  #noticeSetClock(): void {
    const offset_ms = this.#clockOffset_ms();
    const isSet = Math.abs(offset_ms - this.#offset_ms) > clockIsSet_ms;
    this.#offset_ms = offset_ms;
    if (isSet) this.#planAll();
  }

  #clockOffset_ms(): number {
    return this.#options.clock.now() - this.#options.clock.monotonic();
  }

  #planAll(): void {
    for (const [vehicle, car] of this.#cars) this.#plan(vehicle, car);
  }

  #plan(vehicle: string, car: CarPlan | undefined): void {
    if (car === undefined) return;
    const moment = this.#momentOf(vehicle);
    car.plan(moment);
    // What is known to be held longer than that is not promised for then.
    const hold = this.#holdOf(car.costs('cached'));
    const until = moment.monotonic + (hold?.retry_after_s ?? 0) * 1000;
    if (hold !== undefined && until > car.next) car.keepBack(hold, moment.monotonic);
    this.#options.changed();
  }

  #momentOf(vehicle: string): CarMoment {
    const { budget, clock, retry, report, settings, sinceWake_ms } = this.#options;
    const round = [...this.#cars.values()].reduce((sum, car) => sum + car.costs('cached'), 0);
    return {
      monotonic: clock.monotonic(),
      now: clock.now(),
      settings: settings(),
      ev: report(vehicle)?.ev,
      sinceWake_ms: sinceWake_ms(vehicle),
      paced_ms: pacedGap_ms(budget.pollsLeft, budget.resetsIn_ms, round),
      retry,
      random: this.#random,
    };
  }

  #pollIfDue(vehicle: string, car: CarPlan): void {
    const now = this.#options.clock.monotonic();
    if (car.isPolling || car.next > now) return;
    const isWakeDue = car.isWakeDue(now);
    const hold = this.#holdOf(car.costs(isWakeDue ? 'force' : 'cached'));
    if (hold !== undefined) {
      this.#tellsOf(car, () => {
        car.keepBack(hold, now);
      });
      // The clock may have been set since it was planned.
    } else if (this.#isQuiet()) this.#plan(vehicle, car);
    else if (car.spreads(now)) this.#options.changed();
    else if (isWakeDue && this.#mayWake(vehicle, car)) void this.#poll(vehicle, car, 'force');
    else if (car.due <= now) void this.#poll(vehicle, car, 'cached');
  }

  #isQuiet(): boolean {
    const { clock, settings } = this.#options;
    const { quiet_hours } = settings();
    return quiet_hours !== null && quietUntil(quiet_hours, clock.now()) !== undefined;
  }

  #holdOf(requests: number): PollHold | undefined {
    const { budget, hold } = this.#options;
    const held = hold();
    if (held !== undefined || budget.pollsLeft === null) return held;
    const { pollsLeft, resetsIn_ms } = budget;
    if (pollsLeft < requests) return { reason: 'budget', retry_after_s: resetsIn_ms / 1000 };
    const inFlight = [...this.#cars.values()].reduce((sum, car) => sum + car.inFlight, 0);
    return pollsLeft - inFlight < requests ? { reason: 'budget' } : undefined;
  }

  #mayWake(vehicle: string, car: CarPlan): boolean {
    const hold = this.#options.wakeHold(vehicle);
    if (hold === undefined) return true;
    this.#tellsOf(car, () => {
      car.holdWake(hold, this.#options.clock.monotonic());
    });
    return false;
  }

  /** A hold that goes on is no news. */
  #tellsOf(car: CarPlan, change: () => void): void {
    const before = car.held;
    change();
    if (car.held !== before) this.#options.changed();
  }

  async #poll(vehicle: string, car: CarPlan, operation: PollOperation): Promise<void> {
    const { budget, onFailure, poll } = this.#options;
    car.begin(operation);
    const outcome = await poll(vehicle, operation);
    budget.polled(outcome.requests);
    if (!outcome.ok) onFailure(vehicle, outcome.failure);
    car.ended(operation, outcome, this.#momentOf(vehicle));
    if (!this.#isRunning) return;
    // Once more, with what it has cost.
    this.#plan(vehicle, car);
    this.pump();
  }

  #arm(): void {
    this.#cancelWait();
    if (!this.#options.settings().enabled) return;
    const waiting = [...this.#cars.values()].filter(({ isPolling }) => !isPolling);
    if (waiting.length === 0) return;
    const next = Math.min(...waiting.map((car) => car.next));
    const left_ms = Math.min(longestWait_ms, next - this.#options.clock.monotonic());
    this.#cancelWait = this.#wait(Math.max(1, left_ms), () => {
      this.pump();
    });
  }

  #epochOf(monotonic: number): number {
    const { clock } = this.#options;
    return Math.round(clock.now() + Math.max(0, monotonic - clock.monotonic()));
  }
}

const nothingPlanned: PollDocument = {
  next_poll_at: null,
  reason: null,
  next_wake_at: null,
  held_by: null,
};

function waitWithTimer(delay_ms: number, then: () => void): () => void {
  const timer = setTimeout(then, timerDelay(delay_ms));
  return () => {
    clearTimeout(timer);
  };
}
