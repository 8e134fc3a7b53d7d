import { v7 as uuidv7 } from 'uuid';
import { utc, type Clock } from '../daemon/clock.js';
import { refreshCommandSchema, type RefreshCommand } from '../vehicle/command.js';
import type { JournalRecord, ResponseAddress } from '../vehicle/journal-record.js';
import type { KnownVehicle } from '../vehicle/known-vehicle.js';
import type { Ending, LifeCycleEvent } from '../vehicle/life-cycle.js';
import { failure, wellKnown, type Failure } from '../vehicle/outcome.js';
import type { CarOperation } from '../vehicle/task.js';
import {
  admit,
  parseIncoming,
  rejected,
  type Incoming,
  type Refusal,
  type Wellformed,
} from './admission.js';
import type { Breaker, CallClass } from './breaker.js';
import {
  failureDetails,
  type CommandBook,
  type EventDetails,
  type OpenCommand,
} from './command-book.js';
import { laneOf, type Dispatcher } from './dispatcher.js';
import { admitOnce } from './known-id.js';
import { Refresh } from './refresh.js';
import { refusalEvent } from './refusal-event.js';
import type { WaitingCount } from './waiting-count.js';

export interface AdmissionsOptions<W> {
  readonly clock: Clock;
  readonly book: CommandBook<W>;
  readonly dispatcher: Dispatcher;
  readonly waiting: WaitingCount;
  readonly breakers: Readonly<Record<CallClass, Breaker>>;
  readonly defaultMaxAge_s: number;
  readonly queuePerVehicle: number;
  readonly expiresIn_ms: Readonly<Record<RefreshCommand['mode'], number>>;
  readonly allowLists: (vehicle: string) => readonly (readonly string[] | undefined)[];
  readonly clockTrusted: () => boolean;
  /** The answer of an account that waits for a person. */
  readonly accountRefusal: () => Failure | undefined;
  readonly reportedAt: (vehicle: string) => number | undefined;
  readonly topicId: (vehicle: string) => string | undefined;
  /** Publishes an event that is no part of any life cycle. */
  readonly reject: (event: LifeCycleEvent, response: ResponseAddress | undefined) => void;
}

/** A command for a car of this account, with what only the broker's edge knows. */
export interface ForVehicle<W> extends Incoming {
  readonly car: KnownVehicle;
  readonly response: ResponseAddress | undefined;
  /** Goes into the journal's batch: the packet that brought it. */
  readonly also: readonly W[];
}

/** Takes commands in, from the first check to the lanes, and out again if they never start. */
export class Admissions<W> {
  readonly #options: AdmissionsOptions<W>;
  readonly #refreshes = new Map<string, Refresh>();
  #isStopped = false;

  constructor(options: AdmissionsOptions<W>) {
    this.#options = options;
  }

  /** Resolves when the packet may be acknowledged: the command is on the disk, or was refused. Never rejects. */
  async handle(incoming: ForVehicle<W>): Promise<void> {
    const wellformed = parseIncoming(incoming, incoming.car.listed.id);
    if ('status' in wellformed) {
      this.#refuse(incoming, wellformed);
      return;
    }
    const { id } = wellformed.request;
    await admitOnce(this.#options.book, id, wellformed.fingerprint, {
      response: incoming.response,
      admit: () => this.#admit(incoming, wellformed),
      refuse: (reason) => {
        this.#refuse(incoming, rejected(reason, id === undefined ? {} : { id }));
      },
    });
  }

  /** Takes up what the journal held: what may still run waits again, the rest ends. */
  restore(open: readonly JournalRecord[], remembered: readonly JournalRecord[]): void {
    const commands = open.map((record) => this.#reopened(record));
    this.#options.book.restore(commands, remembered);
    for (const command of commands) this.#resume(command);
  }

  /** Ends a command that has not started. */
  leave(id: string, status: Ending, details: EventDetails): 'ended' | 'too_late' | 'unknown_id' {
    const refresh = this.#refreshes.get(id);
    if (refresh === undefined) return 'unknown_id';
    return refresh.leave(status, details) ? 'ended' : 'too_late';
  }

  /** Whether a command could be ended before it starts. */
  peek(id: string): 'ended' | 'too_late' | 'unknown_id' {
    const refresh = this.#refreshes.get(id);
    if (refresh === undefined) return 'unknown_id';
    return refresh.hasBegun ? 'too_late' : 'ended';
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

  /** No command starts or expires any more: what is open goes on at the next start. */
  stop(): void {
    this.#isStopped = true;
    for (const refresh of this.#refreshes.values()) refresh.stop();
  }

  async #admit(incoming: ForVehicle<W>, wellformed: Wellformed): Promise<void> {
    const { clock, waiting } = this.#options;
    const vehicle = incoming.car.listed.id;
    const admitted = admit(
      wellformed,
      incoming,
      {
        allow: this.#options.allowLists(vehicle),
        expiresIn_s: ({ mode }) => this.#options.expiresIn_ms[mode] / 1000,
        queuePerVehicle: this.#options.queuePerVehicle,
      },
      {
        clock,
        clockTrusted: this.#options.clockTrusted(),
        accountRefusal: this.#options.accountRefusal(),
        breakerRefusal: (command) => this.#breakerRefusal(command),
        waitingOfVehicle: waiting.of(vehicle),
        queueFull: waiting.isFull,
      },
    );
    if ('status' in admitted) {
      this.#refuse(incoming, admitted);
      return;
    }
    waiting.add(vehicle);
    const open = await this.#store(incoming, wellformed, admitted.deadline);
    if (open === undefined) {
      waiting.remove(vehicle);
      const { id } = wellformed.request;
      const about = { value: wellformed.value, ...(id === undefined ? {} : { id }) };
      this.#refuse(incoming, rejected(wellKnown.notStored, about));
      return;
    }
    if (wellformed.request.dry_run) this.#endDry(open, vehicle, wellformed.command);
    else this.#start(open, wellformed.command, vehicle);
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
      position: this.#options.dispatcher.positionFor(
        vehicle,
        firstOperation(command),
        command.override,
      ),
      also: incoming.also,
    });
  }

  #start(open: OpenCommand, command: RefreshCommand, vehicle: string): void {
    if (this.#isStopped) return;
    const { record, received } = open;
    const refresh = new Refresh(
      {
        clock: this.#options.clock,
        defaultMaxAge_s: this.#options.defaultMaxAge_s,
        lanes: this.#options.dispatcher,
        reportedAt: this.#options.reportedAt,
        wakeBreakerOpen: () => this.#options.breakers.wake.state.is === 'open',
        running: (one, details) => {
          this.#running(one, vehicle, details);
        },
        waiting: (one) => {
          one.phase = 'waiting';
          this.#options.waiting.add(vehicle);
        },
        end: (one, status, details) => {
          this.#end(one, vehicle, status, details);
        },
      },
      open,
      command,
      vehicle,
      received + (record.deadline - record.received_at),
    );
    this.#refreshes.set(record.id, refresh);
    refresh.start();
  }

  #running(open: OpenCommand, vehicle: string, details: EventDetails): void {
    if (open.phase === 'waiting') this.#options.waiting.remove(vehicle);
    open.phase = 'running';
    const queued_ms = Math.round(this.#options.clock.monotonic() - open.received);
    this.#options.book.say(open, 'running', { ...details, queued_ms });
  }

  #end(open: OpenCommand, vehicle: string, status: Ending, details: EventDetails): void {
    if (open.phase === 'waiting') this.#options.waiting.remove(vehicle);
    this.#refreshes.delete(open.record.id);
    this.#options.book.end(open, status, details);
  }

  /** Says what would be done and does nothing of it. */
  #endDry(open: OpenCommand, vehicle: string, command: RefreshCommand): void {
    const details: EventDetails = { dry_run: true };
    if (command.mode === 'smart') {
      const reported = this.#options.reportedAt(vehicle) ?? 0;
      const maxAge_s = command.max_age_s ?? this.#options.defaultMaxAge_s;
      const isFresh = (this.#options.clock.now() - reported) / 1000 <= maxAge_s;
      const isOpen = this.#options.breakers.wake.state.is === 'open';
      details.decision = isFresh ? 'fresh_enough' : isOpen ? 'breaker_open' : 'forced';
    }
    this.#end(open, vehicle, 'succeeded', details);
  }

  #reopened(record: JournalRecord): OpenCommand {
    const { clock } = this.#options;
    return {
      record,
      vehicle: record.event.vehicle,
      value: record.event.value,
      received: clock.monotonic() - (clock.now() - record.received_at),
      phase: 'waiting',
    };
  }

  #resume(open: OpenCommand): void {
    const { record } = open;
    const command = refreshCommandSchema.safeParse(record.request);
    const vehicle = record.vehicle ?? '';
    this.#options.waiting.add(vehicle);
    // A deadline of a clock that cannot be trusted counts as passed.
    const isLate = !this.#options.clockTrusted() || record.deadline <= this.#options.clock.now();
    if (
      !command.success ||
      this.#options.topicId(vehicle) === undefined ||
      (isLate && record.started)
    ) {
      const reason = failure('interrupted', 'the bridge was restarted before this was done');
      this.#end(open, vehicle, 'failed', failureDetails(reason));
    } else if (isLate) {
      this.#end(open, vehicle, 'expired', { message: 'it could not start in time' });
    } else {
      this.#start(open, afterRestart(command.data, record.started), vehicle);
    }
  }

  #breakerRefusal(command: RefreshCommand): Failure | undefined {
    const breaker = this.#options.breakers[laneOf[firstOperation(command)]];
    return breaker.state.is === 'open' ? breaker.refusal : undefined;
  }

  #refuse(incoming: ForVehicle<W>, refusal: Refusal): void {
    const at = utc(this.#options.clock.now());
    const event = refusalEvent(refusal, incoming.car.topic_id, incoming, uuidv7(), at);
    this.#options.reject(event, incoming.response);
  }
}

/** A wake that had left before the crash is not repeated: the cloud is asked first. */
function afterRestart(command: RefreshCommand, started: boolean): RefreshCommand {
  return started && command.mode === 'force' ? { ...command, mode: 'smart' } : command;
}

function firstOperation({ mode }: RefreshCommand): CarOperation {
  return mode === 'force' ? 'force' : 'cached';
}
