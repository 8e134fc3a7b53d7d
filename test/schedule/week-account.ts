import { createAccountCare } from '../../src/account-care.js';
import { PlanClock } from '../../src/cli/plan-clock.js';
import { budget, guards } from '../../src/config/reading.js';
import { Breaker } from '../../src/dispatch/breaker.js';
import { vendorLimit } from '../../src/dispatch/vendor-limits.js';
import type { PollSettings } from '../../src/schedule/next-poll.js';
import { requestCosts } from '../../src/schedule/request-costs.js';
import { Schedule } from '../../src/schedule/schedule.js';
import { createAccountStore } from '../../src/store/account-store.js';
import { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { createRandom } from '../../src/vehicle/simulated-identity.js';
import type { Drivetrain } from '../../src/vehicle/state.js';
import type { Outcome } from '../../src/vehicle/task.js';
import { MemoryStore } from '../dispatch/memory-store.js';
import { day_ms, monday, momentOf, UsedCar } from './week-life.js';

export interface WeekHome {
  readonly title: string;
  readonly region: string;
  readonly brand: string;
  readonly drivetrain: Drivetrain;
}

/** Something that reached the maker. */
export interface Served {
  readonly at: number;
  readonly operation: 'cached' | 'force' | 'command';
  readonly by: 'poll' | 'person';
  readonly requests: number;
  /** The charge of the 12 V battery then. */
  readonly aux: number;
}

type Asked = 'climate' | 'lock' | 'smart';

const vehicle = 'car';
const tick_ms = 5 * 60_000;
const smartAge_ms = 300_000;
const placeInLineUp: Readonly<Record<Drivetrain, number>> = { ev: 0, phev: 1, hev: 2, ice: 3 };

const workdays = [0, 1, 2, 3, 4];
const everyDay = [...workdays, 5, 6];
const habits: readonly { days: readonly number[]; at: string; asked: Asked }[] = [
  { days: workdays, at: '07:15', asked: 'climate' },
  { days: everyDay, at: '12:30', asked: 'smart' },
  { days: everyDay, at: '22:30', asked: 'lock' },
];

/**
 * An account with one car that somebody uses, for a week in a time of its own: the bridge's own schedule, budget,
 * record of wakes and guards. What a read costs is what the tests of the regions count at the clouds.
 */
export class WeekAccount {
  readonly served: Served[] = [];
  readonly used: UsedCar;
  /** Of each day: what the budget has counted, and what of it polls. */
  readonly days: { used: number; polled: number; state: string }[] = [];
  readonly #clock = new PlanClock(monday);
  readonly #care;
  readonly #schedule: Schedule;
  readonly #costs;
  readonly #stored = createAccountStore(new MemoryStore(), 'home');
  readonly #breaker: Breaker;

  constructor(home: WeekHome, settings: PollSettings) {
    const { region, brand, drivetrain } = home;
    const clock = this.#clock;
    const random = createRandom(6, region.length);
    this.#costs = requestCosts(region, brand, drivetrain);
    const identity = { index: placeInLineUp[drivetrain], seed: 6, brand, region };
    const now = (): number => clock.now();
    this.used = new UsedCar(SimulatedCar.create(identity, { now, report_step_ms: 1000 }), now);
    this.#breaker = new Breaker(
      'wake',
      { failures: 5, reset_ms: 1000, max_reset_ms: 1000 },
      clock,
      () => undefined,
    );
    this.#care = createAccountCare(
      {
        guards: guards.parse({}),
        budget: {
          limit: vendorLimit(region, brand, 'auto'),
          reserve_percent: budget.parse({}).reserve_percent,
        },
      },
      { clock, random },
      {
        kept: { usage: undefined, wakes: new Map() },
        stored: this.#stored,
        wakeBreaker: () => this.#breaker,
        onBudget: () => undefined,
        onStoreTrouble: () => undefined,
      },
    );
    const { budget: spent, wakes, guard } = this.#care;
    this.#schedule = new Schedule({
      clock,
      random,
      wait: (delay_ms, then) => clock.wait(delay_ms, then),
      retry: { initial_ms: 1000, factor: 2, max_ms: 60_000, jitter: 0.1 },
      settings: () => settings,
      cars: () => [vehicle],
      report: () => this.used.car.report(),
      lastRead: () => monday,
      sinceWake_ms: () => wakes.sinceWake_ms(vehicle),
      budget: spent,
      usualRequests: this.#costs.cached,
      hold: () => this.#care.hold(),
      wakeHold: () => {
        const held = guard.holdsAutomatic(vehicle);
        return held && { reason: held.decision, retry_after_s: held.failure.retry_after_s };
      },
      poll: (_, operation) => Promise.resolve(this.#serve(operation, 'poll')),
      onFailure: () => undefined,
      changed: () => undefined,
    });
  }

  /** The charge of its 12 V battery from then on (epoch milliseconds). */
  weaken(at: number, aux_level: number): void {
    this.#clock.wait(at - this.#clock.now(), () => {
      this.used.change({ aux_level });
    });
  }

  async live(): Promise<void> {
    for (const { days, at, asked } of habits) {
      for (const day of days) {
        this.#clock.wait(momentOf(day, at) - monday, () => {
          this.#ask(asked);
        });
      }
    }
    this.#tick();
    this.#schedule.start();
    for (const day of everyDay) {
      await this.#clock.runTo(monday + (day + 1) * day_ms - 1);
      const { used, state } = this.#care.budget.document();
      const polled = this.served.filter((one) => one.by === 'poll' && isOn(day)(one));
      this.days.push({
        used,
        polled: polled.reduce((sum, { requests }) => sum + requests, 0),
        state,
      });
    }
    this.#schedule.stop();
    this.#care.budget.stop();
    this.#breaker.stop();
  }

  #tick(): void {
    this.used.live();
    this.#clock.wait(tick_ms, () => {
      this.#tick();
    });
  }

  /** As a person does, and as the lanes carry it out. */
  #ask(asked: Asked): void {
    if (asked !== 'smart') {
      this.#serve('command', 'person');
      return;
    }
    this.#serve('cached', 'person');
    const { reported_at } = this.used.car.report();
    const isOld = this.#clock.now() - Date.parse(reported_at ?? '') > smartAge_ms;
    const isHeld = this.#care.guard.holdsAutomatic(vehicle) !== undefined;
    if (isOld && !isHeld) this.#serve('force', 'person');
  }

  #serve(operation: Served['operation'], by: Served['by']): Outcome {
    const { budget: spent, wakes } = this.#care;
    this.used.live();
    const at = this.#clock.now();
    const requests = operation === 'command' ? 1 : this.#costs[operation];
    const aux = this.used.car.report().aux_battery.level ?? 100;
    this.served.push({ at, operation, by, requests, aux });
    for (let nth = 1; nth <= requests; nth += 1) spent.requestSent(operation, nth);
    if (operation !== 'cached') {
      wakes.leaves(vehicle);
      this.used.car.wake();
    }
    const report = this.used.car.report();
    if (operation !== 'command') {
      wakes.reported(vehicle, report);
      this.#schedule.read(vehicle);
    }
    return {
      ok: true,
      result: { operation: 'cached', report, polled_at: new Date(at).toISOString() },
      requests,
    };
  }
}

/** Whether it was on this day of the week. */
export function isOn(day: number): (one: Served) => boolean {
  return ({ at }) => Math.floor((at - monday) / day_ms) === day;
}
