import { Budget, type BudgetOptions } from '../dispatch/budget.js';
import { holdsAutomatic, type WakeGuards } from '../dispatch/wake-guard.js';
import { Wakes } from '../dispatch/wakes.js';
import type { Charge, PollOperation } from '../schedule/car-plan.js';
import type { PollSettings } from '../schedule/next-poll.js';
import type { RequestCosts } from '../schedule/request-costs.js';
import { Schedule } from '../schedule/schedule.js';
import type { Outcome } from '../vehicle/task.js';
import { PlanClock } from './plan-clock.js';

export interface WeekOptions {
  readonly cars: number;
  readonly costs: RequestCosts;
  readonly polling: PollSettings;
  readonly budget: Pick<BudgetOptions, 'limit' | 'reserve_percent'>;
  readonly guards: WakeGuards;
  /** Hours a day that each car charges, from the evening on. */
  readonly charging_h: number;
  /** Midnight (UTC) before the first day, epoch milliseconds. */
  readonly begin: number;
}

/** One read by a poll. */
export interface WeekPoll {
  readonly car: string;
  readonly operation: PollOperation;
  readonly at: number;
  readonly charging: boolean;
}

/** Of one day (UTC), all cars together. */
export interface WeekDay {
  readonly polls: number;
  readonly wakes: number;
  readonly pollRequests: number;
  readonly sessionRequests: number;
  /** Of what the limit counts. */
  readonly used: number;
}

export interface Week {
  readonly days: readonly WeekDay[];
  readonly polls: readonly WeekPoll[];
}

const hour_ms = 3_600_000;
const day_ms = 24 * hour_ms;
const days = 7;
/** When a car is plugged in, by the clock of the wall. */
const pluggedAt_h = 20;

/**
 * Seven days of an account that nobody asks anything of: the schedule and the budget of the bridge, in a time of their
 * own. The day before the first has the sign-in and is not shown.
 */
export async function planWeek(options: WeekOptions): Promise<Week> {
  const clock = new PlanClock(options.begin - day_ms);
  const account = new PlannedAccount(options, clock);
  account.schedule.start();
  const passed: WeekDay[] = [];
  for (let day = 0; day <= days; day += 1) {
    // The last millisecond of the day still counts for it.
    await clock.runTo(options.begin + day * day_ms - 1);
    passed.push(account.endOfDay());
    await clock.runTo(options.begin + day * day_ms);
  }
  account.stop();
  return {
    days: passed.slice(1),
    polls: account.polls.filter(({ at }) => at >= options.begin),
  };
}

class PlannedAccount {
  readonly schedule: Schedule;
  readonly polls: WeekPoll[] = [];
  readonly #options: WeekOptions;
  readonly #clock: PlanClock;
  readonly #budget: Budget;
  readonly #wakes: Wakes;
  readonly #reported = new Map<string, { readonly ev: Charge }>();
  #sessionEnds = -Infinity;
  #today = { polls: 0, wakes: 0, pollRequests: 0, sessionRequests: 0 };

  constructor(options: WeekOptions, clock: PlanClock) {
    this.#options = options;
    this.#clock = clock;
    const random = dice(options.cars);
    this.#budget = new Budget({
      clock,
      ...options.budget,
      kept: undefined,
      keepLater: () => undefined,
      keep: () => undefined,
      onChange: () => undefined,
      random,
    });
    this.#wakes = new Wakes({ clock, kept: new Map(), keepLater: () => undefined });
    const cars = Array.from({ length: options.cars }, (_, index) => `car ${String(index + 1)}`);
    this.schedule = new Schedule({
      clock,
      wait: (delay_ms, then) => clock.wait(delay_ms, then),
      // Nothing fails here.
      retry: { initial_ms: 1000, factor: 2, max_ms: 60_000, jitter: 0.2 },
      random,
      settings: () => options.polling,
      cars: () => cars,
      report: (car) => this.#reported.get(car),
      lastRead: () => clock.now(),
      sinceWake_ms: (car) => this.#wakes.sinceWake_ms(car),
      budget: this.#budget,
      usualRequests: options.costs.cached,
      hold: () => {
        const reserved = this.#budget.readRefusal;
        return reserved && { reason: reserved.code, retry_after_s: reserved.retry_after_s };
      },
      wakeHold: (car) => this.#wakeHold(car),
      poll: (car, operation) => Promise.resolve(this.#poll(car, operation)),
      onFailure: () => undefined,
      changed: () => undefined,
    });
  }

  stop(): void {
    this.schedule.stop();
    this.#budget.stop();
  }

  endOfDay(): WeekDay {
    const day = { ...this.#today, used: this.#budget.document().used };
    this.#today = { polls: 0, wakes: 0, pollRequests: 0, sessionRequests: 0 };
    return day;
  }

  #wakeHold(car: string) {
    const held = holdsAutomatic(this.#options.guards, {
      now: this.#clock.now(),
      aux: undefined,
      sinceWake_ms: this.#wakes.sinceWake_ms(car),
      budget: this.#budget.reserveRefusal,
      breaker: undefined,
    });
    return held && { reason: held.decision, retry_after_s: held.failure.retry_after_s };
  }

  #poll(car: string, operation: PollOperation): Outcome {
    this.#renewSession();
    const now = this.#clock.now();
    const ev = this.#chargeAt(now);
    if (operation === 'force') this.#wakes.leaves(car);
    const requests = this.#options.costs[operation];
    this.#send(operation, requests);
    this.#today.polls += 1;
    this.#today.wakes += operation === 'force' ? 1 : 0;
    this.#today.pollRequests += requests;
    this.polls.push({ car, operation, at: now, charging: ev.charging === true });
    this.#reported.set(car, { ev });
    this.schedule.read(car);
    return { ok: true, result: { operation: 'sign_in', vehicles: [] }, requests };
  }

  #renewSession(): void {
    const { sign_in, renewal, session_h } = this.#options.costs;
    if (this.#clock.now() < this.#sessionEnds) return;
    const requests = this.#sessionEnds === -Infinity ? sign_in : renewal;
    this.#sessionEnds = this.#clock.now() + session_h * hour_ms;
    this.#send('sign_in', requests);
    this.#today.sessionRequests += requests;
  }

  #send(operation: PollOperation | 'sign_in', requests: number): void {
    for (let nth = 1; nth <= requests; nth += 1) this.#budget.requestSent(operation, nth);
  }

  #chargeAt(now: number): Charge {
    const { charging_h } = this.#options;
    if (charging_h >= 24) return { charging: true, finish_at: null };
    for (const daysAgo of [0, 1]) {
      const date = new Date(now);
      date.setDate(date.getDate() - daysAgo);
      const begin = date.setHours(pluggedAt_h, 0, 0, 0);
      const end = begin + charging_h * hour_ms;
      if (now >= begin && now < end) {
        return { charging: true, finish_at: new Date(end).toISOString() };
      }
    }
    return { charging: false, finish_at: null };
  }
}

/** The same configuration has the same plan each time (a linear congruential generator). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
