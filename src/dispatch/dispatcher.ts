import { timerDelay, type Clock } from '../daemon/clock.js';
import { retryDelay, type RetryPolicy } from '../daemon/retry.js';
import { settlesWithin } from '../daemon/settles-within.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import type { Outcome } from '../vehicle/task.js';
import type { CallClass } from './breaker.js';
import {
  Lane,
  priorityOf,
  type Call,
  type LaneOperation,
  type Parting,
  type Place,
  type Priority,
  type Shared,
  type Waiter,
} from './lane.js';

/** The lane of each operation: what touches the car goes one at a time, reads go beside it. */
export const laneOf: Record<LaneOperation, CallClass> = {
  cached: 'read',
  force: 'wake',
  command: 'wake',
};

export interface CallContext {
  /** The vendor's id of the car. */
  readonly vehicle: string;
  readonly operation: LaneOperation;
  /** The command it is done for, for the log. */
  readonly commandId?: string;
  /** Of `command`: asked at each hand-over. */
  readonly part?: () => Parting | Failure;
  /** What has to be durable before it leaves; answers why it must not. */
  prepare(): Promise<Failure | undefined>;
  /** Told at each hand-over to a thread; a second time after the session was renewed. */
  onHandOver(): void;
}

export interface DispatcherOptions {
  readonly clock: Clock;
  readonly retry: RetryPolicy;
  /** Whether a call of this class may leave now: account ready, breaker closed or ready for its probe. */
  mayLeave(callClass: CallClass): boolean;
  /** Whether what waits is to end, because nothing of this class leaves before that of others has ended, too. */
  isShut(callClass: CallClass): boolean;
  /** A place in the pool, given back by the function; undefined while there is none. */
  takeSlot(callClass: CallClass, priority: Priority): (() => void) | undefined;
  /**
   * Resolves when it is durable that a wake is about to leave for this car and these commands, which may be none;
   * rejects if it is not.
   */
  beforeWake(vehicle: string, commandIds: readonly string[]): Promise<void>;
  /** Resolves when it is durable that this command shares a wake that has left. */
  markJoined(commandId: string): Promise<void>;
  /** What was about to leave for this car has not. */
  notWoken(vehicle: string): void;
  call(context: CallContext): Promise<Outcome>;
}

interface HeldCall {
  readonly run: () => Promise<Outcome>;
  readonly resolve: (outcome: Outcome | undefined) => void;
}

/** After a car has said that it is busy with another command. */
const duplicatePause_ms = 10_000;

interface Seat {
  readonly vehicle: string;
  readonly callClass: CallClass;
  readonly lane: Lane;
}

/** All lanes of one account: takes waiters in, starts the next call when everything it needs is free. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #seats = new Map<string, Seat>();
  /** Lanes in which something waits, in the order in which they began to. */
  readonly #interested = new Set<Seat>();
  readonly #underWay = new Set<Promise<void>>();
  /** Further calls of those whose lane is held: before whatever has not begun. */
  readonly #held = new Set<HeldCall>();
  readonly #giveWay = new Set<() => void>();
  #order = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /**
   * Takes a share in the call that does this, or makes one. Whether that call exists already tells `joins`. Without
   * `override` any call of the operation will do.
   */
  take(vehicle: string, operation: LaneOperation, waiter: Waiter, override?: boolean): Place {
    const seat = this.#seat(vehicle, operation);
    const call =
      seat.lane.joinable(operation, override) ?? this.#newCall(seat, operation, override ?? false);
    call.waiters.add(waiter);
    if (call.state.is === 'running') void this.#joinRunning(call, waiter);
    const place = {
      position: seat.lane.positionOf(call),
      waits: (): boolean => call.state.is === 'waiting',
      leave: (): boolean => this.#leave(seat, call, waiter),
    };
    this.pump();
    return place;
  }

  /** Whether a newcomer would share a call that is there already. */
  joins(vehicle: string, operation: LaneOperation): boolean {
    return this.#seat(vehicle, operation).lane.joinable(operation) !== undefined;
  }

  /** How many calls would go before a person's newcomer. */
  positionFor(vehicle: string, operation: LaneOperation, override?: boolean): number {
    const { lane } = this.#seat(vehicle, operation);
    const shared = lane.joinable(operation, override);
    if (shared !== undefined) return lane.positionOf(shared);
    const before = operation === 'command' ? lane.ahead('remote') : lane.waiting.size;
    return before + (lane.busy ? 1 : 0);
  }

  /**
   * Makes one more call for a command that holds its lane, as soon as there is a place in the pool. Undefined where
   * nothing may leave now.
   */
  async whileHeld(run: () => Promise<Outcome>): Promise<Outcome | undefined> {
    if (this.#stopped) return undefined;
    return new Promise((resolve) => {
      this.#held.add({ run, resolve });
      this.pump();
    });
  }

  /** Starts whatever can start now. Called whenever something that a call waits for may have become free. */
  pump(): void {
    if (this.#stopped) return;
    this.#startHeld();
    const now = this.#options.clock.monotonic();
    for (const seat of [...this.#interested]) {
      if (!this.#options.mayLeave(seat.callClass)) continue;
      const call = this.#bestUnguarded(seat, now);
      if (call === undefined) continue;
      const giveBack = this.#options.takeSlot(seat.callClass, priorityOf(call));
      if (giveBack !== undefined) this.#start(seat, call, giveBack);
    }
    this.#armTimer(now);
    if (!this.#hasWaiting('read')) this.#readsServed();
  }

  /** The next call whose turn it is; one that nobody who shares it may make ends. */
  #bestUnguarded(seat: Seat, now: number): Call | undefined {
    for (;;) {
      const call = seat.lane.best(now);
      const refusals = [...(call?.waiters ?? [])].map((waiter) => ({
        waiter,
        refusal: waiter.guard?.(),
      }));
      if (call === undefined || refusals.some(({ refusal }) => refusal === undefined)) return call;
      seat.lane.remove(call);
      this.#forgetIfIdle(seat);
      call.waiters.clear();
      for (const { waiter, refusal } of refusals) {
        if (refusal !== undefined) waiter.ended(refused(refusal), { duration_ms: 0 });
      }
    }
  }

  /** Resolves when no read waits: what can wait longer gives way to them. */
  async whenReadsServed(): Promise<void> {
    if (this.#stopped || !this.#hasWaiting('read')) return;
    await new Promise<void>((resolve) => this.#giveWay.add(resolve));
  }

  #hasWaiting(callClass: CallClass): boolean {
    return [...this.#interested].some((seat) => seat.callClass === callClass);
  }

  #readsServed(): void {
    const waiting = [...this.#giveWay];
    this.#giveWay.clear();
    for (const resolve of waiting) resolve();
  }

  /** Ends everything of a class that waits with this failure; a call that was tried before keeps its own. */
  failWaiting(callClass: CallClass, reason: Failure): void {
    for (const seat of [...this.#interested].filter((one) => one.callClass === callClass)) {
      for (const call of [...seat.lane.waiting]) {
        seat.lane.remove(call);
        const last = call.state.is === 'waiting' ? call.state.last : undefined;
        this.#settle(call, last ?? refused(reason), 0);
      }
      this.#forgetIfIdle(seat);
    }
  }

  get depth(): number {
    return this.#all().reduce((sum, seat) => sum + seat.lane.waiting.size, 0);
  }

  get running(): number {
    return this.#all().filter((seat) => seat.lane.busy).length;
  }

  /** Calls that could start but for a place in the pool. */
  get waitingForSlot(): number {
    const now = this.#options.clock.monotonic();
    return [...this.#interested].filter(
      ({ lane, callClass }) => lane.best(now) !== undefined && this.#options.mayLeave(callClass),
    ).length;
  }

  /** Resolves when nothing runs any more, or when the time is over. */
  async quiet(within_ms: number): Promise<void> {
    await settlesWithin(Promise.all(this.#underWay), within_ms);
  }

  /** Starts nothing any more. What runs goes on to its ending. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const held of [...this.#held]) this.#giveUp(held);
    this.#readsServed();
  }

  #startHeld(): void {
    for (const held of [...this.#held]) {
      if (!this.#options.mayLeave('wake')) {
        this.#giveUp(held);
        continue;
      }
      const giveBack = this.#options.takeSlot('wake', 'remote');
      if (giveBack === undefined) return;
      this.#held.delete(held);
      void held
        .run()
        .catch((error: unknown) => broken(error, 'command'))
        .then((outcome) => {
          giveBack();
          held.resolve(outcome);
          this.pump();
        });
    }
  }

  #giveUp(held: HeldCall): void {
    this.#held.delete(held);
    held.resolve(undefined);
  }

  #start(seat: Seat, call: Call, giveBack: () => void): void {
    const work = this.#run(seat, call, giveBack);
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  async #run(seat: Seat, call: Call, giveBack: () => void): Promise<void> {
    const { clock } = this.#options;
    const since = clock.monotonic();
    seat.lane.start(call, since);
    this.#forgetIfIdle(seat);
    const before = call.attempts;
    const outcome = await this.#handOver(seat, call);
    giveBack();
    if (seat.callClass === 'wake' && hasNotLeft(outcome, call.attempts > before)) {
      this.#options.notWoken(seat.vehicle);
    }
    if (isRepeatable(call, outcome) && this.#maySendAgain(seat, call))
      this.#tryAgain(seat, call, outcome);
    else {
      const hasAnswered = await this.#hold(call, outcome);
      seat.lane.finish();
      this.#noteAnswer(seat, hasAnswered);
      this.#settle(call, outcome, clock.monotonic() - since);
    }
    this.#watch(seat);
    this.pump();
  }

  #maySendAgain({ callClass }: Seat, { waiters }: Call): boolean {
    return !this.#stopped && waiters.size > 0 && !this.#options.isShut(callClass);
  }

  /** Keeps the lane for those who still have to do with the car. Answers whether the car has answered. */
  async #hold(call: Call, outcome: Outcome): Promise<boolean> {
    const settling = [...call.waiters].flatMap((waiter) => waiter.settle?.(outcome) ?? []);
    if (settling.length === 0) return !isUnanswered(outcome);
    this.pump();
    const settled = await Promise.allSettled(settling);
    return settled.every((one) => one.status === 'rejected' || one.value);
  }

  /** Never rejects: the lane has to be freed whatever happens. */
  async #handOver(seat: Seat, call: Call): Promise<Outcome> {
    const owner = call.state.is === 'running' ? call.state.owner : undefined;
    try {
      return await this.#options.call({
        vehicle: seat.vehicle,
        operation: call.operation,
        ...(owner === undefined ? {} : { commandId: owner }),
        ...partOf(call),
        prepare: () => this.#prepare(seat, call),
        onHandOver: () => {
          call.attempts += 1;
          for (const waiter of call.waiters) {
            waiter.started({ attempt: call.attempts, ...sharedWith(call, waiter) });
          }
        },
      });
    } catch (error) {
      return broken(error, call.operation);
    }
  }

  async #prepare(seat: Seat, call: Call): Promise<Failure | undefined> {
    const commandIds = [...call.waiters].flatMap((one) => [
      ...(one.commandId === undefined ? [] : [one.commandId]),
      ...(one.alsoFor?.() ?? []),
    ]);
    if (seat.callClass === 'read') return undefined;
    try {
      await this.#options.beforeWake(seat.vehicle, commandIds);
      return undefined;
    } catch {
      const message = 'that the car is about to be asked could not be stored, so it was not';
      return failure('not_stored', message, { sent: false });
    }
  }

  /** Who joins a call that runs may have woken the car as much as who started it. */
  async #joinRunning(call: Call, waiter: Waiter): Promise<void> {
    if (laneOf[call.operation] === 'wake' && waiter.commandId !== undefined) {
      // If this cannot be stored a crash may run it once more as `smart`, never as `force` behind a stored start.
      await this.#options.markJoined(waiter.commandId).catch(() => undefined);
    }
    if (call.state.is === 'running' && call.waiters.has(waiter)) {
      waiter.started({ attempt: Math.max(1, call.attempts), ...sharedWith(call, waiter) });
    }
  }

  #tryAgain(seat: Seat, call: Call, outcome: Outcome & { ok: false }): void {
    const tries = call.state.tries;
    const pause_ms =
      tries === 1
        ? duplicatePause_ms
        : (retryDelay(this.#options.retry, tries) ?? duplicatePause_ms);
    const asked_ms = (outcome.failure.retry_after_s ?? 0) * 1000;
    seat.lane.putBack(
      call,
      this.#options.clock.monotonic() + Math.max(pause_ms, asked_ms),
      outcome,
    );
    for (const waiter of [...call.waiters]) waiter.waitsAgain(outcome);
  }

  /** A car that does not answer holds up its own wake lane, and nothing else. */
  #noteAnswer(seat: Seat, hasAnswered: boolean): void {
    if (seat.callClass !== 'wake') return;
    seat.lane.unanswered = hasAnswered ? 0 : seat.lane.unanswered + 1;
    if (hasAnswered) return;
    const pause_ms = retryDelay(this.#options.retry, seat.lane.unanswered) ?? 0;
    seat.lane.heldUntil = this.#options.clock.monotonic() + pause_ms;
  }

  #settle(call: Call, outcome: Outcome, duration_ms: number): void {
    for (const waiter of [...call.waiters]) {
      waiter.ended(outcome, { duration_ms, ...sharedWith(call, waiter) });
    }
    call.waiters.clear();
  }

  #leave(seat: Seat, call: Call, waiter: Waiter): boolean {
    if (call.state.is !== 'waiting' || !call.waiters.delete(waiter)) return false;
    if (call.waiters.size === 0) seat.lane.remove(call);
    this.#forgetIfIdle(seat);
    return true;
  }

  #newCall(seat: Seat, operation: LaneOperation, override: boolean): Call {
    const call: Call = {
      operation,
      override,
      order: (this.#order += 1),
      waiters: new Set(),
      attempts: 0,
      state: { is: 'waiting', notBefore: 0, tries: 0 },
    };
    seat.lane.add(call);
    this.#interested.add(seat);
    return call;
  }

  #seat(vehicle: string, operation: LaneOperation): Seat {
    const callClass = laneOf[operation];
    const key = `${callClass}:${vehicle}`;
    const seat = this.#seats.get(key) ?? { vehicle, callClass, lane: new Lane() };
    this.#seats.set(key, seat);
    return seat;
  }

  /** At the end of the row: lanes take turns when there are fewer threads than lanes. */
  #watch(seat: Seat): void {
    this.#interested.delete(seat);
    if (seat.lane.waiting.size > 0) this.#interested.add(seat);
  }

  #forgetIfIdle(seat: Seat): void {
    if (seat.lane.waiting.size === 0) this.#interested.delete(seat);
  }

  #all(): Seat[] {
    return [...this.#seats.values()];
  }

  #armTimer(now: number): void {
    clearTimeout(this.#timer);
    const times = [...this.#interested].flatMap((seat) => seat.lane.nextTime(now) ?? []);
    if (times.length === 0) return;
    this.#timer = setTimeout(
      () => {
        this.pump();
      },
      Math.max(1, timerDelay(Math.min(...times) - now)),
    );
  }
}

function sharedWith(call: Call, waiter: Waiter): Shared {
  const owner = call.state.is === 'running' ? call.state.owner : undefined;
  return owner === undefined || owner === waiter.commandId ? {} : { shared_with: owner };
}

/** Known not to be done: the car is busy with another command, or the maker could not be reached with a remote one. */
function isRepeatable(call: Call, outcome: Outcome): outcome is Outcome & { ok: false } {
  if (outcome.ok) return false;
  const { code, sent } = outcome.failure;
  const isUnsent = call.operation === 'command' && code === 'unavailable' && sent === false;
  return code === 'duplicate_request' || isUnsent;
}

function refused(reason: Failure): Outcome {
  return { ok: false, failure: reason, requests: 0 };
}

function hasNotLeft(outcome: Outcome, wasHandedOver: boolean): boolean {
  return !outcome.ok && (!wasHandedOver || outcome.failure.sent === false);
}

/** Whether a command has left by then nobody knows. */
function broken(error: unknown, operation: LaneOperation): Outcome {
  const message = `the call broke: ${error instanceof Error ? error.message : 'unknown reason'}`;
  const more = operation === 'command' ? ({ outcome: 'unknown' } as const) : {};
  return { ok: false, failure: failure('internal', message, more), requests: 0 };
}

function isUnanswered(outcome: Outcome): boolean {
  return !outcome.ok && ['vehicle_timeout', 'timeout'].includes(outcome.failure.code);
}

function partOf(call: Call): Pick<CallContext, 'part'> {
  const part = [...call.waiters].find((waiter) => waiter.part !== undefined)?.part;
  return part === undefined ? {} : { part };
}
