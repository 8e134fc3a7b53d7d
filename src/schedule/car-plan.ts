import type { VehicleReport } from '../vehicle/state.js';
import type { Outcome } from '../vehicle/task.js';
import {
  longestAfterFailures_ms,
  nextPoll,
  nextWake,
  spread_ms,
  type PlanningMoment,
  type PollReason,
  type PollSettings,
} from './next-poll.js';

export type PollOperation = 'cached' | 'force';

/** Why a poll or a wake does not leave now: a word, and how long that lasts where it is known. */
export interface PollHold {
  readonly reason: string;
  readonly retry_after_s?: number | undefined;
}

/** What a plan has to know of a car's battery. */
export type Charge = Pick<VehicleReport['ev'], 'charging' | 'finish_at'>;

/** What a car is planned by. */
export interface CarMoment extends PlanningMoment {
  /** Monotonic milliseconds, as all times of a plan. */
  readonly monotonic: number;
  readonly settings: PollSettings;
  readonly ev: Charge | undefined;
  readonly sinceWake_ms: number | undefined;
}

export interface CarPlanOptions {
  readonly monotonic: number;
  readonly lastRead: number | undefined;
  /** Requests of a read, before one has shown it. */
  readonly usualRequests: number;
  readonly random: () => number;
}

/** What is held is looked at again by then, whatever happens. */
const longestHold_ms = 60_000;
/** What keeps a car from being woken changes slowly. */
const leastWakeHold_ms = 5 * 60_000;
/** So long behind the end that it expected, a car that says it charges has only not told that it has stopped. */
const believesCharging_ms = 60 * 60_000;

/** When one car is read and woken next, and why not yet. */
export class CarPlan {
  readonly #random: () => number;
  /** Stands in for the last wake of a car that never had one. */
  readonly #begun: number;
  readonly #requests: { cached: number; force: number | undefined };
  #lastRead: number | undefined;
  #failures = 0;
  #due = Infinity;
  #reason: PollReason = 'interval';
  #wakeDue: number | undefined;
  #held: string | undefined;
  /** Since when it is held for no known time. */
  #heldSince: number | undefined;
  #polling: PollOperation | undefined;
  /** Drawn once for each wake: of many draws the soonest would win. */
  #draw: number;
  #isWokenFirst = true;
  #noWakeBefore = -Infinity;
  #chargeEnds_at: number | null = null;
  #outlastsEnd = false;

  constructor({ monotonic, lastRead, usualRequests, random }: CarPlanOptions) {
    this.#random = random;
    this.#begun = monotonic;
    this.#lastRead = lastRead;
    this.#requests = { cached: usualRequests, force: undefined };
    this.#draw = random();
  }

  get due(): number {
    return this.#due;
  }

  get wakeDue(): number | undefined {
    return this.#wakeDue;
  }

  isWakeDue(monotonic: number): boolean {
    return this.#wakeDue !== undefined && this.#wakeDue <= monotonic;
  }

  get reason(): PollReason {
    return this.#reason;
  }

  /** Why what is due has not left. */
  get held(): string | undefined {
    return this.#held;
  }

  get isPolling(): boolean {
    return this.#polling !== undefined;
  }

  /** The next of its read and its wake. */
  get next(): number {
    return Math.min(this.#due, this.#wakeDue ?? Infinity);
  }

  /** Requests that its running poll may still make. */
  get inFlight(): number {
    return this.#polling === undefined ? 0 : this.costs(this.#polling);
  }

  /** Requests of one poll, as the last one took. */
  costs(operation: PollOperation): number {
    const { cached, force = cached + 1 } = this.#requests;
    return operation === 'force' ? force : cached;
  }

  plan(moment: CarMoment): void {
    const { monotonic, settings, sinceWake_ms } = moment;
    const { in_ms, reason } = nextPoll(settings, this.#polledCar(moment), moment);
    this.#due = monotonic + in_ms;
    this.#reason = reason;
    this.#held = undefined;
    this.#heldSince = undefined;
    const notWithin_ms = this.#noWakeBefore - monotonic;
    const since_ms = sinceWake_ms ?? this.#sinceBegin_ms(moment);
    const wake = { sinceWake_ms: since_ms, notWithin_ms };
    const wakeIn_ms = nextWake(settings, wake, { ...moment, random: () => this.#draw });
    this.#wakeDue = wakeIn_ms === undefined ? undefined : monotonic + wakeIn_ms;
  }

  /** The car was read, by whomever. */
  read({ monotonic, now }: { readonly monotonic: number; readonly now: number }): void {
    this.#lastRead = monotonic;
    this.#failures = 0;
    if (this.#chargeEnds_at !== null && this.#chargeEnds_at <= now) this.#outlastsEnd = true;
  }

  begin(operation: PollOperation): void {
    this.#polling = operation;
  }

  /** Its own poll has come back. */
  ended(operation: PollOperation, outcome: Outcome, { monotonic, settings }: CarMoment): void {
    this.#polling = undefined;
    if (operation === 'force') {
      this.#draw = this.#random();
      this.#isWokenFirst = false;
    }
    if (outcome.ok) {
      this.#lastRead = monotonic;
      this.#requests[operation] = Math.max(1, outcome.requests);
      return;
    }
    // What has not left may fail again at once, and would not count as a wake.
    if (operation === 'force') {
      const pause_ms = Math.min(settings.force_every_ms ?? Infinity, longestAfterFailures_ms);
      this.#noWakeBefore = monotonic + pause_ms;
      if (outcome.failure.sent === false) return;
    }
    this.#failures += 1;
  }

  /** What is due waits. What a whole fleet waits for must not let all of it go at the same moment. */
  keepBack({ reason, retry_after_s }: PollHold, monotonic: number): void {
    const pause_ms =
      retry_after_s === undefined
        ? longestHold_ms
        : Math.max(1000, retry_after_s * 1000) + this.#random() * spread_ms;
    this.#holdUntil(monotonic + pause_ms);
    this.#heldSince = retry_after_s === undefined ? (this.#heldSince ?? monotonic) : undefined;
    this.#held = reason;
  }

  /** Whether it was kept back so long, for no known time, that others have been as well; if so it waits a little more. */
  spreads(monotonic: number): boolean {
    const isLong = this.#heldSince !== undefined && monotonic - this.#heldSince > longestHold_ms;
    this.#heldSince = undefined;
    if (!isLong) return false;
    this.#held = undefined;
    this.#holdUntil(monotonic + this.#random() * spread_ms);
    return true;
  }

  /** The car is not woken for now; it may be read. */
  holdWake({ reason, retry_after_s = 0 }: PollHold, monotonic: number): void {
    this.#wakeDue = monotonic + Math.max(leastWakeHold_ms, retry_after_s * 1000);
    this.#held = reason;
  }

  #holdUntil(until: number): void {
    this.#due = Math.max(this.#due, until);
    if (this.#wakeDue !== undefined) this.#wakeDue = Math.max(this.#wakeDue, until);
  }

  #polledCar({ monotonic, now, ev }: CarMoment) {
    const chargeEnds_at = ev?.finish_at == null ? null : Date.parse(ev.finish_at);
    const isOver = chargeEnds_at !== null && now - chargeEnds_at > believesCharging_ms;
    const charging = ev?.charging === true && !isOver;
    this.#chargeEnds_at = charging ? chargeEnds_at : null;
    this.#outlastsEnd &&= charging;
    return {
      sinceRead_ms: this.#lastRead === undefined ? undefined : monotonic - this.#lastRead,
      failures: this.#failures,
      charging,
      chargeEnds_at,
      outlastsEnd: this.#outlastsEnd,
    };
  }

  /** The first wakes of a thousand cars do not come at the same time. */
  #sinceBegin_ms({ monotonic, settings }: CarMoment): number {
    const ahead_ms = this.#isWokenFirst ? this.#draw * (settings.force_every_ms ?? 0) : 0;
    return monotonic - this.#begun + ahead_ms;
  }
}
