import CircuitBreaker from 'opossum';
import type { Clock } from '../daemon/clock.js';
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
      // Never by percentage (that needs 21 failures after 20 successes): only `open()` below opens it.
      errorThresholdPercentage: 100,
      errorFilter: (error: unknown) =>
        !(error instanceof FailedOutcome && counted[callClass].has(error.outcome.failure.code)),
    };
    this.#circuit = new CircuitBreaker(throwing, this.#circuitOptions);
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

  /** To be called only while `allows`. */
  async run(call: () => Promise<Outcome>): Promise<Outcome> {
    if (this.#state.is === 'half_open') this.#state = { ...this.#state, probing: true };
    try {
      return await this.#circuit.fire(call);
    } catch (error) {
      if (error instanceof FailedOutcome) return error.outcome;
      throw error;
    }
  }

  reset(): void {
    this.#circuit.close();
  }

  stop(): void {
    this.#circuit.shutdown();
  }

  #failed(reason: Failure): void {
    const state = this.#state;
    if (state.is === 'open') return;
    const failures = state.is === 'closed' ? state.failures + 1 : this.#options.failures;
    if (failures < this.#options.failures) {
      this.#state = { is: 'closed', failures, since: this.#clock.now() };
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

async function throwing(call: () => Promise<Outcome>): Promise<Outcome> {
  const outcome = await call();
  if (outcome.ok) return outcome;
  throw new FailedOutcome(outcome);
}
