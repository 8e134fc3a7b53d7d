import { v7 as uuidv7 } from 'uuid';
import { utc, type Clock } from '../daemon/clock.js';
import type { ExpiryKey, RefreshCommand } from '../vehicle/command.js';
import type { CommandSource } from '../vehicle/command-source.js';
import type { JournalRecord, ResponseAddress } from '../vehicle/journal-record.js';
import type { KnownVehicle } from '../vehicle/known-vehicle.js';
import type { Ending, LifeCycleEvent } from '../vehicle/life-cycle.js';
import { failure, wellKnown, type Failure } from '../vehicle/outcome.js';
import type { CarCommand } from '../vehicle/permission.js';
import type { RemoteActionName } from '../vehicle/remote-action.js';
import { remoteCommandSchema, type TripsCommand } from '../vehicle/remote-command.js';
import {
  admit,
  expiryKey,
  firstOperation,
  isRemote,
  parseIncoming,
  rejected,
  type CarLimits,
  type Incoming,
  type Refusal,
  type Wellformed,
} from './admission.js';
import { ArrivalOrder } from './arrival-order.js';
import type { Breaker, CallClass } from './breaker.js';
import {
  failureDetails,
  type CommandBook,
  type EventDetails,
  type OpenCommand,
} from './command-book.js';
import type { CommandRate } from './command-rate.js';
import { laneOf, type Dispatcher } from './dispatcher.js';
import { admitOnce } from './known-id.js';
import { RefreshCommands } from './refresh-commands.js';
import type { RefreshGuard, RefreshOptions } from './refresh.js';
import { refusalEvent } from './refusal-event.js';
import { RemoteCommands, type RemoteCommandsOptions } from './remote-commands.js';
import { resumptionOf } from './resumption.js';
import type { WaitingCount } from './waiting-count.js';

export interface AdmissionsOptions<W> {
  readonly clock: Clock;
  readonly book: CommandBook<W>;
  readonly dispatcher: Dispatcher;
  readonly waiting: WaitingCount;
  readonly breakers: Readonly<Record<CallClass, Breaker>>;
  /** Who may wake a car. */
  readonly guard: RefreshGuard;
  /** The vendor's own limit: the answer to whatever would be sent while it holds. */
  readonly vendorLimit: () => Failure | undefined;
  readonly defaultMaxAge_s: number;
  readonly queuePerVehicle: number;
  /** Milliseconds by name, mode or value. */
  readonly expiresIn_ms: Readonly<Record<ExpiryKey, number>>;
  readonly limitsOf: (vehicle: string) => CarLimits;
  readonly rate: CommandRate;
  readonly jobs: JobLane;
  readonly remote: Pick<
    RemoteCommandsOptions,
    'cars' | 'confirmation' | 'sendRest' | 'mayStartClimate' | 'readSoon'
  >;
  /** What a command that may have been sent before a crash would have changed is not known any more. */
  readonly onUnknown: (vehicle: string, action: RemoteActionName, since: number) => void;
  readonly clockTrusted: () => boolean;
  /** The answer of an account that waits for a person. */
  readonly accountRefusal: () => Failure | undefined;
  readonly reportedAt: (vehicle: string) => number | undefined;
  readonly topicId: (vehicle: string) => string | undefined;
  /** Publishes an event that is no part of any life cycle. */
  readonly reject: (
    event: LifeCycleEvent,
    response: ResponseAddress | undefined,
    source: CommandSource | undefined,
  ) => void;
}

/** What admission is told of the commands it has let in. */
type Steps = Pick<RefreshOptions, 'running' | 'waiting' | 'end'>;

/** Long reads, in a lane of their own. */
export interface JobLane {
  /** What would be done, as far as it is known beforehand. */
  plan(command: TripsCommand): { readonly total: number };
  start(open: OpenCommand, command: TripsCommand, vehicle: string): void;
  resume(open: OpenCommand): void;
  isRunning(name: 'trips', vehicle: string): boolean;
  peek(id: string): 'ended' | 'too_late' | 'unknown_id';
  cancel(id: string): 'ended' | 'too_late' | 'unknown_id';
}

/** A command for a car of this account, with what only the broker's edge knows. */
export interface ForVehicle<W> extends Incoming {
  readonly car: KnownVehicle;
  readonly response: ResponseAddress | undefined;
  readonly source?: CommandSource;
  /** Goes into the journal's batch: the packet that brought it. */
  readonly also: readonly W[];
}

/** Takes commands in, from the first check to the lanes, and out again if they never start. */
export class Admissions<W> {
  readonly #options: AdmissionsOptions<W>;
  readonly #refreshes: RefreshCommands;
  readonly #remotes: RemoteCommands;
  /** Cars whose trips are being accepted. */
  readonly #acceptingTrips = new Set<string>();
  readonly #arrivals = new ArrivalOrder();
  #isStopped = false;

  constructor(options: AdmissionsOptions<W>) {
    this.#options = options;
    const steps: Steps = {
      running: (open, details) => {
        this.#running(open, details);
      },
      waiting: (open) => {
        this.#waitsAgain(open);
      },
      end: (open, status, details) => {
        this.#end(open, status, details);
      },
    };
    this.#refreshes = new RefreshCommands({
      ...steps,
      clock: options.clock,
      defaultMaxAge_s: options.defaultMaxAge_s,
      lanes: options.dispatcher,
      reportedAt: options.reportedAt,
      guard: options.guard,
    });
    this.#remotes = new RemoteCommands({
      ...options.remote,
      ...steps,
      clock: options.clock,
      lanes: options.dispatcher,
      refusal: () => {
        const { accountRefusal, breakers, vendorLimit } = options;
        const { wake } = breakers;
        const open = wake.state.is === 'open' ? wake.refusal : undefined;
        return accountRefusal() ?? vendorLimit() ?? open;
      },
      confirming: (open, details) => {
        options.book.say(open, 'confirming', details);
      },
    });
  }

  /** Resolves when the packet may be acknowledged: the command is on the disk, or was refused. Never rejects. */
  async handle(incoming: ForVehicle<W>): Promise<void> {
    const vehicle = incoming.car.listed.id;
    const { capabilities } = this.#options.limitsOf(vehicle);
    const wellformed = parseIncoming(incoming, vehicle, capabilities);
    if ('status' in wellformed) {
      this.#refuse(incoming, wellformed);
      return;
    }
    const { id } = wellformed.request;
    // An `unlock` whose id has to be looked up must not come behind the `lock` that was sent after it.
    const { turn, pass } = this.#arrivals.enter(vehicle);
    await admitOnce(this.#options.book, id, wellformed.fingerprint, {
      response: incoming.response,
      onReplayed: incoming.onAnswer,
      admit: async () => {
        if (turn !== undefined) await turn;
        const admitting = this.#admit(incoming, wellformed);
        pass();
        await admitting;
      },
      refuse: (reason) => {
        this.#refuse(incoming, rejected(reason, id === undefined ? {} : { id }));
      },
    });
    void turn?.then(pass);
    if (turn === undefined) pass();
  }

  /** Takes up what the journal held: what may still run waits again, the rest ends. */
  restore(open: readonly JournalRecord[], remembered: readonly JournalRecord[]): void {
    const commands = open.map((record) => this.#reopened(record));
    this.#options.book.restore(commands, remembered);
    const byArrival = [...remembered, ...open].sort(
      (one, other) => one.received_at - other.received_at,
    );
    for (const record of byArrival) this.#noteRate(record);
    for (const command of commands) this.#resume(command);
  }

  /** Ends a command that has not started. */
  leave(id: string, status: Ending, details: EventDetails): 'ended' | 'too_late' | 'unknown_id' {
    const refresh = this.#refreshes.leave(id, status, details);
    return refresh === 'unknown_id' ? this.#remotes.leave(id, status, details) : refresh;
  }

  /** Ends a command that has not started, or a job wherever it is. */
  cancel(id: string): 'ended' | 'too_late' | 'unknown_id' {
    const job = this.#options.jobs.cancel(id);
    return job === 'unknown_id' ? this.leave(id, 'cancelled', {}) : job;
  }

  /** Resolves when no command of this id is just being stored: before that, it cannot be found. */
  settled(id: string): Promise<void> {
    return this.#options.book.settled(id);
  }

  /** Whether `cancel` would find a command that can still be ended. */
  peek(id: string): 'ended' | 'too_late' | 'unknown_id' {
    const job = this.#options.jobs.peek(id);
    if (job !== 'unknown_id') return job;
    const refresh = this.#refreshes.peek(id);
    return refresh === 'unknown_id' ? this.#remotes.peek(id) : refresh;
  }

  /** Ids of the commands that have not started. */
  get waitingIds(): string[] {
    return [...this.#options.book.open.values()]
      .filter((open) => open.phase === 'waiting')
      .map((open) => open.record.id);
  }

  /** Monotonic time at which the oldest command that waits came in. */
  get oldestWaiting(): number | undefined {
    const received = [...this.#options.book.open.values()]
      .filter((open) => open.phase === 'waiting')
      .map((open) => open.received);
    return received.length === 0 ? undefined : Math.min(...received);
  }

  /** Remote commands that wait end: they are not taken up at the next start. */
  endWaitingRemotes(): void {
    const reason = failure('interrupted', 'the bridge was stopped before this was sent');
    this.#remotes.endWaiting(failureDetails(reason));
  }

  /** No command starts or expires any more: what is open goes on at the next start. */
  stop(): void {
    this.#isStopped = true;
    this.#refreshes.stop();
    this.#remotes.stop();
  }

  async #admit(incoming: ForVehicle<W>, wellformed: Wellformed): Promise<void> {
    const { clock, waiting } = this.#options;
    const vehicle = incoming.car.listed.id;
    const admitted = admit(
      wellformed,
      incoming,
      {
        ...this.#options.limitsOf(vehicle),
        expiresIn_s: (command) => this.#options.expiresIn_ms[expiryKey(command)] / 1000,
        queuePerVehicle: this.#options.queuePerVehicle,
      },
      {
        clock,
        clockTrusted: this.#options.clockTrusted(),
        accountRefusal: this.#options.accountRefusal(),
        guardRefusal: (command) => this.#guardRefusal(command, vehicle),
        breakerRefusal: (command) => this.#breakerRefusal(command, vehicle),
        waitingOfVehicle: waiting.of(vehicle),
        queueFull: waiting.isFull,
      },
    );
    if ('status' in admitted) {
      this.#refuse(incoming, admitted);
      return;
    }
    const takeBack = this.#count(wellformed, vehicle, incoming.received_at);
    const isJob = wellformed.command.name === 'trips';
    if (isJob) this.#acceptingTrips.add(vehicle);
    const open = await this.#store(incoming, wellformed, admitted.deadline);
    if (isJob) this.#acceptingTrips.delete(vehicle);
    if (open === undefined) {
      takeBack();
      const { id } = wellformed.request;
      const about = { value: wellformed.value, ...(id === undefined ? {} : { id }) };
      this.#refuse(incoming, rejected(wellKnown.notStored, about));
      return;
    }
    incoming.onAnswer?.(open.record.event);
    if (wellformed.request.dry_run) this.#endDry(open, vehicle, wellformed.command);
    else this.#begin(open, wellformed.command, vehicle);
  }

  /** Counts it before it is stored: what comes meanwhile is to find it. */
  #count({ command, request }: Wellformed, vehicle: string, at: number): () => void {
    const { rate, waiting } = this.#options;
    const isSent = !request.dry_run && isRemote(command) && this.#remotes.isSent(command, vehicle);
    waiting.add(vehicle);
    if (isSent) rate.note(vehicle, at);
    return () => {
      waiting.remove(vehicle);
      if (isSent) rate.takeBack(vehicle, at);
    };
  }

  #store(
    incoming: ForVehicle<W>,
    { command, request, fingerprint, value }: Wellformed,
    deadline: number,
  ): Promise<OpenCommand | undefined> {
    const vehicle = incoming.car.listed.id;
    return this.#options.book.accept({
      id: request.id,
      vendorId: vehicle,
      vehicle: incoming.car.topic_id,
      command: command.name,
      value,
      request: command,
      fingerprint,
      received_at: incoming.received_at,
      received: incoming.received,
      deadline,
      response: incoming.response,
      position: this.#positionOf(command, vehicle),
      also: incoming.also,
      ...(incoming.source === undefined ? {} : { source: incoming.source }),
    });
  }

  #positionOf(command: CarCommand, vehicle: string): number {
    if (command.name === 'trips') return 0;
    const override = command.name === 'refresh' ? command.override : undefined;
    return this.#options.dispatcher.positionFor(vehicle, firstOperation(command), override);
  }

  #begin(open: OpenCommand, command: CarCommand, vehicle: string): void {
    if (this.#isStopped) return;
    if (command.name === 'refresh') this.#refresh(open, command, vehicle);
    else if (command.name === 'trips') this.#startJob(open, command, vehicle);
    else this.#remotes.start(open, command, vehicle, deadlineOf(open));
  }

  /** A job waits in a lane of its own. */
  #startJob(open: OpenCommand, command: TripsCommand, vehicle: string): void {
    this.#options.waiting.remove(vehicle);
    this.#options.jobs.start(open, command, vehicle);
  }

  #refresh(open: OpenCommand, command: RefreshCommand, vehicle: string): void {
    this.#refreshes.start(open, command, vehicle, deadlineOf(open));
  }

  #waitsAgain(open: OpenCommand): void {
    open.phase = 'waiting';
    this.#options.waiting.add(open.record.vehicle ?? '');
  }

  #running(open: OpenCommand, details: EventDetails): void {
    if (open.phase === 'waiting') this.#options.waiting.remove(open.record.vehicle ?? '');
    open.phase = 'running';
    const queued_ms = Math.round(this.#options.clock.monotonic() - open.received);
    this.#options.book.say(open, 'running', { ...details, queued_ms });
  }

  #end(open: OpenCommand, status: Ending, details: EventDetails): void {
    if (open.phase === 'waiting') this.#options.waiting.remove(open.record.vehicle ?? '');
    // What ended before it started was none that the car was sent.
    if (open.record.command !== 'refresh' && neverSent.includes(status)) {
      this.#options.rate.takeBack(open.record.vehicle ?? '', open.record.received_at);
    }
    this.#options.book.end(open, status, details);
  }

  /** Says what would be done and does nothing of it. */
  #endDry(open: OpenCommand, vehicle: string, command: CarCommand): void {
    const details: EventDetails = {
      dry_run: true,
      ...(command.name === 'trips' ? this.#options.jobs.plan(command) : {}),
    };
    if (isRemote(command)) details.message = this.#remotes.wouldSend(command, vehicle);
    if (command.name === 'refresh') {
      Object.assign(details, this.#refreshes.wouldDecide(command, vehicle));
    }
    this.#end(open, 'succeeded', details);
  }

  #reopened(record: JournalRecord): OpenCommand {
    const { clock } = this.#options;
    // A clock that was set back meanwhile makes it come from the future.
    const age_ms = Math.max(0, clock.now() - record.received_at);
    return {
      record,
      vehicle: record.event.vehicle,
      value: record.event.value,
      received: clock.monotonic() - age_ms,
      phase: 'waiting',
    };
  }

  #resume(open: OpenCommand): void {
    const { clock, clockTrusted, onUnknown, topicId } = this.#options;
    const { record } = open;
    const vehicle = record.vehicle ?? '';
    this.#options.waiting.add(vehicle);
    const resumption = resumptionOf(record, {
      isKnown: topicId(vehicle) !== undefined,
      // A deadline of a clock that cannot be trusted counts as passed.
      isLate: !clockTrusted() || record.deadline <= clock.now(),
    });
    switch (resumption.is) {
      case 'refresh':
        this.#refresh(open, resumption.command, vehicle);
        return;
      case 'job':
        this.#options.waiting.remove(vehicle);
        this.#options.jobs.resume(open);
        return;
      case 'expired':
        this.#end(open, 'expired', { message: 'it could not start in time' });
        return;
      case 'interrupted':
        if (resumption.perhaps !== undefined) {
          onUnknown(vehicle, resumption.perhaps, record.started_at ?? record.received_at);
        }
        this.#end(open, 'failed', failureDetails(resumption.failure));
    }
  }

  /** What was sent before the restart counts as well. */
  #noteRate({ vehicle, request, received_at, started }: JournalRecord): void {
    if (vehicle === null || !started || !remoteCommandSchema.safeParse(request).success) return;
    this.#options.rate.note(vehicle, received_at);
  }

  #guardRefusal(command: CarCommand, vehicle: string): Failure | undefined {
    if (command.name === 'trips') {
      const { jobs } = this.#options;
      return jobs.isRunning('trips', vehicle) || this.#acceptingTrips.has(vehicle)
        ? failure('busy', 'trips of this car are being read already')
        : undefined;
    }
    const { clock, guard, rate, vendorLimit } = this.#options;
    if (command.name === 'refresh') {
      const isGuarded = command.mode === 'force' && !command.override;
      return (isGuarded ? guard.refusesForce(vehicle) : undefined) ?? vendorLimit();
    }
    if (!this.#remotes.isSent(command, vehicle)) return undefined;
    return rate.refusal(vehicle, clock.now()) ?? vendorLimit();
  }

  #breakerRefusal(command: CarCommand, vehicle: string): Failure | undefined {
    if (command.name === 'trips') return undefined;
    if (isRemote(command) && !this.#remotes.isSent(command, vehicle)) return undefined;
    const breaker = this.#options.breakers[laneOf[firstOperation(command)]];
    return breaker.state.is === 'open' ? breaker.refusal : undefined;
  }

  #refuse(incoming: ForVehicle<W>, refusal: Refusal): void {
    const at = utc(this.#options.clock.now());
    const event = refusalEvent(refusal, incoming.car.topic_id, incoming, uuidv7(), at);
    incoming.onAnswer?.(event);
    this.#options.reject(event, incoming.response, incoming.source);
  }
}

/** Monotonic time by which a command must have started. */
function deadlineOf({ record, received }: OpenCommand): number {
  return received + (record.deadline - record.received_at);
}

const neverSent: readonly Ending[] = ['superseded', 'cancelled', 'expired'];
