import type { Failure } from '../vehicle/outcome.js';
import type { RemoteAction } from '../vehicle/remote-action.js';
import type { Outcome } from '../vehicle/task.js';

/** What takes a place in a lane. */
export type LaneOperation = 'cached' | 'force' | 'command';

/** What is sent to a car, as it is known only when it leaves. */
export interface Parting {
  readonly action: RemoteAction;
  /** How long it may still be sent. */
  readonly send_within_ms: number;
}

/** Who goes first within a lane: remote commands, a person's refreshes, what the bridge starts for them, polls. */
export const priorities = ['remote', 'person', 'bridge', 'poll'] as const;
export type Priority = (typeof priorities)[number];

export interface Shared {
  /** Id of the command whose call this is, where it is another's. */
  readonly shared_with?: string;
}

/** One command's share in a call, or the bridge's own. */
export interface Waiter {
  readonly commandId?: string;
  /** Ids of commands that the same call is made for, without a share of their own. */
  readonly alsoFor?: () => readonly string[];
  readonly priority: Priority;
  /** Of a remote command: asked when it is about to leave, and durable that it does. Answers why it must not. */
  readonly part?: () => Parting | Failure;
  /** Of a refresh that wakes the car: asked when its turn has come. Answers why it must not. */
  readonly guard?: () => Failure | undefined;
  /** The call was handed to a thread. */
  started(info: Shared & { readonly attempt: number }): void;
  /** The call will be tried again after this outcome: until then the command counts as waiting. */
  waitsAgain(last: Outcome): void;
  ended(outcome: Outcome, info: Shared & { readonly duration_ms: number }): void;
  /**
   * Of a remote command, before `ended`: the lane is held for it until this resolves. Answers whether the car has
   * answered.
   */
  readonly settle?: (outcome: Outcome) => Promise<boolean>;
}

export type CallState =
  | {
      readonly is: 'waiting';
      readonly notBefore: number;
      readonly tries: number;
      readonly last?: Outcome;
    }
  | {
      readonly is: 'running';
      readonly tries: number;
      readonly since: number;
      readonly owner?: string;
    };

/** One call to the vendor, shared by all who wait for the same thing. */
export interface Call {
  readonly operation: LaneOperation;
  /** Made for a person who passes the guards: shared only by those who do, too. */
  readonly override: boolean;
  readonly order: number;
  readonly waiters: Set<Waiter>;
  /** Hand-overs to a thread so far. */
  attempts: number;
  state: CallState;
}

/** A share taken in a lane. */
export interface Place {
  /** How many calls go before it; 0 for one that runs. */
  readonly position: number;
  /** Whether it could still be given up. */
  readonly waits: () => boolean;
  /** Gives the share up. False once the call has started: then its ending comes. */
  leave(): boolean;
}

/** One lane of one car: one call at a time, the best of those that wait first. Knows nothing of threads. */
export class Lane {
  readonly #waiting = new Set<Call>();
  #running: Call | undefined;
  /** Monotonic time before which nothing starts: the car did not answer. */
  heldUntil = 0;
  /** Calls in a row that the car left unanswered. */
  unanswered = 0;

  get busy(): boolean {
    return this.#running !== undefined;
  }

  get running(): Call | undefined {
    return this.#running;
  }

  get waiting(): ReadonlySet<Call> {
    return this.#waiting;
  }

  /** A call that a newcomer may share: one that runs, else one that waits. */
  joinable(operation: LaneOperation, override?: boolean): Call | undefined {
    if (operation === 'command') return undefined;
    const isEqual = (call: Call): boolean =>
      call.operation === operation && (override === undefined || call.override === override);
    if (this.#running !== undefined && isEqual(this.#running)) return this.#running;
    return [...this.#waiting].find(isEqual);
  }

  add(call: Call): void {
    this.#waiting.add(call);
  }

  remove(call: Call): void {
    this.#waiting.delete(call);
  }

  /** The call to start now, if any may. */
  best(now: number): Call | undefined {
    if (this.#running !== undefined || now < this.heldUntil) return undefined;
    return [...this.#waiting]
      .filter((call) => call.state.is === 'waiting' && call.state.notBefore <= now)
      .sort(byPrecedence)[0];
  }

  positionOf(call: Call): number {
    if (call === this.#running) return 0;
    const before = [...this.#waiting].filter((other) => byPrecedence(other, call) < 0).length;
    return before + (this.#running === undefined ? 0 : 1);
  }

  /** How many of those that wait go before a newcomer of this priority. */
  ahead(priority: Priority): number {
    const own = priorities.indexOf(priority);
    return [...this.#waiting].filter((call) => rank(call) <= own).length;
  }

  /** When something that waits may start although nothing happens until then, or undefined. */
  nextTime(now: number): number | undefined {
    if (this.#running !== undefined || this.#waiting.size === 0) return undefined;
    const earliest = Math.min(
      ...[...this.#waiting].map((call) => (call.state.is === 'waiting' ? call.state.notBefore : 0)),
    );
    const time = Math.max(earliest, this.heldUntil);
    return time > now ? time : undefined;
  }

  start(call: Call, since: number): void {
    const owner = ownerOf(call);
    const tries = call.state.tries + 1;
    this.#waiting.delete(call);
    this.#running = call;
    call.state = { is: 'running', tries, since, ...(owner === undefined ? {} : { owner }) };
  }

  finish(): void {
    this.#running = undefined;
  }

  /** Puts the running call back among those that wait. */
  putBack(call: Call, notBefore: number, last: Outcome): void {
    call.state = { is: 'waiting', notBefore, tries: call.state.tries, last };
    this.#running = undefined;
    this.#waiting.add(call);
  }
}

/** The first of those who share a call. */
export function priorityOf(call: Call): Priority {
  return priorities[rank(call)] ?? 'poll';
}

function ownerOf(call: Call): string | undefined {
  return [...call.waiters].find((waiter) => waiter.commandId !== undefined)?.commandId;
}

function byPrecedence(one: Call, other: Call): number {
  return rank(one) - rank(other) || one.order - other.order;
}

function rank(call: Call): number {
  return Math.min(...[...call.waiters].map((waiter) => priorities.indexOf(waiter.priority)));
}
