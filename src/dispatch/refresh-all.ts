import type { Clock } from '../daemon/clock.js';
import { pause } from '../daemon/pause.js';
import { retryDelay, retryUntilDone, type RetryPolicy } from '../daemon/retry.js';
import type { RefreshAllCommand } from '../vehicle/bridge-command.js';
import type { RefreshMode } from '../vehicle/command.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import type { OpenCommand } from './command-book.js';
import type { JobLife } from './job.js';
import type { Hold } from './job-gate.js';
import { JobProgress, reached, type JobDocument, type Stand } from './job-progress.js';
import {
  carsOf,
  endingOf,
  isDone,
  type RefreshAllCheckpoint,
  type RefreshedCar,
} from './refreshed-cars.js';

/** An account as a refresh of all cars needs it. */
export interface RefreshableAccount {
  readonly name: string;
  readonly cars: () => readonly { readonly id: string; readonly topic_id: string }[];
  /** The answer of an account that waits for a person. */
  readonly refusal: () => Failure | undefined;
  /** Resolves with true when a job may call; with false when the signal comes first. */
  readonly ready: (onHeld: (hold: Hold) => void, signal: AbortSignal) => Promise<boolean>;
  /** Whether no job may call now. */
  readonly isHeld: () => boolean;
  /**
   * A refresh behind those of people, which obeys the guards of an automatic wake. Never rejects; undefined where it
   * was given up.
   */
  readonly refreshOne: (
    vehicle: string,
    mode: RefreshMode,
    max_age_s: number | undefined,
    commandId: string,
  ) => Promise<Refreshed | undefined>;
}

/** What became of the refresh of one car. */
export type Refreshed = { readonly ok: true } | { readonly ok: false; readonly failure: Failure };

export interface RefreshAllOptions {
  readonly clock: Clock;
  readonly retry: RetryPolicy;
  readonly life: JobLife<never>;
  readonly accounts: readonly RefreshableAccount[];
  /** What the bridge's state says of it has changed without a step. */
  readonly changed: () => void;
}

/** Of the account and the moment, not of the car that was to be read. */
function isMomentary({ code }: Failure, account: RefreshableAccount): boolean {
  if (code === 'breaker_open' || code === 'not_ready') return true;
  // The guards of a car say so, too.
  return code === 'rate_limited' && account.isHeld();
}

/** One `refresh_all`: the cars of an account one after another, the accounts side by side, summed. */
export class RefreshAll {
  readonly open: OpenCommand;
  readonly #options: RefreshAllOptions;
  readonly #command: RefreshAllCommand;
  readonly #attempt: number;
  readonly #cars: RefreshedCar[];
  readonly #progress: JobProgress;
  readonly #leaving = new AbortController();
  readonly #stopping = new AbortController();
  /** Why accounts pause. */
  readonly #holds = new Map<string, Hold>();
  readonly #active = new Set<string>();
  #isCancelled = false;
  #last: string | null;
  #lastResult: string | null = null;

  constructor(
    options: RefreshAllOptions,
    open: OpenCommand,
    command: RefreshAllCommand,
    checkpoint?: RefreshAllCheckpoint,
  ) {
    this.#options = options;
    this.open = open;
    this.#command = command;
    this.#attempt = (checkpoint?.attempt ?? 0) + 1;
    this.#cars = checkpoint?.cars.map((car) => ({ ...car })) ?? carsOf(options.accounts);
    this.#last = checkpoint?.last ?? null;
    this.#progress = new JobProgress(options.clock, (details) => {
      options.life.progress(open, details);
    });
  }

  /** Resolves when it has ended, or rests until the next start. Never rejects. */
  async run(): Promise<void> {
    const { life, clock, accounts } = this.#options;
    await this.#durably(() => life.begin(this.open));
    await this.#store();
    if (!this.#stopping.signal.aborted) {
      const queued_ms = Math.round(clock.monotonic() - this.open.received);
      life.running(this.open, { attempt: this.#attempt, phase: this.#stand().phase, queued_ms });
      this.#progress.tell(this.#stand());
      await Promise.all(accounts.map((account) => this.#refresh(account)));
      this.#failGone();
    }
    if (this.#stopping.signal.aborted && !this.#isCancelled) {
      this.#progress.stop();
      return;
    }
    this.#progress.flush();
    const [status, details] = endingOf(this.#cars);
    life.end(this.open, status, { ...reached(this.#stand()), ...details });
  }

  /** It ends when the cars that are being read have answered. */
  cancel(): void {
    this.#isCancelled = true;
    this.#leaving.abort();
  }

  stop(): void {
    this.#leaving.abort();
    this.#stopping.abort();
  }

  get document(): JobDocument {
    const { record, vehicle } = this.open;
    const { phase, done, total, percent, checkpoint, reason } = this.#stand();
    return {
      id: record.id,
      command: record.command,
      vehicle,
      ...{ phase, done, total, percent, checkpoint },
      last_result: this.#lastResult,
      reason: reason ?? null,
    };
  }

  async #refresh(account: RefreshableAccount): Promise<void> {
    this.#active.add(account.name);
    for (const car of this.#cars.filter((one) => one.account === account.name && !isDone(one))) {
      const outcome = await this.#read(account, car);
      if (outcome === undefined) break;
      await this.#keep(car, outcome);
    }
    this.#active.delete(account.name);
    this.#holds.delete(account.name);
  }

  /** Undefined when it is not to be read any more in this life. */
  async #read(account: RefreshableAccount, car: RefreshedCar): Promise<Refreshed | undefined> {
    const { signal } = this.#leaving;
    for (let tries = 1; ; tries += 1) {
      const refusal = await this.#admitted(account);
      if (signal.aborted) return undefined;
      if (refusal !== undefined) return { ok: false, failure: refusal };
      const asked = this.#modeFor(car);
      if (asked === 'force') await this.#noteLeaving(car);
      this.#release(account);
      const outcome = await this.#ask(account, car, asked);
      if (outcome?.ok !== false || !isMomentary(outcome.failure, account)) return outcome;
      // A wake that may have happened is not repeated.
      if (asked === 'force' && outcome.failure.outcome !== 'unknown') car.state = 'waits';
      this.#hold(account, { reason: outcome.failure.code, message: outcome.failure.message });
      const { retry } = this.#options;
      await pause(retryDelay(retry, tries) ?? retry.max_ms, signal);
    }
  }

  /** Undefined as soon as the daemon ends: what waits in a lane then does not leave any more. */
  #ask(
    account: RefreshableAccount,
    { vehicle }: RefreshedCar,
    mode: RefreshMode,
  ): Promise<Refreshed | undefined> {
    const { max_age_s } = this.#command;
    const { signal } = this.#stopping;
    if (signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const giveUp = (): void => {
        resolve(undefined);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      void account.refreshOne(vehicle, mode, max_age_s, this.open.record.id).then((outcome) => {
        signal.removeEventListener('abort', giveUp);
        resolve(outcome);
      });
    });
  }

  /** A wake that had left before a crash is not repeated: the cloud is asked first. */
  #modeFor(car: RefreshedCar): RefreshMode {
    return car.state === 'left' ? 'smart' : this.#command.mode;
  }

  /** Resolves when it is on the disk that a wake may leave for this car. */
  async #noteLeaving(car: RefreshedCar): Promise<void> {
    car.state = 'left';
    await this.#store();
  }

  /** Waits until the account may be asked. Answers why a person has to act first. */
  async #admitted(account: RefreshableAccount): Promise<Failure | undefined> {
    const refused = new AbortController();
    const check = (): Failure | undefined => {
      const refusal = account.refusal();
      if (refusal !== undefined) refused.abort();
      return refusal;
    };
    const signal = AbortSignal.any([this.#leaving.signal, refused.signal]);
    const onHeld = (hold: Hold): void => {
      if (check() === undefined) this.#hold(account, hold);
    };
    if (check() === undefined) await account.ready(onHeld, signal);
    return account.refusal();
  }

  async #keep(car: RefreshedCar, outcome: Refreshed): Promise<void> {
    car.state = outcome.ok ? 'read' : 'failed';
    if (!outcome.ok) car.failure = outcome.failure;
    this.#last = car.topic_id;
    this.#lastResult = outcome.ok ? 'succeeded' : outcome.failure.code;
    await this.#store();
    this.#progress.tell(this.#stand());
  }

  #hold(account: RefreshableAccount, hold: Hold): void {
    if (this.#holds.get(account.name)?.reason === hold.reason) return;
    this.#holds.set(account.name, hold);
    this.#progress.tell(this.#stand());
  }

  #release(account: RefreshableAccount): void {
    if (this.#holds.delete(account.name)) this.#progress.tell(this.#stand());
  }

  /** What was stored for an account that the configuration has no more. */
  #failGone(): void {
    if (this.#leaving.signal.aborted) return;
    for (const car of this.#cars.filter((one) => !isDone(one))) {
      car.state = 'failed';
      car.failure = failure('unknown_vehicle', 'no account has this car any more');
    }
  }

  #stand(): Stand {
    const done = this.#cars.filter(isDone).length;
    const total = this.#cars.length;
    const [hold] = this.#holds.values();
    // While one account still reads, it does not pause.
    const isPaused = hold !== undefined && this.#holds.size === this.#active.size;
    return {
      phase: isPaused ? 'paused' : 'reading',
      done,
      total,
      percent: total === 0 ? 100 : Math.floor((100 * done) / total),
      checkpoint: this.#last,
      ...(isPaused ? hold : {}),
    };
  }

  #store(): Promise<unknown> {
    return this.#durably(() =>
      this.#options.life.checkpoint(this.open, {
        attempt: this.#attempt,
        last: this.#last,
        cars: structuredClone(this.#cars),
      } satisfies RefreshAllCheckpoint),
    );
  }

  async #durably(work: () => Promise<void>): Promise<void> {
    await retryUntilDone(
      this.#options.retry,
      work,
      () => {
        this.#options.changed();
      },
      this.#stopping.signal,
    );
  }
}
