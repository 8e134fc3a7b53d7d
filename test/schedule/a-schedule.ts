import { afterEach, beforeEach, onTestFinished, vi } from 'vitest';
import type { Clock } from '../../src/daemon/clock.js';
import type { PollHold, PollOperation } from '../../src/schedule/car-plan.js';
import type { PollSettings } from '../../src/schedule/next-poll.js';
import { Schedule, type ScheduleOptions } from '../../src/schedule/schedule.js';
import type { Failure } from '../../src/vehicle/outcome.js';
import { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import type { VehicleReport } from '../../src/vehicle/state.js';
import type { Outcome } from '../../src/vehicle/task.js';

export const minute_ms = 60_000;
export const hour_ms = 60 * minute_ms;
export const day_ms = 24 * hour_ms;

const start = Date.UTC(2026, 10, 22, 0, 0, 0);

/** Both clocks stand still until `vi.advanceTimersByTimeAsync` moves them; `vi.setSystemTime` sets the one of the wall. */
export function useFakeClocks(): Clock {
  beforeEach(() => {
    vi.useFakeTimers({ now: start });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  return { now: () => Date.now(), monotonic: () => performance.now() };
}

/** Numbers that look random and are the same each time. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0;
    return ((state ^ (state >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** No jitter. */
export const middle = (): number => 0.5;

export const usualSettings: PollSettings = {
  enabled: true,
  every_ms: 30 * minute_ms,
  while_charging_ms: 10 * minute_ms,
  force_every_ms: null,
  quiet_hours: null,
};

const parked = SimulatedCar.create({ index: 0, seed: 7 }, { now: () => start }).report();

export function aReport(ev: Partial<VehicleReport['ev']> = {}): VehicleReport {
  return { ...parked, ev: { ...parked.ev, charging: false, finish_at: null, ...ev } };
}

export function aRead(requests = 4, report = aReport()): Outcome & { ok: true } {
  const polled_at = new Date().toISOString();
  return { ok: true, result: { operation: 'cached', report, polled_at }, requests };
}

/** What polls may use, as `Budget` says it: half of a daily limit, which begins anew at midnight UTC. */
export class ShareOfPolls {
  readonly #share: number | null;
  #used = new Map<number, number>();

  constructor(share: number | null) {
    this.#share = share;
  }

  get #day(): number {
    return Math.floor(Date.now() / day_ms);
  }

  get pollsLeft(): number | null {
    if (this.#share === null) return null;
    return Math.max(0, this.#share - (this.#used.get(this.#day) ?? 0));
  }

  get resetsIn_ms(): number {
    return (this.#day + 1) * day_ms - Date.now();
  }

  polled(requests: number): void {
    this.#used.set(this.#day, (this.#used.get(this.#day) ?? 0) + requests);
  }

  /** Requests of each day so far. */
  get days(): number[] {
    return [...this.#used.values()];
  }
}

export interface Poll {
  readonly vehicle: string;
  readonly operation: PollOperation;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** A schedule, with all around it that a test may change. */
export class ScheduledCars {
  settings = usualSettings;
  cars: string[] = ['one'];
  readonly reports = new Map<string, VehicleReport>();
  readonly lastRead = new Map<string, number>();
  /** Epoch milliseconds. */
  readonly woken = new Map<string, number>();
  hold: PollHold | undefined;
  wakeHold: PollHold | undefined;
  /** What a poll finds; `read` comes before it, as in an account. */
  answer: (vehicle: string, operation: PollOperation) => Outcome | Promise<Outcome> = () => aRead();

  readonly polls: Poll[] = [];
  readonly failures: Failure[] = [];
  readonly changed = vi.fn();
  readonly budget: ShareOfPolls;
  readonly schedule: Schedule;

  constructor(
    clock: Clock,
    more: { share?: number | null; usual?: number } & Partial<
      Pick<ScheduleOptions, 'random' | 'retry'>
    > = {},
  ) {
    const { share = null, usual = 4, random = middle } = more;
    const { retry = { initial_ms: 1000, factor: 2, max_ms: 60_000, jitter: 0.2 } } = more;
    this.budget = new ShareOfPolls(share);
    this.schedule = new Schedule({
      clock,
      retry,
      random,
      settings: () => this.settings,
      cars: () => this.cars,
      report: (vehicle) => this.reports.get(vehicle),
      lastRead: (vehicle) => this.lastRead.get(vehicle),
      sinceWake_ms: (vehicle) => {
        const at = this.woken.get(vehicle);
        return at === undefined ? undefined : Date.now() - at;
      },
      budget: this.budget,
      usualRequests: usual,
      hold: () => this.hold,
      wakeHold: () => this.wakeHold,
      poll: (vehicle, operation) => this.#poll(vehicle, operation),
      onFailure: (_, failure) => this.failures.push(failure),
      changed: this.changed,
    });
    onTestFinished(() => {
      this.schedule.stop();
    });
  }

  /** A car that was read just now, as after any start of the bridge. */
  readNow(...vehicles: readonly string[]): void {
    for (const vehicle of vehicles) this.lastRead.set(vehicle, Date.now());
  }

  async #poll(vehicle: string, operation: PollOperation): Promise<Outcome> {
    this.polls.push({ vehicle, operation, at: Date.now() });
    if (operation === 'force') this.woken.set(vehicle, Date.now());
    const outcome = await this.answer(vehicle, operation);
    if (outcome.ok) {
      if ('report' in outcome.result) this.reports.set(vehicle, outcome.result.report);
      this.schedule.read(vehicle);
    }
    return outcome;
  }

  /** Minutes from then to each poll. */
  minutesSince(at: number, vehicle = 'one'): number[] {
    return this.polls
      .filter((poll) => poll.vehicle === vehicle)
      .map((poll) => Math.round((poll.at - at) / minute_ms));
  }
}

export async function pass(time_ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(time_ms);
}
