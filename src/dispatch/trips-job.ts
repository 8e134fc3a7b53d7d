import { utc, type Clock } from '../daemon/clock.js';
import type { TripsCommand } from '../vehicle/remote-command.js';
import type { Outcome, Result } from '../vehicle/task.js';
import {
  daysToRead,
  localDay,
  monthOf,
  monthsBetween,
  withDay,
  withMonth,
} from '../vehicle/trip-months.js';
import type { TripMonth } from '../vehicle/trips.js';
import type { JobCheckpoint, JobStep, JobWork } from './job.js';
import type { Stand } from './job-progress.js';

export interface TripsWorkOptions<W> {
  readonly clock: Clock;
  /** One task to the vendor: a month or a day. */
  readonly call: (period: string) => Promise<Outcome>;
  readonly stored: (month: string) => Promise<TripMonth | undefined>;
  readonly write: (month: TripMonth) => W;
  readonly publish: (month: TripMonth) => void;
}

/** How often a month that is being read is published. */
const publishEvery_ms = 5000;

/** Reads what a car has driven: a month, a day, or every month of a range with all its days. */
export class TripsWork<W> implements JobWork<W> {
  readonly #options: TripsWorkOptions<W>;
  readonly #range: readonly string[] | undefined;
  /** The only call, where it is no range. */
  readonly #only: string | undefined;
  /** From this day on lists may still grow. */
  readonly #recent: string;
  #month: TripMonth | undefined;
  #done: number;
  #total: number;
  #last: string | null;
  #published_at = -Infinity;
  #isUnpublished = false;

  constructor(
    options: TripsWorkOptions<W>,
    command: TripsCommand,
    checkpoint?: Omit<JobCheckpoint, 'attempt'>,
  ) {
    const now = options.clock.now();
    const { done, last, total } = checkpoint ?? { done: 0, last: null, total: 0 };
    this.#options = options;
    if ('from' in command) this.#range = monthsUntilNow(command, now);
    else this.#only = 'month' in command ? command.month : command.day;
    this.#recent = localDay(now, 1);
    this.#done = done;
    this.#last = last;
    this.#total = Math.max(total, this.#range?.length ?? 1);
  }

  get stand(): Stand {
    return {
      phase: this.#period === undefined ? 'done' : monthOf(this.#period),
      done: this.#done,
      total: this.#total,
      percent: this.#percent,
      checkpoint: this.#last,
    };
  }

  async next(): Promise<JobStep<W> | undefined> {
    await this.#resumeMonth();
    this.#countOn();
    const period = this.#period;
    if (period === undefined) return undefined;
    const stored = await this.#options.stored(monthOf(period));
    return {
      call: () => this.#options.call(period),
      take: (result) => [this.#options.write(this.#take(period, stored, result))],
      kept: () => {
        this.#kept();
      },
    };
  }

  rest(): void {
    if (this.#isUnpublished) this.#publish();
  }

  /** The month or day to be asked for next. */
  get #period(): string | undefined {
    const last = this.#last;
    if (this.#range === undefined) return last === null ? this.#only : undefined;
    if (last === null) return this.#range[0];
    return this.#daysLeft[0] ?? this.#range.find((month) => month > monthOf(last));
  }

  /** Days of the month of the last call that are still to be asked for. */
  get #daysLeft(): readonly string[] {
    if (this.#range === undefined || this.#month === undefined) return [];
    return daysToRead(this.#month, this.#last ?? '', this.#recent);
  }

  /** After a restart the month that was being read is in the store. */
  async #resumeMonth(): Promise<void> {
    if (this.#month !== undefined || this.#last === null) return;
    this.#month = await this.#options.stored(monthOf(this.#last));
  }

  #take(period: string, held: TripMonth | undefined, result: Result): TripMonth {
    const { days } = tripsOf(result);
    const read_at = utc(this.#options.clock.now());
    const merge = period === monthOf(period) ? withMonth : withDay;
    const month = merge(held, period, days, read_at);
    this.#month = month;
    this.#last = period;
    this.#done += 1;
    this.#countOn();
    return month;
  }

  #kept(): void {
    this.#isUnpublished = true;
    const isDone = this.#daysLeft.length === 0;
    const since_ms = this.#options.clock.monotonic() - this.#published_at;
    if (isDone || since_ms >= publishEvery_ms) this.#publish();
  }

  #publish(): void {
    if (this.#month === undefined) return;
    this.#published_at = this.#options.clock.monotonic();
    this.#isUnpublished = false;
    this.#options.publish(this.#month);
  }

  /** At least one call for each month that is still to come: the number of its days is known only then. */
  #countOn(): void {
    const range = this.#range ?? [];
    const last = this.#last;
    const monthsLeft =
      last === null ? range.length : range.filter((month) => month > monthOf(last)).length;
    const known = this.#done + this.#daysLeft.length + monthsLeft;
    this.#total = Math.max(this.#total, known);
  }

  /** By months, because the number of calls is an estimate: it never goes back. */
  get #percent(): number {
    const last = this.#last;
    if (this.#period === undefined) return 100;
    if (last === null || this.#range === undefined) return 0;
    const before = this.#range.filter((month) => month < monthOf(last)).length;
    const days = this.#month?.days;
    const done = days?.filter(({ date }) => date <= last).length ?? 0;
    const share = days === undefined ? 0 : (1 + done) / (1 + days.length);
    return Math.min(99, Math.floor((100 * (before + share)) / this.#range.length));
  }
}

/** No car has driven in a month that has not begun anywhere. */
function monthsUntilNow({ from, to }: { from: string; to: string }, now: number): string[] {
  const newest = monthOf(localDay(now, -1));
  return monthsBetween(from, to < newest ? to : newest);
}

function tripsOf(result: Result) {
  if (result.operation !== 'trips') throw new TypeError(`${result.operation}: expected trips`);
  return result;
}
