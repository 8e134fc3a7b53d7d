import type { Clock } from '../daemon/clock.js';
import type { RefreshCommand } from '../vehicle/command.js';
import type { Decision, Ending } from '../vehicle/life-cycle.js';
import type { CarOperation, Outcome } from '../vehicle/task.js';
import { failureDetails, type EventDetails, type OpenCommand } from './command-book.js';
import type { Place, Shared, Waiter } from './lane.js';

/** What a refresh needs of the lanes and of the book; nothing else. */
export interface RefreshOptions {
  readonly clock: Clock;
  readonly defaultMaxAge_s: number;
  readonly lanes: {
    take(vehicle: string, operation: CarOperation, waiter: Waiter, override?: boolean): Place;
    joins(vehicle: string, operation: CarOperation): boolean;
  };
  /** The car's own time of its newest report, epoch milliseconds; undefined while none is known. */
  readonly reportedAt: (vehicle: string) => number | undefined;
  readonly wakeBreakerOpen: () => boolean;
  readonly running: (open: OpenCommand, details: EventDetails) => void;
  readonly waiting: (open: OpenCommand) => void;
  readonly end: (open: OpenCommand, status: Ending, details: EventDetails) => void;
}

type Phase = CarOperation;

/** One refresh command on its way through the lanes of its car. */
export class Refresh {
  readonly #options: RefreshOptions;
  readonly #open: OpenCommand;
  readonly #command: RefreshCommand;
  readonly #vehicle: string;
  /** Monotonic time by which it must have started. */
  readonly #deadline: number;
  #place: Place | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #begun = false;
  #isStopped = false;
  #last: Outcome | undefined;

  constructor(
    options: RefreshOptions,
    open: OpenCommand,
    command: RefreshCommand,
    vehicle: string,
    deadline: number,
  ) {
    this.#options = options;
    this.#open = open;
    this.#command = command;
    this.#vehicle = vehicle;
    this.#deadline = deadline;
  }

  start(): void {
    // What is to be durable first may have taken longer than there was time.
    if (this.#options.clock.monotonic() >= this.#deadline) {
      this.#end('expired', { message: 'it could not start in time' });
      return;
    }
    const first: Phase = this.#command.mode === 'force' ? 'force' : 'cached';
    this.#take(first, this.#command.mode === 'smart');
  }

  get hasBegun(): boolean {
    return this.#begun;
  }

  /** Ends a command that has not started. False if it has: then its own ending comes. */
  leave(status: Ending, details: EventDetails): boolean {
    if (this.#begun || this.#place?.leave() !== true) return false;
    this.#end(status, details);
    return true;
  }

  /** Nothing of it starts or expires any more. */
  stop(): void {
    clearTimeout(this.#expiry);
    this.#isStopped = true;
  }

  #take(phase: Phase, smart: boolean, joined = false): void {
    this.#armExpiry(phase);
    let lastAttempt = 0;
    const waiter: Waiter = {
      commandId: this.#open.record.id,
      priority: 'person',
      started: ({ attempt, ...shared }) => {
        clearTimeout(this.#expiry);
        if (attempt <= lastAttempt) return;
        lastAttempt = attempt;
        this.#begun = true;
        this.#options.running(this.#open, { attempt, ...shared, ...(smart ? { phase } : {}) });
      },
      waitsAgain: (last) => {
        this.#last = last;
        this.#begun = false;
        this.#armExpiry(phase);
        this.#options.waiting(this.#open);
      },
      ended: (outcome, info) => {
        clearTimeout(this.#expiry);
        // What the end of the daemon cut off is taken up again at the next start.
        if (this.#isStopped) return;
        this.#last = outcome;
        if (!smart) this.#report(outcome, info);
        else if (phase === 'cached') this.#decide(outcome, info);
        else this.#woken(outcome, info, joined ? 'joined' : 'forced');
      },
    };
    // The wake of `smart` shares whatever wake there is.
    const override = smart ? undefined : this.#command.override;
    this.#place = this.#options.lanes.take(this.#vehicle, phase, waiter, override);
  }

  #armExpiry(phase: Phase): void {
    clearTimeout(this.#expiry);
    const left_ms = this.#deadline - this.#options.clock.monotonic();
    this.#expiry = setTimeout(
      () => {
        this.#expired(phase);
      },
      Math.max(0, left_ms),
    );
  }

  #expired(phase: Phase): void {
    if (this.#place?.leave() !== true) return;
    const last = this.#last;
    if (last !== undefined && !last.ok) this.#end('failed', failureDetails(last.failure));
    else if (this.#command.mode === 'smart' && phase === 'force') {
      this.#succeed('wake_lane_busy', {});
    } else this.#end('expired', { message: 'it could not start in time' });
  }

  /** The second half of `smart`: the cloud was read, is the car's own report young enough? */
  #decide(outcome: Outcome, info: Shared & { readonly duration_ms: number }): void {
    if (!outcome.ok) {
      this.#report(outcome, info);
      return;
    }
    const maxAge_s = this.#command.max_age_s ?? this.#options.defaultMaxAge_s;
    const reported = this.#options.reportedAt(this.#vehicle);
    const age_s = reported === undefined ? Infinity : (this.#options.clock.now() - reported) / 1000;
    if (age_s <= maxAge_s) this.#succeed('fresh_enough', info);
    else if (this.#options.wakeBreakerOpen()) this.#succeed('breaker_open', info);
    else this.#take('force', true, this.#options.lanes.joins(this.#vehicle, 'force'));
  }

  #woken(
    outcome: Outcome,
    info: Shared & { readonly duration_ms: number },
    decision: Decision,
  ): void {
    if (!outcome.ok && outcome.failure.code === 'breaker_open') this.#succeed('breaker_open', {});
    else if (outcome.ok) this.#succeed(decision, info);
    else this.#report(outcome, info);
  }

  #succeed(decision: Decision, info: Partial<Shared & { readonly duration_ms: number }>): void {
    this.#end('succeeded', { decision, ...wholeMs(info) });
  }

  #report(outcome: Outcome, info: Shared & { readonly duration_ms: number }): void {
    if (outcome.ok) this.#end('succeeded', wholeMs(info));
    else this.#end('failed', { ...wholeMs(info), ...failureDetails(outcome.failure) });
  }

  #end(status: Ending, details: EventDetails): void {
    clearTimeout(this.#expiry);
    this.#options.end(this.#open, status, details);
  }
}

function wholeMs<T extends { readonly duration_ms?: number }>(info: T): T {
  return info.duration_ms === undefined
    ? info
    : { ...info, duration_ms: Math.round(info.duration_ms) };
}
