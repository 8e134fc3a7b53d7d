import type { Ending } from '../vehicle/life-cycle.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import type { Outcome } from '../vehicle/task.js';
import { failureDetails, type EventDetails, type OpenCommand } from './command-book.js';
import type { Sent, Verdict } from './confirmation.js';
import { judge, unsent, type JudgementOptions } from './judgement.js';
import type { LaneOperation, Parting, Place, Waiter } from './lane.js';
import type { RemotePlan } from './remote-plan.js';

/** What becomes of the values that an action would change. */
export type Aftermath = 'wanted' | 'unknown' | 'as_before';

/** What a remote command needs of the lanes, of the book and of the car; nothing else. */
export interface RemoteOptions extends JudgementOptions {
  readonly lanes: {
    take(vehicle: string, operation: LaneOperation, waiter: Waiter): Place;
  };
  /** Why nothing leaves for cars now: a breaker that is open, an account that waits for a person. */
  readonly refusal: () => Failure | undefined;
  readonly over: (sent: Sent, aftermath: Aftermath, verdict: Verdict) => void;
  readonly running: (open: OpenCommand, details: EventDetails) => void;
  readonly confirming: (open: OpenCommand, details: EventDetails) => void;
  readonly waiting: (open: OpenCommand) => void;
  readonly end: (open: OpenCommand, status: Ending, details: EventDetails) => void;
}

const inTime = 'it could not start in time';
const tooLate = failure('timeout', inTime, { sent: false });
const stopped = failure('interrupted', 'the bridge was stopped before this was sent', {
  sent: false,
});
const needless = failure('interrupted', 'there is nothing left to be done', { sent: false });

/** One remote command on its way to its car, sent at most once. */
export class Remote {
  readonly open: OpenCommand;
  readonly #options: RemoteOptions;
  readonly #plan: RemotePlan;
  readonly #vehicle: string;
  /** Monotonic time by which it must have started. */
  readonly #deadline: number;
  /** The command that shares its call: there are no more than two that can. */
  #companion: Remote | undefined;
  #leader: Remote | undefined;
  /** Its place in the wake lane. */
  #place: Place | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #hold: NodeJS.Timeout | undefined;
  #begun = false;
  #isStopped = false;
  #isBarred = false;
  /** How it ends if it does not leave although its turn has come. */
  #instead: 'expired' | 'needless' | undefined;
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

  /** It has left, or its turn has come and it is being noted that it leaves: it cannot be taken back. */
  get hasBegun(): boolean {
    return this.#leader?.hasBegun ?? (this.#begun || this.#place?.waits() === false);
  }

  get companion(): Remote | undefined {
    return this.#companion;
  }

  start(): void {
    this.#armExpiry();
    if (this.#isLate()) return;
    // What has little time waits for others no longer than it can.
    const hold_ms = Math.min(this.#plan.hold_ms, this.#left_ms() / 2);
    if (hold_ms === 0) this.#prepare();
    else {
      this.#hold = setTimeout(() => {
        this.#prepare();
      }, hold_ms);
    }
  }

  /** Shares the call of a command that has not begun, and lets it wait no longer. */
  follow(leader: Remote): void {
    this.#armExpiry();
    if (this.#isLate()) return;
    this.#leader = leader;
    leader.#companion = this;
    leader.hurry();
  }

  /** What it waited for has come. */
  hurry(): void {
    if (this.#hold === undefined) return;
    clearTimeout(this.#hold);
    this.#prepare();
  }

  /** Ends a command that has not begun. False if it has: then its own ending comes. */
  leave(status: Ending, details: EventDetails): boolean {
    if (!this.#stepOut()) return false;
    this.#end(status, details);
    return true;
  }

  /** The daemon stops: what has not left does not leave any more. */
  bar(): void {
    this.#isBarred = true;
  }

  /** Nothing of it starts or expires any more. */
  stop(): void {
    clearTimeout(this.#expiry);
    clearTimeout(this.#hold);
    this.#hold = undefined;
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
    const action = this.#plan.action();
    // What cannot be told now needs no lane, and is none of the vendor's faults.
    if (action === 'needless') this.#end('succeeded', {});
    else if ('code' in action) this.#end('failed', failureDetails(action));
    else this.#takePlace();
  }

  #takePlace(): void {
    this.#place = this.#options.lanes.take(this.#vehicle, 'command', {
      commandId: this.open.record.id,
      alsoFor: () => (this.#companion === undefined ? [] : [this.#companion.open.record.id]),
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
    if (this.#isBarred) return stopped;
    this.#partFromLate();
    const left_ms = Math.min(...this.#all().map((one) => one.#left_ms()));
    if (left_ms <= 0) {
      this.#instead = 'expired';
      return tooLate;
    }
    const action = this.#plan.action();
    if (action === 'needless') {
      this.#instead = 'needless';
      return needless;
    }
    if ('code' in action) return action;
    const at = this.#sent?.at ?? this.#options.clock.now();
    const commandId = this.open.record.id;
    this.#sent = { vehicle: this.#vehicle, commandId, action, at };
    return { action, send_within_ms: left_ms };
  }

  /** They share a call, not a fate before it. */
  #partFromLate(): void {
    const companion = this.#companion;
    if (this.#begun || companion === undefined || companion.#left_ms() > 0) return;
    this.#companion = undefined;
    companion.#expire();
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

  /** Finds out what became of it, while its lane is held. Answers whether the car has answered. */
  async #settle(outcome: Outcome): Promise<boolean> {
    if (this.#sent === undefined) return true;
    const { verdict, sent } = await judge(this.#options, this.#sent, outcome, (action_id) => {
      this.#confirming(action_id === null ? {} : { action_id });
    });
    this.#verdict = verdict;
    this.#options.over(sent, aftermathOf(verdict), verdict);
    if (verdict.is === 'done' || verdict.failure.sent === false) return true;
    return verdict.failure.code !== 'vehicle_timeout' && verdict.failure.code !== 'timeout';
  }

  #confirming(about: EventDetails): void {
    for (const one of this.#all()) {
      this.#options.confirming(one.open, { ...about, ...this.#sharedWith(one) });
    }
  }

  #ended(outcome: Outcome): void {
    for (const one of this.#all()) clearTimeout(one.#expiry);
    // What the end of the daemon cut off ends at the next start.
    if (this.#isStopped) return;
    if (!this.#begun && this.#instead === 'expired') {
      this.#handOn();
      this.#expire();
      return;
    }
    if (this.#instead === 'needless') {
      this.#end('succeeded', {});
      return;
    }
    this.#tell(this.#verdict ?? unsent(outcome));
  }

  #tell(verdict: Verdict): void {
    const took_ms = Math.round(this.#options.clock.monotonic() - this.#startedAt);
    for (const one of this.#all()) {
      const about = {
        ...(this.#begun ? { duration_ms: took_ms } : {}),
        ...this.#sharedWith(one),
      };
      if (verdict.is === 'done') one.#end('succeeded', { ...about, confirmed_by: verdict.by });
      else one.#end('failed', { ...about, ...failureDetails(verdict.failure) });
    }
  }

  #left_ms(): number {
    return this.#deadline - this.#options.clock.monotonic();
  }

  #armExpiry(): void {
    clearTimeout(this.#expiry);
    this.#expiry = setTimeout(
      () => {
        if (this.#stepOut()) this.#expire();
      },
      Math.max(0, this.#left_ms()),
    );
  }

  /** What is to be durable first may have taken longer than there was time. */
  #isLate(): boolean {
    if (this.#left_ms() > 0) return false;
    this.#expire();
    return true;
  }

  #expire(): void {
    if (this.#last === undefined) this.#end('expired', { message: inTime });
    else this.#end('failed', failureDetails(this.#last));
  }

  /** Gives up its place. False once it has begun. */
  #stepOut(): boolean {
    if (this.hasBegun || this.open.phase === 'ending') return false;
    if (this.#leader !== undefined) {
      this.#leader.#companion = undefined;
      return true;
    }
    this.#place?.leave();
    clearTimeout(this.#hold);
    this.#hold = undefined;
    this.#handOn();
    return true;
  }

  /** Who shared its call goes on alone. */
  #handOn(): void {
    const heir = this.#companion;
    if (heir === undefined) return;
    this.#companion = undefined;
    heir.#leader = undefined;
    heir.start();
  }

  #end(status: Ending, details: EventDetails): void {
    clearTimeout(this.#expiry);
    clearTimeout(this.#hold);
    this.#options.end(this.open, status, details);
  }

  #all(): Remote[] {
    return this.#companion === undefined ? [this] : [this, this.#companion];
  }

  #sharedWith(one: Remote): Pick<EventDetails, 'shared_with'> {
    return one === this ? {} : { shared_with: this.open.record.id };
  }
}

function aftermathOf(verdict: Verdict): Aftermath {
  if (verdict.is === 'done') return 'wanted';
  return verdict.failure.outcome === 'unknown' ? 'unknown' : 'as_before';
}

function unread(reason: Failure): Failure {
  const message = `what it leaves out could not be read: ${reason.message}`;
  return { ...reason, message, sent: false };
}
