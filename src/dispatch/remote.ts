import type { Clock } from '../daemon/clock.js';
import type { Ending } from '../vehicle/life-cycle.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import type { RemoteAction } from '../vehicle/remote-action.js';
import type { Outcome } from '../vehicle/task.js';
import { failureDetails, type EventDetails, type OpenCommand } from './command-book.js';
import type { Confirmation, Sent, Verdict } from './confirmation.js';
import type { LaneOperation, Parting, Place, Waiter } from './lane.js';
import type { RemotePlan } from './remote-plan.js';

/** What becomes of the values that an action would change. */
export type Aftermath = 'wanted' | 'unknown' | 'as_before';

/** What a remote command needs of the lanes, of the book and of the car; nothing else. */
export interface RemoteOptions {
  readonly clock: Clock;
  readonly lanes: {
    take(vehicle: string, operation: LaneOperation, waiter: Waiter): Place;
  };
  /** Why nothing leaves for cars now: a breaker that is open, an account that waits for a person. */
  readonly refusal: () => Failure | undefined;
  readonly confirmation: Pick<Confirmation, 'ofTaken' | 'ofLost'>;
  /** Sends what is left of an action whose first part is confirmed; undefined where it cannot leave now. */
  readonly sendRest: (
    vehicle: string,
    action: RemoteAction,
    commandId: string,
  ) => Promise<Outcome | undefined>;
  /** An action is with the vendor. */
  readonly taken: (vehicle: string, action: RemoteAction) => void;
  readonly over: (sent: Sent, aftermath: Aftermath, verdict: Verdict) => void;
  readonly running: (open: OpenCommand, details: EventDetails) => void;
  readonly confirming: (open: OpenCommand, details: EventDetails) => void;
  readonly waiting: (open: OpenCommand) => void;
  readonly end: (open: OpenCommand, status: Ending, details: EventDetails) => void;
}

const inTime = 'it could not start in time';
const tooLate = failure('timeout', inTime, { sent: false });

/** One remote command on its way to its car, sent at most once. */
export class Remote {
  readonly open: OpenCommand;
  readonly #options: RemoteOptions;
  readonly #plan: RemotePlan;
  readonly #vehicle: string;
  /** Monotonic time by which it must have started. */
  readonly #deadline: number;
  /** Commands that share its call. */
  readonly #companions = new Set<Remote>();
  #leader: Remote | undefined;
  /** Its place in the wake lane. */
  #place: Place | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #hold: NodeJS.Timeout | undefined;
  #begun = false;
  #isStopped = false;
  #isTooLate = false;
  #startedAt = 0;
  #last: Failure | undefined;
  #sent: Sent | undefined;
  #verdict: Verdict | undefined;

  constructor(
    options: RemoteOptions,
    open: OpenCommand,
    plan: RemotePlan,
    vehicle: string,
    deadline: number,
  ) {
    this.#options = options;
    this.open = open;
    this.#plan = plan;
    this.#vehicle = vehicle;
    this.#deadline = deadline;
  }

  get hasBegun(): boolean {
    return this.#leader?.hasBegun ?? this.#begun;
  }

  get companions(): readonly Remote[] {
    return [...this.#companions];
  }

  start(): void {
    this.#armExpiry();
    if (this.#isLate()) return;
    this.#hold = setTimeout(() => {
      this.#prepare();
    }, this.#plan.hold_ms);
  }

  /** Shares the call of a command that has not begun, and lets it wait no longer. */
  follow(leader: Remote): void {
    this.#armExpiry();
    if (this.#isLate()) return;
    this.#leader = leader;
    leader.#companions.add(this);
    leader.hurry();
  }

  /** What it waited for has come. */
  hurry(): void {
    if (this.#hold === undefined) return;
    clearTimeout(this.#hold);
    this.#prepare();
  }

  /** Ends a command that has not started. False if it has: then its own ending comes. */
  leave(status: Ending, details: EventDetails): boolean {
    if (!this.#stepOut()) return false;
    this.#end(status, details);
    return true;
  }

  /** Nothing of it starts or expires any more. */
  stop(): void {
    clearTimeout(this.#expiry);
    clearTimeout(this.#hold);
    this.#isStopped = true;
  }

  #prepare(): void {
    this.#hold = undefined;
    const reading = this.#plan.reading();
    if (reading === 'none') {
      this.#enter();
      return;
    }
    this.#options.lanes.take(this.#vehicle, 'cached', {
      priority: 'person',
      started: () => undefined,
      waitsAgain: () => undefined,
      ended: (outcome) => {
        if (this.#isStopped || this.open.phase === 'ending') return;
        if (outcome.ok || reading === 'helpful') this.#enter();
        else this.#end('failed', failureDetails(unread(outcome.failure)));
      },
    });
  }

  #enter(): void {
    const refusal = this.#options.refusal();
    if (refusal !== undefined) {
      for (const one of this.#all()) one.#end('failed', failureDetails(refusal));
      return;
    }
    this.#place = this.#options.lanes.take(this.#vehicle, 'command', {
      commandId: this.open.record.id,
      alsoFor: () => [...this.#companions].map(({ open }) => open.record.id),
      priority: 'remote',
      part: () => this.#part(),
      started: ({ attempt }) => {
        this.#started(attempt);
      },
      waitsAgain: (last) => {
        this.#waitAgain(last);
      },
      settle: (outcome) => this.#settle(outcome),
      ended: (outcome) => {
        this.#ended(outcome);
      },
    });
  }

  /** It is durable that it leaves; that may have taken longer than there was time. */
  #part(): Parting | Failure {
    const { clock } = this.#options;
    const left_ms = this.#deadline - clock.monotonic();
    if (left_ms <= 0) {
      this.#isTooLate = true;
      return tooLate;
    }
    const action = this.#plan.action();
    if ('code' in action) return action;
    this.#sent = {
      vehicle: this.#vehicle,
      commandId: this.open.record.id,
      action,
      at: this.#sent?.at ?? clock.now(),
    };
    return { action, send_within_ms: left_ms };
  }

  #started(attempt: number): void {
    const isAgain = this.#begun;
    this.#begun = true;
    if (isAgain) return;
    this.#startedAt = this.#options.clock.monotonic();
    for (const one of this.#all()) {
      clearTimeout(one.#expiry);
      this.#options.running(one.open, { attempt, ...this.#sharedWith(one) });
    }
  }

  #waitAgain(last: Outcome): void {
    this.#begun = false;
    this.#sent = undefined;
    this.#last = last.ok ? undefined : last.failure;
    for (const one of this.#all()) {
      one.#last = this.#last;
      one.#armExpiry();
      this.#options.waiting(one.open);
    }
  }

  /** Finds out what became of it, while its lane is held. */
  async #settle(outcome: Outcome): Promise<boolean> {
    const sent = this.#sent;
    if (sent === undefined) return true;
    this.#verdict = await this.#judge(sent, outcome);
    const { is } = this.#verdict;
    const isUnknown = is === 'failed' && this.#verdict.failure.outcome === 'unknown';
    this.#options.over(
      sent,
      is === 'done' ? 'wanted' : isUnknown ? 'unknown' : 'as_before',
      this.#verdict,
    );
    const code = is === 'failed' ? this.#verdict.failure.code : undefined;
    return code !== 'vehicle_timeout' && code !== 'timeout';
  }

  async #judge(sent: Sent, outcome: Outcome): Promise<Verdict> {
    const { confirmation, taken } = this.#options;
    if (!outcome.ok) {
      if (outcome.failure.outcome !== 'unknown') return { is: 'failed', failure: outcome.failure };
      taken(sent.vehicle, sent.action);
      return confirmation.ofLost(sent, outcome.failure);
    }
    if (outcome.result.operation !== 'command') return { is: 'failed', failure: noAnswer };
    const { action_id, follow_up, rest } = outcome.result;
    taken(sent.vehicle, sent.action);
    for (const one of this.#all()) {
      const about = action_id === null ? {} : { action_id };
      this.#options.confirming(one.open, { ...about, ...this.#sharedWith(one) });
    }
    const first = rest === undefined ? sent : { ...sent, action: firstHalf(sent.action) };
    const verdict = await confirmation.ofTaken(first, follow_up);
    if (verdict.is === 'failed' || rest === undefined) return verdict;
    return this.#sendRest(sent, rest);
  }

  async #sendRest(sent: Sent, action: RemoteAction): Promise<Verdict> {
    const { clock, confirmation, sendRest } = this.#options;
    const rest = { ...sent, action, at: clock.now() };
    const outcome = await sendRest(sent.vehicle, action, sent.commandId);
    const verdict = await this.#judgeRest(rest, outcome, confirmation);
    if (verdict.is === 'done') return verdict;
    const { message, ...more } = verdict.failure;
    const half = `the charging part of the schedule is set, the rest is not: ${message}`;
    // Half of it is done: what the other half changed is not as before.
    return { is: 'failed', failure: { ...more, message: half, outcome: 'unknown' } };
  }

  #judgeRest(
    rest: Sent,
    outcome: Outcome | undefined,
    confirmation: RemoteOptions['confirmation'],
  ): Promise<Verdict> | Verdict {
    if (outcome === undefined) {
      const reason = failure('unavailable', 'it could not be sent', { sent: false });
      return { is: 'failed', failure: reason };
    }
    if (!outcome.ok) {
      return outcome.failure.outcome === 'unknown'
        ? confirmation.ofLost(rest, outcome.failure)
        : { is: 'failed', failure: outcome.failure };
    }
    const followUp = outcome.result.operation === 'command' ? outcome.result.follow_up : null;
    return confirmation.ofTaken(rest, followUp);
  }

  #ended(outcome: Outcome): void {
    for (const one of this.#all()) clearTimeout(one.#expiry);
    // What the end of the daemon cut off ends at the next start.
    if (this.#isStopped) return;
    const verdict = this.#verdict ?? unsent(outcome);
    const took = this.#options.clock.monotonic() - this.#startedAt;
    for (const one of this.#all()) {
      const about = {
        ...(this.#begun ? { duration_ms: Math.round(took) } : {}),
        ...this.#sharedWith(one),
      };
      if (this.#isTooLate && !this.#begun) one.#expire();
      else if (verdict.is === 'done') one.#end('succeeded', { ...about, confirmed_by: verdict.by });
      else one.#end('failed', { ...about, ...failureDetails(verdict.failure) });
    }
  }

  #armExpiry(): void {
    clearTimeout(this.#expiry);
    const left_ms = this.#deadline - this.#options.clock.monotonic();
    this.#expiry = setTimeout(
      () => {
        if (this.#stepOut()) this.#expire();
      },
      Math.max(0, left_ms),
    );
  }

  /** What is to be durable first may have taken longer than there was time. */
  #isLate(): boolean {
    if (this.#options.clock.monotonic() < this.#deadline) return false;
    this.#expire();
    return true;
  }

  #expire(): void {
    if (this.#last === undefined) this.#end('expired', { message: inTime });
    else this.#end('failed', failureDetails(this.#last));
  }

  /** Gives up its place; who shared its call goes on alone. False once it has begun. */
  #stepOut(): boolean {
    if (this.hasBegun || this.open.phase === 'ending') return false;
    if (this.#leader !== undefined) return this.#leader.#companions.delete(this);
    if (this.#place?.leave() === false) return false;
    clearTimeout(this.#hold);
    this.#hold = undefined;
    const [heir, ...others] = this.#companions;
    this.#companions.clear();
    if (heir === undefined) return true;
    heir.#leader = undefined;
    heir.start();
    for (const other of others) other.follow(heir);
    return true;
  }

  #end(status: Ending, details: EventDetails): void {
    clearTimeout(this.#expiry);
    clearTimeout(this.#hold);
    this.#options.end(this.open, status, details);
  }

  #all(): Remote[] {
    return [this, ...this.#companions];
  }

  #sharedWith(one: Remote): Pick<EventDetails, 'shared_with'> {
    return one === this ? {} : { shared_with: this.open.record.id };
  }
}

const noAnswer = failure('internal', 'the answer was none to a command', {
  outcome: 'unknown',
  sent: true,
});

/** Of a schedule that goes in two halves, the charging comes first. */
function firstHalf(action: RemoteAction): RemoteAction {
  return action.name === 'schedule' ? { ...action, part: 'charge' } : action;
}

function unread(reason: Failure): Failure {
  const message = `what it leaves out could not be read: ${reason.message}`;
  return { ...reason, message, sent: false };
}

/** It ended before it left. */
function unsent(outcome: Outcome): Verdict {
  return { is: 'failed', failure: outcome.ok ? noAnswer : outcome.failure };
}
