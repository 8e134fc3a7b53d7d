import { timerDelay, type Clock } from '../daemon/clock.js';
import { retryDelay, type RetryPolicy } from '../daemon/retry.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import type { ListedVehicle, Outcome, Session } from '../vehicle/task.js';

/** The states of an account's session (contract, section 6). Times are epoch milliseconds. */
export type SessionState =
  | { readonly is: 'signing_in' }
  | { readonly is: 'ready'; readonly session: HeldSession }
  | { readonly is: 'unreachable'; readonly retry_at: number; readonly reason: Failure }
  | { readonly is: 'otp_required'; readonly reason: Failure }
  | { readonly is: 'refused'; readonly reason: Failure };

/** A session and which one it is: every change makes a new generation. */
export interface HeldSession {
  readonly data: Session;
  readonly generation: number;
}

/** What is kept of an account's session across restarts. A secret as a whole. */
export interface KeptSession {
  readonly session: Session | null;
  readonly generation: number;
  /** Sign-ins refused in a row. */
  readonly refusals: number;
  /** Kept while a person has to act. */
  readonly blocked: { readonly is: 'otp_required' | 'refused'; readonly reason: Failure } | null;
}

export interface SessionKeeperOptions {
  readonly clock: Clock;
  readonly retry: RetryPolicy;
  /** A `sign_in` task with the session to renew, or null for a first one. Never rejects. */
  readonly signIn: (session: Session | null) => Promise<Outcome>;
  /** Stores it durably; never rejects (it goes on trying). */
  readonly keep: (kept: KeptSession) => Promise<void>;
  readonly onVehicles: (vehicles: readonly ListedVehicle[]) => void;
  readonly onState: (state: SessionState) => void;
}

/** Vendors lock accounts: after so many refused sign-ins in a row only a person starts the next. */
const mostRefusals = 3;

/** Owns the one session of an account: one sign-in at a time, everybody else waits for it or goes on without. */
export class SessionKeeper {
  readonly #options: SessionKeeperOptions;
  #state: SessionState = { is: 'signing_in' };
  #session: Session | null = null;
  #generation = 0;
  #refusals = 0;
  #tries = 0;
  #signingIn: Promise<SessionState> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: SessionKeeperOptions, kept?: KeptSession) {
    this.#options = options;
    if (kept === undefined) return;
    this.#session = kept.session;
    this.#generation = kept.generation;
    this.#refusals = kept.refusals;
    if (kept.blocked !== null) this.#state = kept.blocked;
    else if (kept.session !== null) this.#state = this.#ready(kept.session);
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Signs in if nothing was restored and no person has to act first. */
  start(): void {
    if (this.#state.is === 'signing_in') void this.#signIn();
  }

  /** A session that the vendor no longer takes is renewed once for all who ask with that generation. */
  async renew(generation: number): Promise<SessionState> {
    if (generation < this.#generation && this.#state.is === 'ready') return this.#state;
    // A person has to act first, or the pause of the policy goes on.
    if (this.#state.is !== 'ready' && this.#state.is !== 'signing_in') return this.#state;
    return this.#signIn();
  }

  /** Takes back what a task changed. One that began with an older session is dropped. */
  async adopt(session: Session, generation: number): Promise<void> {
    if (generation !== this.#generation) return;
    this.#session = session;
    this.#generation += 1;
    if (this.#state.is === 'ready') this.#state = this.#ready(session);
    await this.#keep();
  }

  /** Nothing is tried any more; a session that still comes back is kept. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #ready(session: Session): SessionState {
    return { is: 'ready', session: { data: session, generation: this.#generation } };
  }

  #signIn(): Promise<SessionState> {
    this.#signingIn ??= this.#signInOnce().finally(() => {
      this.#signingIn = undefined;
    });
    return this.#signingIn;
  }

  async #signInOnce(): Promise<SessionState> {
    clearTimeout(this.#timer);
    this.#change({ is: 'signing_in' });
    const outcome = await this.#options.signIn(this.#session);
    if (outcome.session !== undefined) {
      this.#session = outcome.session;
      this.#generation += 1;
    }
    await (this.#stopped ? this.#keep() : this.#judge(outcome));
    return this.#state;
  }

  async #judge(outcome: Outcome): Promise<void> {
    if (outcome.ok && outcome.result.operation === 'sign_in' && this.#session !== null) {
      this.#refusals = 0;
      this.#tries = 0;
      await this.#keep();
      this.#options.onVehicles(outcome.result.vehicles);
      this.#change(this.#ready(this.#session));
      return;
    }
    const reason = outcome.ok
      ? failure('internal', 'the sign-in gave no session')
      : outcome.failure;
    switch (reason.code) {
      case 'otp_required':
        this.#change({ is: 'otp_required', reason });
        break;
      case 'consent_required':
        this.#change({ is: 'refused', reason });
        break;
      case 'auth_failed':
        this.#refusals += 1;
        if (this.#refusals >= mostRefusals) this.#change({ is: 'refused', reason });
        else this.#tryLater(reason, this.#options.retry.max_ms);
        break;
      default:
        this.#tries += 1;
        this.#tryLater(reason, this.#pause(reason));
    }
    await this.#keep();
  }

  #pause(reason: Failure): number {
    const asked_ms = (reason.retry_after_s ?? 0) * 1000;
    return Math.max(asked_ms, retryDelay(this.#options.retry, this.#tries) ?? 0);
  }

  #tryLater(reason: Failure, pause_ms: number): void {
    const retry_at = this.#options.clock.now() + pause_ms;
    this.#change({ is: 'unreachable', retry_at, reason });
    this.#timer = setTimeout(() => void this.#signIn(), timerDelay(pause_ms));
  }

  #change(state: SessionState): void {
    this.#state = state;
    this.#options.onState(state);
  }

  #keep(): Promise<void> {
    const { is } = this.#state;
    const blocked =
      is === 'otp_required' || is === 'refused' ? { is, reason: this.#state.reason } : null;
    return this.#options.keep({
      session: this.#session,
      generation: this.#generation,
      refusals: this.#refusals,
      blocked,
    });
  }
}
