import { z } from 'zod';
import type { Clock } from '../daemon/clock.js';
import { pause } from '../daemon/pause.js';
import { retryDelay, retryUntilDone, type RetryPolicy } from '../daemon/retry.js';
import type { Ending } from '../vehicle/life-cycle.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import type { Outcome, Result } from '../vehicle/task.js';
import { failureDetails, type EventDetails, type OpenCommand } from './command-book.js';
import type { Hold, JobGate } from './job-gate.js';
import { JobProgress, reached, type JobDocument, type Stand } from './job-progress.js';

/** What a job needs of the book. `W` is whatever else goes to the disk with a checkpoint. */
export interface JobLife<W> {
  /** Resolves when it is durable that the job has begun: from then on it does not expire. */
  readonly begin: (open: OpenCommand) => Promise<void>;
  readonly running: (open: OpenCommand, details: EventDetails) => void;
  readonly progress: (open: OpenCommand, details: EventDetails) => void;
  readonly checkpoint: (
    open: OpenCommand,
    checkpoint: unknown,
    also?: readonly W[],
  ) => Promise<void>;
  readonly end: (open: OpenCommand, status: Ending, details: EventDetails) => void;
}

/** Long work, cut into calls. After a restart it is made anew from its command and its checkpoint. */
export interface JobWork<W> {
  readonly stand: Stand;
  /** The next call, or undefined when all is done. Rejects where the store does not answer. */
  next(): Promise<JobStep<W> | undefined>;
  /** No more calls will be made in this life. */
  rest(): void;
}

export interface JobStep<W> {
  readonly call: () => Promise<Outcome>;
  /** Takes in what came, and answers what has to be on the disk together with the checkpoint. */
  readonly take: (result: Result) => readonly W[];
  /** It is on the disk. */
  readonly kept: () => void;
}

export interface JobOptions<W> {
  readonly clock: Clock;
  readonly retry: RetryPolicy;
  readonly gate: JobGate;
  readonly life: JobLife<W>;
  /** What the bridge's state says of it has changed without a step. */
  readonly changed: () => void;
}

/** The part of a checkpoint that every job has. */
export const jobCheckpointSchema = z.object({
  attempt: z.int().positive(),
  done: z.int().nonnegative(),
  total: z.int().nonnegative(),
  /** The last call whose answer is kept. */
  last: z.string().nullable(),
});

export type JobCheckpoint = z.infer<typeof jobCheckpointSchema>;

/** Not done now, but as soon as a person or time has mended the account. */
const accountCodes: readonly string[] = ['auth_failed', 'otp_required', 'consent_required'];

type Departure = 'cancelled' | 'expired' | 'stopped';

/** One job on its way: a call at a time, each answer durable before the next, until done, cancelled or refused. */
export class Job<W> {
  readonly open: OpenCommand;
  readonly #options: JobOptions<W>;
  readonly #work: JobWork<W>;
  readonly #progress: JobProgress;
  readonly #leaving = new AbortController();
  readonly #stopping = new AbortController();
  readonly #attempt: number;
  #departure: Departure | undefined;
  #isRunning = false;
  #hold: Hold | undefined;
  #lastResult: string | null = null;

  constructor(options: JobOptions<W>, open: OpenCommand, work: JobWork<W>, attempt: number) {
    this.#options = options;
    this.open = open;
    this.#work = work;
    this.#attempt = attempt;
    this.#progress = new JobProgress(options.clock, (details) => {
      options.life.progress(open, details);
    });
  }

  /** Resolves when it has ended, or rests until the next start. Never rejects. */
  async run(): Promise<void> {
    const expiry = this.#armExpiry();
    const [status, details] = await this.#ending();
    clearTimeout(expiry);
    this.#work.rest();
    if (this.#departure === 'stopped') this.#progress.stop();
    else {
      this.#progress.flush();
      this.#options.life.end(this.open, status, {
        ...details,
        ...(this.open.record.started ? reached(this.#work.stand) : {}),
      });
    }
  }

  /** It ends before its next call. */
  cancel(): void {
    this.#leave('cancelled');
  }

  /** It rests before its next call, and goes on at the next start. */
  stop(): void {
    this.#leave('stopped');
    this.#stopping.abort();
  }

  get document(): JobDocument {
    const { record, vehicle } = this.open;
    const { phase, done, total, percent, checkpoint, reason } = this.#stand();
    return {
      id: record.id,
      command: record.command,
      vehicle,
      phase: this.#isRunning ? phase : 'waiting',
      ...{ done, total, percent, checkpoint },
      last_result: this.#lastResult,
      reason: reason ?? null,
    };
  }

  #armExpiry(): NodeJS.Timeout | undefined {
    const { record, received } = this.open;
    if (record.started) return undefined;
    const expire = (): void => {
      if (!this.#isRunning) this.#leave('expired');
    };
    const deadline = received + record.deadline - record.received_at;
    const left_ms = deadline - this.#options.clock.monotonic();
    if (left_ms > 0) return setTimeout(expire, left_ms);
    expire();
    return undefined;
  }

  async #ending(): Promise<[Ending, EventDetails]> {
    try {
      return await this.#steps();
    } catch (error) {
      const text = error instanceof Error ? error.message : 'unknown reason';
      return ['failed', failureDetails(failure('internal', `the job broke: ${text}`))];
    }
  }

  async #steps(): Promise<[Ending, EventDetails]> {
    for (;;) {
      const read = await this.#durably(async () => ({ step: await this.#work.next() }));
      if (read === undefined || this.#leaving.signal.aborted) break;
      if (read.step === undefined) return ['succeeded', {}];
      const reason = await this.#make(read.step);
      if (reason !== undefined) return ['failed', failureDetails(reason)];
    }
    return this.#departure === 'expired'
      ? ['expired', { message: 'it could not start in time' }]
      : ['cancelled', {}];
  }

  /** Makes one call, as often as it takes, and keeps its answer. Answers why that is out of the question. */
  async #make(step: JobStep<W>): Promise<Failure | undefined> {
    for (let tries = 1; ; tries += 1) {
      const outcome = await this.#inTurn(step);
      if (outcome === undefined) return undefined;
      if (outcome.ok) {
        this.#lastResult = 'succeeded';
        await this.#keep(step, outcome.result);
        return undefined;
      }
      // What the end of the daemon cut off is asked again at the next start.
      if (this.#departure === 'stopped') return undefined;
      const reason = outcome.failure;
      this.#lastResult = reason.code;
      if (!reason.retryable && !accountCodes.includes(reason.code)) return reason;
      await this.#pauseAfter(reason, tries);
    }
  }

  async #inTurn(step: JobStep<W>): Promise<Outcome | undefined> {
    const giveBack = await this.#options.gate.turn((hold) => {
      this.#pauseFor(hold);
    }, this.#leaving.signal);
    if (giveBack === undefined) return undefined;
    try {
      if (!(await this.#begin())) return undefined;
      this.#goOn();
      return await step.call();
    } finally {
      giveBack();
    }
  }

  /** Once in a life: says that it runs when that is on the disk. */
  async #begin(): Promise<boolean> {
    if (this.#isRunning) return true;
    const { life, clock } = this.#options;
    const begun = await this.#durably(async () => {
      await life.begin(this.open);
      await life.checkpoint(this.open, this.#checkpoint());
      return true;
    });
    if (begun !== true || this.#leaving.signal.aborted) return false;
    this.#isRunning = true;
    this.#hold = undefined;
    const { phase } = this.#work.stand;
    const queued_ms = Math.round(clock.monotonic() - this.open.received);
    life.running(this.open, { attempt: this.#attempt, phase, queued_ms });
    this.#progress.tell(this.#stand());
    return true;
  }

  async #keep(step: JobStep<W>, result: Result): Promise<void> {
    const also = step.take(result);
    const kept = await this.#durably(async () => {
      await this.#options.life.checkpoint(this.open, this.#checkpoint(), also);
      return true;
    });
    if (kept !== true) return;
    step.kept();
    this.#progress.tell(this.#stand());
  }

  /** Undefined only where the daemon ends first. */
  async #durably<T>(work: () => Promise<T>): Promise<T | undefined> {
    const onFailure = (error: unknown): void => {
      const message = error instanceof Error ? error.message : 'the store does not answer';
      this.#pauseFor({ reason: 'not_stored', message });
    };
    try {
      return await work();
    } catch (error) {
      onFailure(error);
    }
    const { retry } = this.#options;
    const signal = this.#stopping.signal;
    await pause(retryDelay(retry, 1) ?? retry.max_ms, signal);
    const done = await retryUntilDone(retry, work, onFailure, signal);
    if (done !== undefined) this.#goOn();
    return done;
  }

  async #pauseAfter({ code, message, retry_after_s }: Failure, tries: number): Promise<void> {
    this.#pauseFor({ reason: code, message });
    const { retry } = this.#options;
    const delay_ms = retryDelay(retry, tries) ?? retry.max_ms;
    await pause(Math.max(delay_ms, (retry_after_s ?? 0) * 1000), this.#leaving.signal);
  }

  #pauseFor(hold: Hold): void {
    if (this.#hold?.reason === hold.reason) return;
    this.#hold = hold;
    // Nothing but `accepted` is said of what has not begun.
    if (this.#isRunning) this.#progress.tell(this.#stand());
    else this.#options.changed();
  }

  #goOn(): void {
    if (this.#hold === undefined) return;
    this.#hold = undefined;
    if (this.#isRunning) this.#progress.tell(this.#stand());
  }

  #stand(): Stand {
    const { stand } = this.#work;
    return this.#hold === undefined ? stand : { ...stand, phase: 'paused', ...this.#hold };
  }

  #checkpoint(): JobCheckpoint {
    const { done, total, checkpoint } = this.#work.stand;
    return { attempt: this.#attempt, done, total, last: checkpoint };
  }

  #leave(departure: Departure): void {
    this.#departure ??= departure;
    this.#leaving.abort();
  }
}
