import { timerDelay, utc, type Clock } from '../daemon/clock.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import type { Operation, Outcome } from '../vehicle/task.js';

/** What the vendor is asked on one day (UTC, `2026-11-22`), and until when it wants nothing more. */
export interface Usage {
  readonly day: string;
  /** Of what the limit counts. */
  readonly used: number;
  /** The part of it that polls have used. */
  readonly polled: number;
  /** The vendor's own limit holds until then (epoch milliseconds). */
  readonly blocked_until: number | null;
  /** Daily limits in a row without an answer between them. */
  readonly refusals: number;
}

/** A vendor's limit as far as it is known. */
export interface VendorLimit {
  /** A day; null where no figure is known. */
  readonly daily: number | null;
  /** Every request, or only wakes and remote commands, each once. */
  readonly counts: 'requests' | 'remote';
}

/** `reserve`: what is left is kept for people. `blocked`: the vendor's own limit, nothing is sent. */
export type BudgetState = 'ok' | 'reserve' | 'blocked';

export interface BudgetOptions {
  readonly clock: Clock;
  readonly limit: VendorLimit;
  readonly reserve_percent: number;
  /** Of the store. */
  readonly kept: Usage | undefined;
  /** What a crash may forget. */
  readonly keepLater: (usage: Usage) => void;
  /** The vendor's limit: what must outlive a crash. Never rejects. */
  readonly keep: (usage: Usage) => void;
  readonly onChange: (state: BudgetState) => void;
  readonly random?: () => number;
}

const day_ms = 86_400_000;
const hour_ms = 3_600_000;
/** A thousand bridges must not come back in the same second. */
const spread_ms = 10 * 60_000;
const longestBlock_ms = day_ms + spread_ms;
/** A day's limit that is met again so soon was not reset at midnight (UTC): when it is, trying has to tell. */
const sameLimit_ms = 6 * hour_ms;
/** Of the daily limit, what polls may use by themselves. */
const shareOfPolls = 0.5;

const nothingUsed: Usage = { day: '', used: 0, polled: 0, blocked_until: null, refusals: 0 };

/** What one account may ask of its vendor: counts, keeps a reserve for people, and obeys the vendor's own limit. */
export class Budget {
  readonly #options: BudgetOptions;
  readonly #random: () => number;
  #usage: Usage;
  /** Monotonic end of the block: a clock that was set back must not lengthen it. */
  #blockEnds: number;
  #told: BudgetState;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: BudgetOptions) {
    const { clock, kept, random = Math.random } = options;
    this.#options = options;
    this.#random = random;
    this.#usage = { ...nothingUsed, ...kept };
    const left_ms = (this.#usage.blocked_until ?? 0) - clock.now();
    this.#blockEnds = clock.monotonic() + Math.min(longestBlock_ms, left_ms);
    // It was learnt by a clock that ran ahead.
    if (left_ms > longestBlock_ms) this.#endBlockIn(longestBlock_ms);
    this.#told = this.state;
    this.#arm();
  }

  get state(): BudgetState {
    if (this.isBlocked) return 'blocked';
    return this.isReserved ? 'reserve' : 'ok';
  }

  /** The vendor's own limit holds: nothing is sent, whoever asks. */
  get isBlocked(): boolean {
    return this.#blockLeft_ms() > 0;
  }

  /** What is left is kept for people. */
  get isReserved(): boolean {
    const { daily } = this.#options.limit;
    const reserve = ((daily ?? 0) * this.#options.reserve_percent) / 100;
    return daily !== null && daily - this.#used() <= reserve;
  }

  /** What is answered to whatever would be sent; undefined while it may be. */
  get refusal(): Failure | undefined {
    const left_ms = this.#blockLeft_ms();
    if (left_ms <= 0) return undefined;
    return failure('rate_limited', "the maker's own limit of requests is reached", {
      sent: false,
      retry_after_s: Math.ceil(left_ms / 1000),
    });
  }

  /** Why nothing but people may use it now; undefined while anything may. */
  get reserveRefusal(): Failure | undefined {
    if (!this.isReserved) return this.refusal;
    return failure('rate_limited', 'what is left of the daily budget is kept for people', {
      sent: false,
      retry_after_s: Math.ceil((this.#resetsAt() - this.#options.clock.now()) / 1000),
    });
  }

  /** Why the bridge may not even read by itself now; undefined while it may. */
  get readRefusal(): Failure | undefined {
    return this.#options.limit.counts === 'requests' ? this.reserveRefusal : this.refusal;
  }

  /** What polls may still use today; null where nothing limits them. */
  get pollsLeft(): number | null {
    const { daily, counts } = this.#options.limit;
    if (daily === null || counts === 'remote') return null;
    return Math.max(0, daily * shareOfPolls - this.#today().polled);
  }

  /** Milliseconds until the count begins anew. */
  get resetsIn_ms(): number {
    return this.#resetsAt() - this.#options.clock.now();
  }

  /** A request left, of a task of this operation, the so many'th of its attempt. */
  requestSent(operation: Operation | undefined, nth: number): void {
    const { counts } = this.#options.limit;
    const isRemote = operation === 'force' || operation === 'command';
    if (counts === 'remote' && !(isRemote && nth === 1)) return;
    this.#set({ ...this.#today(), used: this.#used() + 1 });
    this.#tell();
  }

  /** A poll has used so many requests: they were counted as they left. */
  polled(requests: number): void {
    const today = this.#today();
    this.#set({ ...today, polled: today.polled + requests });
  }

  /** What came back from the vendor. A limit that it names is obeyed; answers the outcome with how long that takes. */
  returned(outcome: Outcome): Outcome {
    if (outcome.ok) this.#answered();
    else if (outcome.failure.code === 'rate_limited') {
      this.#limited(outcome.failure.retry_after_s);
      const retry_after_s = Math.ceil(this.#blockLeft_ms() / 1000);
      return { ...outcome, failure: { ...outcome.failure, retry_after_s } };
    }
    return outcome;
  }

  /** As the bridge's state shows it (contract, section 6). */
  document() {
    const { daily } = this.#options.limit;
    const { isBlocked, state } = this;
    const until = this.#blockedUntil();
    const left = daily === null ? null : Math.max(0, daily - this.#used());
    return {
      used: this.#used(),
      left: isBlocked ? 0 : left,
      limit: daily,
      resets_at: utc(isBlocked ? until : this.#resetsAt()),
      state,
      blocked_until: isBlocked ? utc(until) : null,
    };
  }

  /** What comes back from now on is still counted, and told to nobody later. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #limited(retry_after_s: number | undefined): void {
    const { clock, keep } = this.#options;
    const now = clock.now();
    const wasBlocked = this.isBlocked;
    // Several calls may come back with the same news.
    if (retry_after_s === undefined && wasBlocked) return;
    const isAgain =
      this.#usage.refusals > 0 && now - (this.#usage.blocked_until ?? 0) < sameLimit_ms;
    const refusals = retry_after_s === undefined ? (isAgain ? this.#usage.refusals + 1 : 1) : 0;
    const pause_ms =
      retry_after_s === undefined
        ? this.#pauseOfDay(refusals)
        : Math.min(day_ms, Math.max(1000, retry_after_s * 1000));
    if (pause_ms <= this.#blockLeft_ms()) return;
    this.#blockEnds = clock.monotonic() + pause_ms;
    this.#usage = { ...this.#today(), blocked_until: now + pause_ms, refusals };
    keep(this.#usage);
    this.#tell();
  }

  /** Until the next day; where that was not the end of it, an hour, then two, then four. */
  #pauseOfDay(refusals: number): number {
    const untilReset_ms = this.resetsIn_ms + this.#random() * spread_ms;
    return refusals <= 1 ? untilReset_ms : Math.min(untilReset_ms, hour_ms * 2 ** (refusals - 2));
  }

  #answered(): void {
    if (this.#usage.refusals > 0 && !this.isBlocked) this.#set({ ...this.#today(), refusals: 0 });
  }

  #blockLeft_ms(): number {
    const { clock } = this.#options;
    const byClock_ms = (this.#usage.blocked_until ?? 0) - clock.now();
    return Math.min(byClock_ms, this.#blockEnds - clock.monotonic());
  }

  /** By the wall clock as it goes now. That the two clocks differ by a little is not shown. */
  #blockedUntil(): number {
    const { clock } = this.#options;
    const end = clock.now() + this.#blockEnds - clock.monotonic();
    return Math.min(this.#usage.blocked_until ?? 0, Math.ceil(end / 1000) * 1000);
  }

  #endBlockIn(left_ms: number): void {
    this.#set({ ...this.#usage, blocked_until: this.#options.clock.now() + left_ms });
  }

  #set(usage: Usage): void {
    this.#usage = usage;
    this.#options.keepLater(usage);
  }

  #tell(): void {
    const { state } = this;
    const isNew = state !== this.#told;
    const isOver = isNew && this.#told === 'blocked';
    // Where the wall clock was set back, the next start must not take it up again.
    if (isOver && (this.#usage.blocked_until ?? 0) > this.#options.clock.now()) this.#endBlockIn(0);
    this.#told = state;
    this.#arm();
    if (isNew) this.#options.onChange(state);
  }

  /** A state that ends by itself is told then. */
  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#told === 'ok' || this.#isStopped) return;
    const left_ms = this.#told === 'blocked' ? this.#blockLeft_ms() : this.resetsIn_ms;
    this.#timer = setTimeout(
      () => {
        this.#tell();
      },
      timerDelay(Math.max(1, left_ms)),
    );
  }

  #used(): number {
    return this.#today().used;
  }

  #today(): Usage {
    const day = utc(this.#options.clock.now()).slice(0, 10);
    return this.#usage.day === day ? this.#usage : { ...this.#usage, day, used: 0, polled: 0 };
  }

  #resetsAt(): number {
    return (Math.floor(this.#options.clock.now() / day_ms) + 1) * day_ms;
  }
}
