import type { Clock } from '../../src/daemon/clock.js';
import type { OpenCommand } from '../../src/dispatch/command-book.js';
import type { Hold } from '../../src/dispatch/job-gate.js';
import { createJobLife } from '../../src/dispatch/job-life.js';
import { Jobs } from '../../src/dispatch/jobs.js';
import { createTripStore } from '../../src/store/trip-store.js';
import type { Store } from '../../src/store/store.js';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import type { TripsCommand } from '../../src/vehicle/remote-command.js';
import type { Outcome } from '../../src/vehicle/task.js';
import type { TripDay, TripMonth } from '../../src/vehicle/trips.js';
import { aBook, aCommand } from './a-book.js';
import { settle } from './fake-clock.js';
import { later } from './outcomes.js';

const nothing = {
  drive_min: null,
  idle_min: null,
  distance_km: null,
  average_kmh: null,
  max_kmh: null,
};

/** What a vendor that knows these driven days answers: two trips on each. */
export function tripsAnswer(period: string, driven: readonly string[]): Outcome & { ok: true } {
  const isDay = period.length > 7;
  const days = driven
    .filter((date) => date.startsWith(period))
    .map((date): TripDay => {
      const list = ['07:30:00', '17:30:00'].map((start) => ({ start, ...nothing, drive_min: 20 }));
      return { date, trips: 2, ...nothing, list: isDay ? list : null };
    });
  return { ok: true, result: { operation: 'trips', days }, requests: 1 };
}

export interface JobCall {
  readonly vehicle: string;
  readonly period: string;
  readonly end: (outcome: Outcome) => Promise<void>;
}

export interface JobLaneOptions {
  readonly store: Store;
  readonly boot?: number;
  readonly clockTrusted?: boolean;
  /** Answers each call; without it the test ends them one by one. */
  readonly answer?: (period: string, vehicle: string) => Outcome | Promise<Outcome>;
  readonly cars?: readonly string[];
}

/** The jobs of an account as they are put together; only the vendor is the test's. */
export function aJobLane(clock: Clock, options: JobLaneOptions) {
  const { store, boot, answer, cars = ['car', 'other'] } = options;
  const { book, journal, said } = aBook(store, clock, boot);
  const calls: JobCall[] = [];
  /** Every call so far, as the vendor saw them. */
  const periods: string[] = [];
  const published: TripMonth[] = [];
  let hold: Hold | undefined;
  let changes = 0;

  const jobs = new Jobs({
    clock,
    retry: { initial_ms: 1000, factor: 2, max_ms: 8000, jitter: 0 },
    life: createJobLife(book),
    mayLeave: () => hold,
    call: async (vehicle, period) => {
      periods.push(period);
      if (answer !== undefined) return answer(period, vehicle);
      const call = later<Outcome>();
      const one: JobCall = {
        vehicle,
        period,
        end: async (outcome) => {
          calls.splice(calls.indexOf(one), 1);
          call.keep(outcome);
          await settle();
        },
      };
      calls.push(one);
      return call.promise;
    },
    trips: createTripStore(store, 'home'),
    publish: (_, month) => {
      published.push(month);
    },
    topicId: (vehicle) => (cars.includes(vehicle) ? vehicle : undefined),
    clockTrusted: () => options.clockTrusted ?? true,
    changed: () => {
      changes += 1;
    },
  });

  return {
    ...{ book, jobs, said, calls, periods, published, store },
    changes: (): number => changes,
    hold: async (next: Hold | undefined): Promise<void> => {
      hold = next;
      jobs.pump();
      await settle();
    },
    /** Accepts a job as admission does, and starts it. */
    start: async (
      id: string,
      command: TripsCommand,
      more: { readonly vehicle?: string; readonly expires_ms?: number } = {},
    ): Promise<void> => {
      const vehicle = more.vehicle ?? 'car';
      const open = await book.accept(
        aCommand(clock, {
          id,
          vendorId: vehicle,
          vehicle,
          command: 'trips',
          value: command,
          request: command,
          fingerprint: JSON.stringify([vehicle, command]),
          deadline: clock.now() + (more.expires_ms ?? 3_600_000),
        }),
      );
      if (open === undefined) throw new Error('the job was not accepted');
      jobs.start(open, command, vehicle);
      await settle();
    },
    /** What a start does with the journal. */
    resume: async (): Promise<void> => {
      const { open, remembered } = await journal.recover(clock.now(), 3_600_000);
      const commands = open.map((record): OpenCommand => {
        const received = clock.monotonic() - (clock.now() - record.received_at);
        const { vehicle, value } = record.event;
        return { record, vehicle, value, received, phase: 'waiting' };
      });
      book.restore(commands, remembered);
      for (const command of commands) jobs.resume(command);
      await settle();
    },
    statuses: (id: string): string[] =>
      said.filter((event) => event.id === id).map(({ status }) => status),
    progress: (id: string): LifeCycleEvent[] =>
      said.filter((event) => event.id === id && event.status === 'progress'),
    ending: (id: string): LifeCycleEvent | undefined =>
      said.findLast(
        (event) => event.id === id && !['accepted', 'running', 'progress'].includes(event.status),
      ),
  };
}

export type AJobLane = ReturnType<typeof aJobLane>;
