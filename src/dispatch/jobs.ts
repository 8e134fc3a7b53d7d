import type { Clock } from '../daemon/clock.js';
import type { RetryPolicy } from '../daemon/retry.js';
import { tripsCommandSchema, type TripsCommand } from '../vehicle/remote-command.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import type { Outcome } from '../vehicle/task.js';
import type { TripMonth } from '../vehicle/trips.js';
import { failureDetails, type OpenCommand } from './command-book.js';
import { Job, jobCheckpointSchema, type JobCheckpoint, type JobLife } from './job.js';
import { JobGate, type Hold } from './job-gate.js';
import type { JobDocument } from './job-progress.js';
import { TripsWork } from './trips-job.js';

export interface JobsOptions<W> {
  readonly clock: Clock;
  readonly retry: RetryPolicy;
  readonly life: JobLife<W>;
  /** Why no job's call may leave now: account, breaker, budget. `pump` is called when that may have changed. */
  readonly mayLeave: () => Hold | undefined;
  /** One task `trips`, through breaker, session and a slot. Never rejects. */
  readonly call: (vehicle: string, period: string, commandId: string) => Promise<Outcome>;
  readonly trips: {
    month(vehicle: string, month: string): Promise<TripMonth | undefined>;
    write(vehicle: string, month: TripMonth): W;
    all(): Promise<{ readonly vehicle: string; readonly month: TripMonth }[]>;
  };
  /** Retained, on the topic of this car. */
  readonly publish: (topicId: string, month: TripMonth) => void;
  /** Undefined of a car that is not the account's any more. */
  readonly topicId: (vehicle: string) => string | undefined;
  readonly clockTrusted: () => boolean;
  /** What the bridge's state says of jobs has changed. */
  readonly changed: () => void;
}

/** The jobs of one account: a lane of their own, in which one call at a time leaves. */
export class Jobs<W> {
  /** When a call of a job may leave. */
  readonly gate: JobGate;
  readonly #options: JobsOptions<W>;
  readonly #jobs = new Map<string, Job<W>>();
  readonly #underWay = new Set<Promise<void>>();
  #isStopped = false;

  constructor(options: JobsOptions<W>) {
    this.#options = options;
    this.gate = new JobGate(options);
  }

  /** A job that was accepted. */
  start(open: OpenCommand, command: TripsCommand, vehicle: string): void {
    this.#start(open, command, vehicle, undefined);
  }

  /** A job that the journal held: it goes on behind its checkpoint, late or not once it had begun. */
  resume(open: OpenCommand): void {
    const { record } = open;
    const command = tripsCommandSchema.safeParse(record.request);
    const checkpoint = jobCheckpointSchema.safeParse(record.checkpoint);
    if (!command.success) {
      this.#fail(
        open,
        failure('internal', 'the journal holds this job in a form that is not known'),
      );
    } else if (!record.started && !this.#options.clockTrusted()) {
      this.#options.life.end(open, 'expired', { message: 'it could not start in time' });
    } else this.#start(open, command.data, record.vehicle ?? '', checkpoint.data);
  }

  /** What would be done: the calls that are known beforehand. */
  plan(command: TripsCommand): { readonly total: number } {
    const { total } = this.#work(command, '', '', undefined).stand;
    return { total };
  }

  isRunning(name: string, vehicle: string): boolean {
    return [...this.#jobs.values()].some(
      ({ open: { record } }) => record.command === name && record.vehicle === vehicle,
    );
  }

  /** Whether a job could be cancelled. */
  peek(id: string): 'ended' | 'unknown_id' {
    return this.#jobs.has(id) ? 'ended' : 'unknown_id';
  }

  /** Ends a job before its next call. */
  cancel(id: string): 'ended' | 'unknown_id' {
    this.#jobs.get(id)?.cancel();
    return this.peek(id);
  }

  get documents(): JobDocument[] {
    return [...this.#jobs.values()].map((job) => job.document);
  }

  /** Called whenever something that a call waits for may have changed. */
  pump(): void {
    this.gate.pump();
  }

  /** Publishes what has been read of every car. Rejects where the store does not answer. */
  async publishAll(): Promise<void> {
    for (const { vehicle, month } of await this.#options.trips.all()) this.#publish(vehicle, month);
  }

  /** No further call is made: what has begun goes on at the next start. Resolves when the last answer is kept. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const job of this.#jobs.values()) job.stop();
    await Promise.all(this.#underWay);
  }

  #start(
    open: OpenCommand,
    command: TripsCommand,
    vehicle: string,
    checkpoint: JobCheckpoint | undefined,
  ): void {
    if (this.#isStopped) return;
    const { id } = open.record;
    if (this.#options.topicId(vehicle) === undefined) {
      this.#fail(open, failure('unknown_vehicle', 'the account has this car no more'));
      return;
    }
    // Two that came together were both accepted.
    if (this.isRunning(command.name, vehicle)) {
      this.#fail(open, failure('busy', 'such a job of this car runs already'));
      return;
    }
    const { clock, retry, life, changed } = this.#options;
    const work = this.#work(command, vehicle, id, checkpoint);
    const options = { clock, retry, life: this.#untilEnd(life), changed, gate: this.gate };
    const job = new Job(options, open, work, (checkpoint?.attempt ?? 0) + 1);
    this.#jobs.set(id, job);
    const run = job.run();
    this.#underWay.add(run);
    void run.finally(() => this.#underWay.delete(run));
  }

  /** One that ends is gone before that is said: whoever hears of it can start the next one. */
  #untilEnd(life: JobLife<W>): JobLife<W> {
    return {
      ...life,
      end: (open, status, details) => {
        this.#jobs.delete(open.record.id);
        life.end(open, status, details);
      },
    };
  }

  #work(
    command: TripsCommand,
    vehicle: string,
    commandId: string,
    checkpoint: JobCheckpoint | undefined,
  ): TripsWork<W> {
    const { clock, call, trips } = this.#options;
    const options = {
      clock,
      call: (period: string) => call(vehicle, period, commandId),
      stored: (month: string) => trips.month(vehicle, month),
      write: (month: TripMonth) => trips.write(vehicle, month),
      publish: (month: TripMonth) => {
        this.#publish(vehicle, month);
      },
    };
    return new TripsWork(options, command, checkpoint);
  }

  #publish(vehicle: string, month: TripMonth): void {
    const topicId = this.#options.topicId(vehicle);
    if (topicId !== undefined) this.#options.publish(topicId, month);
  }

  #fail(open: OpenCommand, reason: Failure): void {
    this.#options.life.end(open, 'failed', failureDetails(reason));
  }
}
