import CircuitBreaker from 'opossum';
import { utc, type Clock } from '../daemon/clock.js';
import { failure, type Failure, type FailureCode } from '../vehicle/outcome.js';
import type { Outcome } from '../vehicle/task.js';

/** The two kinds of calls, each with a breaker of its own per account. */
export const callClasses = ['read', 'wake'] as const;
export type CallClass = (typeof callClasses)[number];

export interface BreakerOptions {
  /** Consecutive failures that open it. */
  readonly failures: number;
  /** How long it stays open the first time; doubles with every further opening in a row. */
  readonly reset_ms: number;
  readonly max_reset_ms: number;
}

/** Times in epoch milliseconds. */
export type BreakerState =
  | { readonly is: 'closed'; readonly failures: number; readonly since: number }
  | {
      readonly is: 'open';
      readonly since: number;
      readonly retry_at: number;
      readonly reason: Failure;
    }
  | {
      readonly is: 'half_open';
      readonly since: number;
      readonly probing: boolean;
      readonly reason: Failure;
    };

/** Only what is the vendor's (or our own process's) fault counts; what caller, car or quota caused does not. */
const counted: Record<CallClass, ReadonlySet<FailureCode>> = {
  read: new Set(['unavailable', 'timeout', 'interrupted', 'internal']),
  wake: new Set(['unavailable']),
};

/** opossum counts what is thrown, so the failed outcome travels inside an error through it, and nowhere else. */
class FailedOutcome extends Error {
  readonly outcome: Outcome & { ok: false };
  constructor(outcome: Outcome & { ok: false }) {
    super(outcome.failure.message);
    this.outcome = outcome;
  }
}

/** A breaker on the main loop around every call of one account and class. */
export class Breaker {
  readonly #callClass: CallClass;
  readonly #circuit: CircuitBreaker<[() => Promise<Outcome>], Outcome>;
  readonly #circuitOptions: CircuitBreaker.Options;
  readonly #options: BreakerOptions;
  readonly #clock: Clock;
  readonly #onChange: (state: BreakerState) => void;
  #state: BreakerState;
  #openings = 0;
  /** Grows whenever it opens or closes: what began in another one says nothing about this one. */
  #era = 0;

  constructor(
    callClass: CallClass,
    options: BreakerOptions,
    clock: Clock,
    onChange: (state: BreakerState) => void,
  ) {
    this.#callClass = callClass;
    this.#options = options;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#state = { is: 'closed', failures: 0, since: clock.now() };
    this.#circuitOptions = {
      timeout: false,
      enableSnapshots: false,
      rollingPercentilesEnabled: false,
      // Never by percentage: that needs 21 failures after 20 successes, and only one of a call that took longer than
      // the window it is counted in. Only `open()` below opens it.
      volumeThreshold: Number.MAX_SAFE_INTEGER,
      errorFilter: (error: unknown) =>
        !(error instanceof FailedOutcome && counted[callClass].has(error.outcome.failure.code)),
    };
    this.#circuit = new CircuitBreaker(
      (call: () => Promise<Outcome>) => call(),
      this.#circuitOptions,
    );
    this.#circuit.on('failure', (error) => {
      if (error instanceof FailedOutcome) this.#failed(error.outcome.failure);
    });
    this.#circuit.on('success', () => {
      if (this.#state.is === 'closed') this.#state = { ...this.#state, failures: 0 };
    });
    this.#circuit.on('halfOpen', () => {
      this.#halfOpen();
    });
    this.#circuit.on('close', () => {
      this.#openings = 0;
      this.#era += 1;
      this.#change({ is: 'closed', failures: 0, since: this.#clock.now() });
    });
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Whether a call may leave now. */
  get allows(): boolean {
    return this.#state.is === 'closed' || (this.#state.is === 'half_open' && !this.#state.probing);
  }

  /** Seconds until the next call may leave, while it is open. */
  get retryAfter_s(): number | undefined {
    if (this.#state.is !== 'open') return undefined;
    return Math.max(1, Math.ceil((this.#state.retry_at - this.#clock.now()) / 1000));
  }

  /** What is answered to a call that may not leave. */
  get refusal(): Failure {
    const after = this.retryAfter_s;
    return failure(
      'breaker_open',
      `calls of this kind (${this.#callClass}) have failed too often in a row`,
      after === undefined ? {} : { retry_after_s: after },
    );
  }

  /** Makes the call if it `allows`; else it answers that it is open. */
  async run(call: () => Promise<Outcome>): Promise<Outcome> {
    if (!this.allows) return { ok: false, failure: this.refusal, requests: 0 };
    if (this.#state.is === 'half_open') this.#state = { ...this.#state, probing: true };
    const era = this.#era;
    return new Promise((resolve, reject) => {
      const judged = async (): Promise<Outcome> => {
        const outcome = await call();
        if (era !== this.#era) {
          resolve(outcome);
          // The circuit never hears of it.
          return new Promise(() => undefined);
        }
        if (outcome.ok) return outcome;
        throw new FailedOutcome(outcome);
      };
      this.#circuit.fire(judged).then(resolve, (error: unknown) => {
        if (error instanceof FailedOutcome) resolve(error.outcome);
        else reject(error instanceof Error ? error : new Error(String(error)));
      });
    });
  }

  reset(): void {
    if (this.#state.is === 'closed') this.#state = { ...this.#state, failures: 0 };
    else this.#circuit.close();
  }

  stop(): void {
    this.#circuit.shutdown();
  }

  #failed(reason: Failure): void {
    const state = this.#state;
    if (state.is === 'open') return;
    const failures = state.is === 'closed' ? state.failures + 1 : this.#options.failures;
    if (failures < this.#options.failures) {
      this.#state = { is: 'closed', failures, since: state.since };
      return;
    }
    this.#openings += 1;
    const reset_ms = Math.min(
      this.#options.max_reset_ms,
      this.#options.reset_ms * 2 ** (this.#openings - 1),
    );
    // opossum keeps this object and reads it anew each time it opens.
    this.#circuitOptions.resetTimeout = reset_ms;
    const since = this.#clock.now();
    this.#circuit.open();
    this.#era += 1;
    this.#change({ is: 'open', since, retry_at: since + reset_ms, reason });
  }

  #halfOpen(): void {
    if (this.#state.is !== 'open') return;
    const { reason } = this.#state;
    this.#change({ is: 'half_open', since: this.#clock.now(), probing: false, reason });
  }

  #change(state: BreakerState): void {
    this.#state = state;
    this.#onChange(state);
  }
}

/** A breaker as the bridge's state shows it (contract, section 6). */
export function breakerDocument(state: BreakerState, opensAfter: number) {
  return {
    state: state.is,
    failures: state.is === 'closed' ? state.failures : opensAfter,
    since: utc(state.since),
    retry_at: state.is === 'open' ? utc(state.retry_at) : null,
    reason: state.is === 'closed' ? null : state.reason.message,
  };
}
