import type { Clock } from '../daemon/clock.js';
import type { RefreshCommand } from '../vehicle/command.js';
import type { Decision, Ending } from '../vehicle/life-cycle.js';
import type { Failure } from '../vehicle/outcome.js';
import type { CarOperation, Outcome } from '../vehicle/task.js';
import { failureDetails, type EventDetails, type OpenCommand } from './command-book.js';
import type { Place, Shared, Waiter } from './lane.js';
import type { HeldWake } from './wake-guard.js';

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
  readonly guard: RefreshGuard;
  readonly running: (open: OpenCommand, details: EventDetails) => void;
  readonly waiting: (open: OpenCommand) => void;
  readonly end: (open: OpenCommand, status: Ending, details: EventDetails) => void;
}

/** Who may wake a car now, by its vendor id. */
export interface RefreshGuard {
  /** Why the bridge does not do so by itself. */
  holdsAutomatic(vehicle: string): HeldWake | undefined;
  /** Why a person's `force` is refused. */
  refusesForce(vehicle: string): Failure | undefined;
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
  /** Why it did not wake the car when its turn came. */
  #held: HeldWake | undefined;

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
      ...(phase === 'force' ? { guard: () => this.#guard(smart) } : {}),
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

  #guard(smart: boolean): Failure | undefined {
    const { guard } = this.#options;
    if (smart) {
      this.#held = guard.holdsAutomatic(this.#vehicle);
      return this.#held?.failure;
    }
    return this.#command.override ? undefined : guard.refusesForce(this.#vehicle);
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
    const { decision, why } = decideSmart(this.#options, this.#command, this.#vehicle);
    if (decision === 'forced') this.#take('force', true);
    else if (decision === 'joined') this.#take('force', true, true);
    else this.#succeed(decision, info, why);
  }

  #woken(
    outcome: Outcome,
    info: Shared & { readonly duration_ms: number },
    decision: Decision,
  ): void {
    if (outcome.ok) {
      this.#succeed(decision, info);
      return;
    }
    const { failure } = outcome;
    const held = this.#held?.failure === failure ? this.#held.decision : untriedBecause(failure);
    if (held === undefined) this.#report(outcome, info);
    else this.#succeed(held, {}, failure);
  }

  /** `why`: what kept it from waking the car. */
  #succeed(
    decision: Decision,
    info: Partial<Shared & { readonly duration_ms: number }>,
    why?: Failure,
  ): void {
    const said = why === undefined ? {} : { message: why.message };
    this.#end('succeeded', { decision, ...wholeMs(info), ...said });
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

/** Whether `smart` wakes the car, as far as what is known of it goes; `why` it does not. */
export function decideSmart(
  { clock, defaultMaxAge_s, guard, lanes, reportedAt }: RefreshOptions,
  { max_age_s = defaultMaxAge_s }: RefreshCommand,
  vehicle: string,
): { readonly decision: Decision; readonly why?: Failure } {
  const reported = reportedAt(vehicle) ?? -Infinity;
  if ((clock.now() - reported) / 1000 <= max_age_s) return { decision: 'fresh_enough' };
  // A wake that comes in any case is none more.
  if (lanes.joins(vehicle, 'force')) return { decision: 'joined' };
  const held = guard.holdsAutomatic(vehicle);
  if (held === undefined) return { decision: 'forced' };
  return { decision: held.decision, why: held.failure };
}

/** What ended a wake that waited, before it was tried. */
function untriedBecause({ code, sent }: Failure): Decision | undefined {
  if (code === 'breaker_open') return 'breaker_open';
  return code === 'rate_limited' && sent === false ? 'guard_budget' : undefined;
}

function wholeMs<T extends { readonly duration_ms?: number }>(info: T): T {
  return info.duration_ms === undefined
    ? info
    : { ...info, duration_ms: Math.round(info.duration_ms) };
}
