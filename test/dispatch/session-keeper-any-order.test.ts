import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import {
  isBlocked,
  SessionKeeper,
  type AccountCall,
  type KeptSession,
} from '../../src/dispatch/session-keeper.js';
import type { Outcome, Result } from '../../src/vehicle/task.js';
import { settle, useFakeClock } from './fake-clock.js';
import { aFailure, later } from './outcomes.js';

const clock = useFakeClock();
const retry = { initial_ms: 1000, factor: 2, max_ms: 60_000, jitter: 0 };
const hour_ms = 3_600_000;
const minute_ms = 60_000;
/** With pauses of 0, 1, 2, 4, 8, 16 and 32 seconds. */
const mostSignInsInAMinute = 8;

const answers = [
  ...(['opens', 'opens', 'sends', 'no session', 'auth_failed', 'pin_rejected'] as const),
  ...(['otp_required', 'wrong code', 'consent_required', 'unavailable', 'timeout'] as const),
  ...(['rate_limited', 'internal', 'interrupted'] as const),
];
type Answer = (typeof answers)[number];

/** What can happen to a keeper, in any order. */
type Step =
  | {
      readonly is: 'answer';
      readonly answer: Answer;
      readonly device: boolean;
      readonly session: boolean;
    }
  | { readonly is: 'wait'; readonly time_ms: number }
  | { readonly is: 'refuse it until the next try' }
  | { readonly is: 'restart' | 'kill' }
  | { readonly is: 'login' | 'ask for a code' | 'hand over a code' | 'list' | 'list or sign in' }
  | { readonly is: 'find the session dead' | 'find an older session dead' | 'rotate the token' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      is: fc.constant('answer' as const),
      answer: fc.constantFrom(...answers),
      device: fc.boolean(),
      session: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      is: fc.constant('wait' as const),
      time_ms: fc.constantFrom(0, 900, 1000, 7000, minute_ms, 11 * minute_ms, hour_ms),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ is: 'refuse it until the next try' as const }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constantFrom('restart' as const, 'kill' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      is: fc.constantFrom(
        'find the session dead' as const,
        'find an older session dead' as const,
        'rotate the token' as const,
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      is: fc.constantFrom(
        'login' as const,
        'ask for a code' as const,
        'hand over a code' as const,
        'list' as const,
        'list or sign in' as const,
      ),
    }),
  },
);

/** An account, its vendor and whoever uses it, with an eye on all that must never be. */
class Life {
  readonly faults: string[] = [];
  #keeper: SessionKeeper;
  #kept: KeptSession | undefined;
  #pending: { call: AccountCall; answer: (outcome: Outcome) => void } | undefined;
  /** Which keeper the events are of: nothing of one that was killed counts. */
  #start = 0;
  #promises: Promise<unknown>[] = [];
  #made = 0;
  #device: unknown = null;
  #generation = 0;
  #refusedInARow = 0;
  #waitsForAPerson = false;
  #isAskedFor = false;
  #notBefore = 0;
  #signIns: number[] = [];

  constructor() {
    this.#keeper = this.#newKeeper();
  }

  async take(step: Step): Promise<void> {
    switch (step.is) {
      case 'answer':
        await this.#answer(step.answer, step);
        break;
      case 'wait':
        await vi.advanceTimersByTimeAsync(step.time_ms);
        break;
      case 'refuse it until the next try':
        await this.#answer('auth_failed', { device: false, session: false });
        await vi.advanceTimersByTimeAsync(minute_ms);
        break;
      case 'restart': {
        const ended = this.#keeper.stop();
        await settle();
        await this.#answer('interrupted', { device: false, session: false });
        await ended;
        await this.#expectSettled();
        this.#keeper = this.#newKeeper();
        break;
      }
      case 'kill':
        this.#start += 1;
        void this.#keeper.stop();
        this.#pending = undefined;
        this.#promises = [];
        this.#keeper = this.#newKeeper();
        break;
      case 'login':
        this.#personActs();
        this.#promises.push(this.#keeper.login());
        break;
      case 'ask for a code':
        if (!['ready', 'otp_required'].includes(this.#keeper.state.is)) this.#personActs();
        this.#promises.push(this.#keeper.requestCode('email'));
        break;
      case 'hand over a code':
        this.#promises.push(this.#keeper.submitCode('123456'));
        break;
      case 'list':
        this.#promises.push(this.#keeper.list());
        break;
      case 'list or sign in':
        // Somebody at a terminal: it need not wait, but what was refused stays refused.
        if (!isBlocked(this.#keeper.state)) this.#isAskedFor = true;
        this.#promises.push(this.#keeper.listOrSignIn());
        break;
      case 'find the session dead':
        this.#promises.push(this.#keeper.renew(this.#generation));
        break;
      case 'find an older session dead':
        this.#promises.push(this.#keeper.renew(this.#generation - 1));
        break;
      case 'rotate the token':
        this.#promises.push(
          this.#keeper.adopt(
            { ...aFailure('unavailable'), session: this.#new() },
            this.#generation,
          ),
        );
        break;
    }
    await settle();
    this.#look();
  }

  /** The vendor works from now on. */
  async end(): Promise<void> {
    for (let time = 0; time < 200 && !this.#isSettled(); time += 1) {
      await this.#answer('opens', { device: false, session: true });
      await vi.advanceTimersByTimeAsync(15 * minute_ms);
    }
    if (!this.#isSettled()) this.faults.push(`it stays ${this.#keeper.state.is}`);
    if (isBlocked(this.#keeper.state)) {
      this.#personActs();
      const signedIn = this.#keeper.login();
      await settle();
      await this.#answer('opens', { device: false, session: true });
      if ((await signedIn).is !== 'ready') this.faults.push('a person cannot sign in');
    }
    await this.#expectSettled();
    void this.#keeper.stop();
  }

  #isSettled(): boolean {
    const { state } = this.#keeper;
    return this.#pending === undefined && (state.is === 'ready' || isBlocked(state));
  }

  #newKeeper(): SessionKeeper {
    const start = this.#start;
    const ifAlive = (act: () => void): void => {
      if (start === this.#start) act();
    };
    const keeper = new SessionKeeper(
      {
        clock,
        retry,
        call: (call) => {
          this.#noteCall(call);
          const answered = later<Outcome>();
          if (this.#pending !== undefined) this.faults.push('two tasks at once');
          this.#pending = { call, answer: answered.keep };
          return answered.promise;
        },
        keep: (kept) => {
          ifAlive(() => {
            this.#kept = structuredClone(kept);
          });
          return Promise.resolve();
        },
        onVehicles: () => undefined,
        onState: (state) => {
          ifAlive(() => {
            if (isBlocked(state)) this.#waitsForAPerson = true;
            if (state.is === 'ready') this.#waitsForAPerson = false;
          });
        },
      },
      this.#kept,
    );
    this.#isAskedFor = false;
    this.#waitsForAPerson = isBlocked(keeper.state);
    keeper.start();
    return keeper;
  }

  #noteCall({ operation, device }: AccountCall): void {
    const now = clock.now();
    if (JSON.stringify(device) !== JSON.stringify(this.#device)) this.faults.push('another device');
    if (operation !== 'sign_in') return;
    if (this.#keeper.state.is !== 'signing_in')
      this.faults.push(`a sign-in while ${this.#keeper.state.is}`);
    if (this.#refusedInARow >= 3) this.faults.push('a fourth refused sign-in');
    if (this.#isAskedFor) {
      // The vendor is asked anew, and what it answers then counts.
      [this.#isAskedFor, this.#waitsForAPerson, this.#notBefore] = [false, false, 0];
      return;
    }
    if (this.#waitsForAPerson) this.faults.push('a sign-in while a person has to act');
    if (now < this.#notBefore) this.faults.push('a sign-in before its time');
    this.#signIns = [...this.#signIns.filter((at) => now - at < minute_ms), now];
    if (this.#signIns.length > mostSignInsInAMinute) this.faults.push('too many sign-ins');
  }

  #personActs(): void {
    this.#refusedInARow = 0;
    this.#waitsForAPerson = false;
    this.#isAskedFor = true;
    this.#notBefore = 0;
    this.#signIns = [];
  }

  async #answer(
    answer: Answer,
    { device, session }: { device: boolean; session: boolean },
  ): Promise<void> {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    const { operation } = pending.call;
    const isRefusal = answer === 'auth_failed' || answer === 'pin_rejected';
    if (operation === 'sign_in' && isRefusal) this.#refusedInARow += 1;
    const outcome = this.#outcome(answer, operation);
    const opened =
      outcome.ok && outcome.result.operation === 'sign_in' && outcome.session !== undefined;
    if (opened) [this.#refusedInARow, this.#notBefore] = [0, 0];
    if (operation === 'sign_in' && answer === 'rate_limited') {
      this.#notBefore = clock.now() + 2 * hour_ms;
    }
    const changed = device ? { device: this.#new() } : {};
    if (device) this.#device = changed.device;
    const rotated = session && !outcome.ok ? { session: this.#new() } : {};
    pending.answer({ ...outcome, ...changed, ...rotated });
    await settle();
  }

  #outcome(answer: Answer, operation: AccountCall['operation']): Outcome {
    const opened: Result = { operation: 'sign_in', vehicles: [] };
    const sent: Result = { operation: 'request_code', method: 'email' };
    const success = (result: Result): Outcome => ({ ok: true, result, requests: 1 });
    switch (answer) {
      case 'opens':
        return operation === 'list'
          ? success({ operation, vehicles: [] })
          : { ...success(opened), session: this.#new() };
      case 'sends':
        return success(sent);
      case 'no session':
        return success(opened);
      case 'otp_required': {
        const challenge = { methods: ['email' as const], email: null, sms: null };
        return { ...aFailure('otp_required'), challenge };
      }
      case 'wrong code':
        return aFailure('otp_required');
      case 'rate_limited':
        return aFailure(answer, { retry_after_s: 7200 });
      default:
        return aFailure(answer);
    }
  }

  #new(): Record<string, unknown> {
    return { made: (this.#made += 1) };
  }

  #look(): void {
    const { state } = this.#keeper;
    const held = state.is === 'ready' ? state.session.generation : (this.#kept?.generation ?? 0);
    if (held < this.#generation) this.faults.push('an older generation');
    this.#generation = held;
    // Until a sign-in that a person began has ended, what was before is what a crash leaves.
    if (state.is === 'signing_in' || this.#kept === undefined) return;
    if (isBlocked(state) !== (this.#kept.blocked !== null)) {
      this.faults.push(`${state.is}, and kept as ${this.#kept.blocked?.is ?? 'free'}`);
    }
  }

  async #expectSettled(): Promise<void> {
    const open = new Set(this.#promises);
    for (const one of open) void one.finally(() => open.delete(one));
    await settle();
    if (open.size > 0) this.faults.push('somebody is not answered');
    this.#promises = [];
  }
}

test(
  'whatever happens in whatever order: spaced sign-ins, three refusals, one task, one device',
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), async (steps) => {
        const life = new Life();
        await settle();
        for (const one of steps) await life.take(one);
        await life.end();
        expect(life.faults).toEqual([]);
      }),
      { numRuns: 500 },
    );
  },
);
