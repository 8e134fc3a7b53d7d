import { timerDelay, type Clock } from '../daemon/clock.js';
import { retryDelay, type RetryPolicy } from '../daemon/retry.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import type {
  AccountOperation,
  Challenge,
  CodeMethod,
  Device,
  ListedVehicle,
  Outcome,
  Result,
  Session,
  Task,
} from '../vehicle/task.js';

/** The states of an account's session (contract, section 6). Times are epoch milliseconds. */
export type SessionState =
  | { readonly is: 'signing_in' }
  | { readonly is: 'ready'; readonly session: HeldSession }
  | { readonly is: 'unreachable'; readonly retry_at: number; readonly reason: Failure }
  | {
      readonly is: 'otp_required';
      readonly reason: Failure;
      readonly challenge: Challenge | null;
    }
  | { readonly is: 'refused'; readonly reason: Failure };

/** The states that only a person ends. */
export type BlockedState = Extract<SessionState, { is: 'otp_required' | 'refused' }>;

export function isBlocked(state: SessionState): state is BlockedState {
  return state.is === 'otp_required' || state.is === 'refused';
}

/** A session and which one it is: every change makes a new generation. */
export interface HeldSession {
  readonly data: Session;
  readonly generation: number;
}

/** What is kept of an account's session across restarts. A secret as a whole. */
export interface KeptSession {
  readonly session: Session | null;
  readonly generation: number;
  /** When the session ends for good, as an ISO time; null where nobody tells. */
  readonly expires_at: string | null;
  /** When the account last listed its cars (epoch milliseconds). */
  readonly listed_at: number;
  /** Outlives the session: a device that the vendor remembers needs no code. */
  readonly device: Device | null;
  /** Sign-ins refused in a row. */
  readonly refusals: number;
  /** Sign-ins in quick succession, whatever became of them, and when the next one may be (epoch milliseconds). */
  readonly tries: number;
  readonly next_try_at: number;
  /** How long before that moment the pause began. */
  readonly pause_ms: number;
  /** Kept while a person has to act. */
  readonly blocked: BlockedState | null;
}

export const nothingKept: KeptSession = {
  session: null,
  generation: 0,
  expires_at: null,
  listed_at: 0,
  device: null,
  refusals: 0,
  tries: 0,
  next_try_at: 0,
  pause_ms: 0,
  blocked: null,
};

/** A task about the account, as far as the keeper knows it. */
export type AccountCall = Pick<Task, 'session' | 'device' | 'method' | 'code'> & {
  readonly operation: AccountOperation;
};

export interface SessionKeeperOptions {
  readonly clock: Clock;
  readonly retry: RetryPolicy;
  /** Never rejects. */
  readonly call: (call: AccountCall) => Promise<Outcome>;
  /** Stores it durably; never rejects (it goes on trying). */
  readonly keep: (kept: KeptSession) => Promise<void>;
  readonly onVehicles: (vehicles: readonly ListedVehicle[]) => void;
  readonly onState: (state: SessionState) => void;
}

/** Vendors lock accounts: after so many refused sign-ins in a row only a person starts the next. */
const mostRefusals = 3;
/** A session that lived this long ends a row of quick sign-ins. */
const settled_ms = 10 * 60_000;
/** Vendors count requests, sign-ins most of all: pauses grow longer than towards the broker. */
const longerPause = 15;

/**
 * Owns the one session of an account: one sign-in at a time, everybody else waits for it or goes on without. The
 * spacing of sign-ins, refusals, the device and an open one-time code outlive a restart.
 */
export class SessionKeeper {
  readonly #options: SessionKeeperOptions;
  readonly #pauses: RetryPolicy;
  #state: SessionState;
  #kept: KeptSession;
  #signingIn: Promise<SessionState> | undefined;
  /** The end of the newest task about the account: there is one at a time. */
  #last: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: SessionKeeperOptions, kept: KeptSession = nothingKept) {
    this.#options = options;
    this.#pauses = { ...options.retry, max_ms: options.retry.max_ms * longerPause };
    this.#kept = kept;
    this.#state =
      kept.blocked ?? (kept.session === null ? { is: 'signing_in' } : this.#ready(kept.session));
  }

  get state(): SessionState {
    return this.#state;
  }

  /** When the session ends for good, as an ISO time; null where nobody tells. */
  get expiresAt(): string | null {
    return this.#kept.expires_at;
  }

  /** When the account last listed its cars (epoch milliseconds). */
  get listedAt(): number {
    return this.#kept.listed_at;
  }

  /** Signs in if nothing was restored and no person has to act first. */
  start(): void {
    if (this.#state.is === 'signing_in') void this.#signInWhenDue(spaced);
  }

  /** A session that the vendor no longer takes is renewed once for all who ask with that generation. */
  async renew(generation: number): Promise<SessionState> {
    if (generation < this.#kept.generation && this.#state.is === 'ready') return this.#state;
    // A person has to act first, or the pause of the policy goes on.
    if (this.#state.is !== 'ready' && this.#state.is !== 'signing_in') return this.#state;
    return this.#signInWhenDue(dropped);
  }

  /** A person wants a sign-in now, whatever has been refused before. */
  login(): Promise<SessionState> {
    this.#update({ refusals: 0, tries: 0, next_try_at: 0 });
    return this.#signIn();
  }

  /** Lists the cars anew. Answers why it could not. */
  async list(): Promise<Failure | undefined> {
    const listed =
      this.#signingIn === undefined ? await this.#inTurn(() => this.#listOnce()) : undefined;
    // A sign-in that came first lists the cars as well.
    if (listed === undefined) return whyNot(await (this.#signingIn ?? this.#state));
    const { outcome, generation } = listed;
    if (outcome.ok) return undefined;
    if (outcome.failure.code !== 'auth_failed') return outcome.failure;
    return whyNot(await this.renew(generation));
  }

  /** Lists the cars with the session there is, or with a new one at once. Answers why it could not. */
  async listOrSignIn(): Promise<Failure | undefined> {
    if (this.#state.is === 'ready') return this.list();
    // A sign-in would void the code that somebody is about to type, or be refused once more.
    return whyNot(isBlocked(this.#state) ? this.#state : await this.#signIn());
  }

  /** Asks the vendor to send a one-time code. Answers why it could not. */
  async requestCode(method: CodeMethod): Promise<Failure | undefined> {
    if (this.#state.is === 'ready') return noCodeAwaited;
    // The person acts: what stopped the account is tried anew, and may lead to a code.
    const state = await (this.#signingIn ?? this.#awaitingCode() ?? this.login());
    return state.is === 'ready' ? undefined : this.#takeCodeStep('request_code', { method });
  }

  /** Hands over the code that a person was sent. Answers why it was not taken. */
  async submitCode(code: string): Promise<Failure | undefined> {
    await this.#signingIn;
    return this.#takeCodeStep('submit_code', { code });
  }

  /** Takes back what a task changed. One that began with an older session is dropped. */
  async adopt(outcome: Outcome, generation: number): Promise<void> {
    if (this.#takeNewer(outcome, generation)) await this.#keep();
  }

  /**
   * Nothing is tried any more, and no state is told; what still comes back is kept. Resolves when the task under way
   * has ended.
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#last;
  }

  #awaitingCode(): SessionState | undefined {
    return this.#state.is === 'otp_required' ? this.#state : undefined;
  }

  #ready(session: Session): SessionState {
    return { is: 'ready', session: { data: session, generation: this.#kept.generation } };
  }

  /** Sign-ins keep their distance, across restarts too: what restarts for ever must not sign in for ever. */
  #signInWhenDue(why: Failure): Promise<SessionState> {
    if (this.#signingIn !== undefined) return this.#signingIn;
    if (this.#isStopped) return Promise.resolve(this.#state);
    if (this.#options.clock.now() - this.#kept.next_try_at > settled_ms) this.#update({ tries: 0 });
    const pause_ms = this.#pauseLeft();
    if (pause_ms <= 0) return this.#signIn();
    this.#tryLater(why, pause_ms);
    return Promise.resolve(this.#state);
  }

  #signIn(): Promise<SessionState> {
    if (this.#isStopped) return Promise.resolve(this.#state);
    this.#signingIn ??= this.#signInOnce().finally(() => {
      this.#signingIn = undefined;
    });
    return this.#signingIn;
  }

  async #signInOnce(): Promise<SessionState> {
    clearTimeout(this.#timer);
    this.#update({ tries: this.#kept.tries + 1 });
    // What the vendor asked for holds until it has answered anew.
    this.#pauseAfter(this.#kept.tries, this.#pauseLeft());
    const noted = this.#keep();
    this.#change({ is: 'signing_in' });
    // On the disk before the vendor hears of it, in case this process never hears of the answer.
    await noted;
    await this.#inTurn(async () => {
      // The code step before it has opened the session.
      if (this.#isStopped || this.#state.is === 'ready') return;
      if (this.#state.is !== 'signing_in') this.#change({ is: 'signing_in' });
      await this.#judge(await this.#call({ operation: 'sign_in' }));
    });
    return this.#state;
  }

  /** Undefined where the account is not ready. */
  async #listOnce() {
    if (this.#state.is !== 'ready') return undefined;
    const { generation } = this.#state.session;
    const outcome = await this.#call({ operation: 'list' });
    this.#takeNewer(outcome, generation);
    if (outcome.ok && outcome.result.operation === 'list') this.#listed(outcome.result.vehicles);
    await this.#keep();
    return { outcome, generation };
  }

  /** What is done about the account is done one after the other, and looks at the state when its turn comes. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const ended = this.#last.then(work);
    this.#last = ended.catch(() => undefined);
    return ended;
  }

  /** Hands over the newest session and device, and takes back the device. */
  async #call(call: Omit<AccountCall, 'session' | 'device'>): Promise<Outcome> {
    if (this.#isStopped) return { ok: false, failure: stopping, requests: 0 };
    const { session, device } = this.#kept;
    const outcome = await this.#options.call({ ...call, session, device });
    if (outcome.device !== undefined) this.#update({ device: outcome.device });
    return outcome;
  }

  async #judge(outcome: Outcome): Promise<void> {
    if (await this.#isOpened(outcome)) return;
    const reason = outcome.ok
      ? failure('internal', 'the sign-in gave no session')
      : outcome.failure;
    this.#takeSession(outcome);
    switch (reason.code) {
      case 'otp_required':
        this.#change({ is: 'otp_required', reason, challenge: challengeOf(outcome) });
        break;
      case 'consent_required':
        this.#change({ is: 'refused', reason });
        break;
      case 'auth_failed':
      case 'pin_rejected':
        this.#refused(reason);
        break;
      default:
        this.#tryAgain(reason, (reason.retry_after_s ?? 0) * 1000);
    }
    await this.#keep();
  }

  #takeCodeStep(
    operation: 'request_code' | 'submit_code',
    what: Pick<AccountCall, 'method' | 'code'>,
  ): Promise<Failure | undefined> {
    return this.#inTurn(async () => {
      const refusal = codeRefusal(this.#state, what);
      if (refusal !== undefined) return refusal;
      return this.#judgeCode(operation, await this.#call({ operation, ...what }));
    });
  }

  /** What became of a step of a one-time code. A code that was wrong leaves everything as it was. */
  async #judgeCode(operation: AccountOperation, outcome: Outcome): Promise<Failure | undefined> {
    if (await this.#isOpened(outcome)) return undefined;
    this.#takeSession(outcome);
    const reason = outcome.ok ? unlessSent(operation, outcome.result) : outcome.failure;
    const challenge = challengeOf(outcome);
    if (reason?.code === 'otp_required' && challenge !== null) {
      this.#change({ is: 'otp_required', reason, challenge });
    }
    if (reason?.code === 'consent_required') this.#change({ is: 'refused', reason });
    if (reason?.code === 'auth_failed') this.#countRefusal(reason);
    await this.#keep();
    return reason;
  }

  /** Whether the outcome opened the session: then it is on the disk before anybody uses it. */
  async #isOpened(outcome: Outcome): Promise<boolean> {
    if (!outcome.ok || outcome.result.operation !== 'sign_in') return false;
    const { session } = outcome;
    if (session === undefined) return false;
    this.#takeSession(outcome);
    this.#update({ refusals: 0 });
    // The first session that turns out to be dead is replaced at once, the next ones after a pause.
    this.#pauseAfter(this.#kept.tries - 1);
    this.#state = { is: 'signing_in' };
    this.#listed(outcome.result.vehicles);
    await this.#keep();
    this.#change(this.#ready(session));
    return true;
  }

  #takeNewer(outcome: Outcome, generation: number): boolean {
    if (outcome.session === undefined || generation !== this.#kept.generation) return false;
    this.#takeSession(outcome);
    if (this.#state.is === 'ready') this.#state = this.#ready(outcome.session);
    return true;
  }

  #takeSession({ session, session_expires_at: expires_at }: Outcome): void {
    if (session === undefined) return;
    this.#update({ session, generation: this.#kept.generation + 1 });
    if (expires_at !== undefined) this.#update({ expires_at });
  }

  #listed(vehicles: readonly ListedVehicle[]): void {
    this.#update({ listed_at: this.#options.clock.now() });
    this.#options.onVehicles(vehicles);
  }

  /** A clock that was set back must not hold the account for longer than a pause. */
  #pauseLeft(): number {
    const { next_try_at, pause_ms } = this.#kept;
    return Math.min(next_try_at - this.#options.clock.now(), pause_ms);
  }

  #pauseAfter(tries: number, least_ms = 0): number {
    const own_ms = tries > 0 ? (retryDelay(this.#pauses, tries) ?? 0) : 0;
    const pause_ms = Math.max(own_ms, least_ms);
    this.#update({ pause_ms, next_try_at: this.#options.clock.now() + pause_ms });
    return pause_ms;
  }

  #refused(reason: Failure): void {
    if (!this.#countRefusal(reason)) this.#tryAgain(reason, this.#options.retry.max_ms);
  }

  /** Whether it was the last one: then only a person goes on. */
  #countRefusal(reason: Failure): boolean {
    this.#update({ refusals: this.#kept.refusals + 1 });
    if (this.#kept.refusals < mostRefusals) return false;
    this.#change({ is: 'refused', reason });
    return true;
  }

  #tryAgain(reason: Failure, least_ms: number): void {
    this.#tryLater(reason, this.#pauseAfter(this.#kept.tries, least_ms));
  }

  #tryLater(reason: Failure, pause_ms: number): void {
    clearTimeout(this.#timer);
    const retry_at = this.#options.clock.now() + pause_ms;
    this.#change({ is: 'unreachable', retry_at, reason });
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#signInAgain(), timerDelay(pause_ms));
  }

  /** What the last try has come to may still be on its way to the disk when the pause is over. */
  async #signInAgain(): Promise<void> {
    await this.#signingIn;
    if (this.#state.is === 'unreachable') await this.#signIn();
  }

  #change(state: SessionState): void {
    this.#state = state;
    if (!this.#isStopped) this.#options.onState(state);
  }

  #update(changed: Partial<KeptSession>): void {
    this.#kept = { ...this.#kept, ...changed };
  }

  #keep(): Promise<void> {
    const blocked = isBlocked(this.#state) ? this.#state : null;
    this.#update({ blocked });
    return this.#options.keep(this.#kept);
  }
}

const spaced = failure('unavailable', 'sign-ins keep a distance, across restarts too');
const dropped = failure('unavailable', 'the vendor has dropped a session that was just opened');
const stopping = failure('interrupted', 'the bridge stops', { sent: false });
const noCodeAwaited = failure('unsupported', 'the account is ready: no one-time code is awaited');

/** Why calls of an account do not start now. */
export function reasonOf(state: Exclude<SessionState, { is: 'ready' }>): Failure {
  if (state.is === 'signing_in') return failure('unavailable', 'the account is signing in');
  return state.reason;
}

function whyNot(state: SessionState): Failure | undefined {
  return state.is === 'ready' ? undefined : reasonOf(state);
}

/** Why a step of a one-time code is not taken now. */
function codeRefusal(
  state: SessionState,
  { method }: Pick<AccountCall, 'method'>,
): Failure | undefined {
  if (state.is === 'ready') return noCodeAwaited;
  if (state.is !== 'otp_required') return reasonOf(state);
  const { methods } = state.challenge ?? {};
  if (method === undefined || methods === undefined || methods.includes(method)) return undefined;
  const offered = methods.join(', ');
  return failure('invalid_payload', `method: the vendor offers ${offered}, not ${method}`);
}

/** Of a success that opened no session only the one that sent a code is one. */
function unlessSent(operation: AccountOperation, result: Result): Failure | undefined {
  if (operation === 'request_code' && result.operation === operation) return undefined;
  return failure('internal', 'the step of the one-time code gave no session');
}

function challengeOf(outcome: Outcome): Challenge | null {
  return outcome.ok ? null : (outcome.challenge ?? null);
}
