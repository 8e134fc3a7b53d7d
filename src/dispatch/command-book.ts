import type { Clock } from '../daemon/clock.js';
import { utc } from '../daemon/clock.js';
import { retryUntilDone, type RetryPolicy } from '../daemon/retry.js';
import { settlesWithin } from '../daemon/settles-within.js';
import type { CommandSource } from '../vehicle/command-source.js';
import { stepOf, withStep } from '../vehicle/command-step.js';
import type {
  JournalRecord,
  Outgoing,
  Parcel,
  ResponseAddress,
} from '../vehicle/journal-record.js';
import type { Ending, LifeCycleEvent, Status } from '../vehicle/life-cycle.js';
import type { Failure } from '../vehicle/outcome.js';

/** The fields of an event that depend on the step. */
export type EventDetails = Omit<
  Partial<LifeCycleEvent>,
  'schema' | 'id' | 'seq' | 'vehicle' | 'command' | 'value' | 'status' | 'at'
>;

/** A command from its acceptance to its ending. */
export interface OpenCommand {
  record: JournalRecord;
  /** As the events name the car: its topic id. */
  readonly vehicle: string | null;
  readonly value: unknown;
  /** Monotonic milliseconds. */
  readonly received: number;
  phase: 'waiting' | 'running' | 'ending';
  /** The step said last, where that is not the newest in the journal. */
  said?: LifeCycleEvent;
  /** Resolves when its ending has been stored and said. */
  ending?: Promise<void>;
}

/** Writes to the journal; each resolves when it is on the disk. `W` is whatever else goes into the same batch. */
export interface JournalWrites<W> {
  newKey(): string;
  parcel(messages: readonly Outgoing[]): Parcel;
  accept(record: JournalRecord, parcel: Parcel, also: readonly W[]): Promise<void>;
  undo(record: JournalRecord, parcel: Parcel): Promise<void>;
  update(records: readonly JournalRecord[], also?: readonly W[]): Promise<void>;
  end(record: JournalRecord, parcel: Parcel, also: readonly W[]): Promise<void>;
  find(key: string): Promise<JournalRecord | undefined>;
}

export interface CommandBookOptions<W> {
  readonly clock: Clock;
  /** The number of this start of the daemon: it makes `seq` rise across crashes. */
  readonly boot: number;
  readonly retry: RetryPolicy;
  readonly journal: JournalWrites<W>;
  /** An event as messages to its topics. */
  readonly address: (event: LifeCycleEvent, response: ResponseAddress | undefined) => Outgoing[];
  /** Publishes until the broker has acknowledged it. */
  readonly deliver: (parcel: Parcel) => void;
  /** Publishes once. */
  readonly publish: (messages: readonly Outgoing[]) => void;
  /** Told of every step, after it is durable where it has to be. */
  readonly onEvent: (event: LifeCycleEvent, vehicle: string | null) => void;
  /** The last event of a known id was published again. */
  readonly onReplay: (event: LifeCycleEvent) => void;
  readonly onStoreTrouble: (error: unknown, delay_ms: number) => void;
}

export interface NewCommand<W> {
  readonly id: string | undefined;
  readonly vendorId: string | null;
  readonly vehicle: string | null;
  readonly command: string;
  readonly value: unknown;
  readonly request: unknown;
  readonly fingerprint: string;
  /** Epoch and monotonic milliseconds of its arrival. */
  readonly received_at: number;
  readonly received: number;
  readonly deadline: number;
  readonly response: ResponseAddress | undefined;
  /** Who asked, for the audit log. */
  readonly source?: CommandSource | undefined;
  readonly position: number;
  readonly also: readonly W[];
}

/** What the book says of an id that somebody sends. */
export type IdStatus =
  | { readonly is: 'free' }
  | { readonly is: 'same'; readonly record: JournalRecord }
  | { readonly is: 'reused' }
  | { readonly is: 'unreadable' };

const storeWithin_ms = 5000;
/** How long the id of a command that has ended is remembered. */
export const rememberEnded_ms = 3_600_000;
/** More than any command publishes between two writes: after a crash `seq` goes on above what may have been said. */
const seqPerBoot = 1_000_000;
const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface Remembered {
  readonly key: string;
  readonly fingerprint: string;
  readonly ended_at: number;
}

/** The life cycles of one account's commands: ids, events, and what has to be durable before it is said. */
export class CommandBook<W> {
  readonly #options: CommandBookOptions<W>;
  readonly #open = new Map<string, OpenCommand>();
  /** Ended commands whose id the sender chose, in the order of their ending. */
  readonly #remembered = new Map<string, Remembered>();
  /** Ids that are being looked at or stored: whoever comes with the same one waits for what becomes of it. */
  readonly #claimed = new Map<string, Promise<unknown>>();
  /** `seq` of replays, which are not journalled. */
  readonly #replayed = new Map<string, number>();
  readonly #unfinished = new Set<Promise<unknown>>();
  readonly #stopping = new AbortController();

  constructor(options: CommandBookOptions<W>) {
    this.#options = options;
  }

  get open(): ReadonlyMap<string, OpenCommand> {
    return this.#open;
  }

  /** Takes up what the journal held at the start. */
  restore(open: readonly OpenCommand[], remembered: readonly JournalRecord[]): void {
    for (const command of open) this.#open.set(command.record.id, command);
    for (const record of remembered) this.#remember(record);
  }

  /** Runs the admission of an id that a sender chose: one at a time for the same id. */
  async claim<T>(id: string, admission: () => Promise<T>): Promise<T> {
    const before = this.#claimed.get(id);
    const mine = before === undefined ? admission() : before.then(admission);
    const settled = mine.catch(() => undefined);
    this.#claimed.set(id, settled);
    try {
      return await mine;
    } finally {
      if (this.#claimed.get(id) === settled) this.#claimed.delete(id);
    }
  }

  /** Resolves when no command of this id is being looked at or stored any more. */
  async settled(id: string): Promise<void> {
    await this.#claimed.get(id);
  }

  async statusOf(id: string, fingerprint: string): Promise<IdStatus> {
    const open = this.#open.get(id);
    if (open !== undefined) return judged(open.record, fingerprint);
    this.#forgetOld();
    const remembered = this.#remembered.get(id);
    const key = remembered?.key ?? (uuidPattern.test(id) ? id : undefined);
    if (key === undefined) return { is: 'free' };
    const record = await this.#options.journal.find(key).catch(() => null);
    if (record === null) return { is: 'unreadable' };
    const since = this.#options.clock.now() - rememberEnded_ms;
    if (record?.id !== id || (record.ended_at ?? 0) < since) return { is: 'free' };
    return judged(record, fingerprint);
  }

  /**
   * Stores the command and says `accepted`. Answers undefined when it could not be stored in time: then it has been
   * undone, or will be as soon as the store works, and never runs.
   */
  async accept(command: NewCommand<W>): Promise<OpenCommand | undefined> {
    const { journal } = this.#options;
    const open = this.#opened(command, journal.newKey());
    const { record } = open;
    const parcel = journal.parcel(this.#options.address(record.event, record.response));
    const written = journal.accept(record, parcel, command.also);
    const inTime = await settlesWithin(written, storeWithin_ms);
    if (!inTime || !(await succeeded(written))) {
      this.#atStop(this.#undo(record, parcel, written));
      return undefined;
    }
    this.#open.set(record.id, open);
    this.#options.deliver(parcel);
    // Its bytes are written behind this turn of the promises, and before the work for the command begins.
    await new Promise<void>((resolve) => {
      process.nextTick(resolve);
    });
    this.#options.onEvent(record.event, open.vehicle);
    return open;
  }

  /** Says a step of a command that goes on: published once, not journalled. */
  say(open: OpenCommand, status: Exclude<Status, Ending>, details: EventDetails): void {
    const event = this.#next(open, status, details);
    open.said = event;
    this.#options.publish(this.#options.address(event, open.record.response));
    this.#options.onEvent(event, open.vehicle);
  }

  /** Resolves when it is on the disk that a wake is about to leave for these commands. */
  async markStarted(ids: readonly string[], also: readonly W[] = []): Promise<void> {
    const commands = ids.flatMap((id) => this.#open.get(id) ?? []);
    const started_at = this.#options.clock.now();
    for (const open of commands) open.record = { started_at, ...open.record, started: true };
    await this.#options.journal.update(
      commands.map((open) => open.record),
      also,
    );
  }

  /** Resolves when it is on the disk how far the command has come: JSON, of which the book knows nothing. */
  async checkpoint(open: OpenCommand, checkpoint: unknown, also: readonly W[] = []): Promise<void> {
    // Behind an ending there is nothing to go on with, and the record must not be written without it.
    if (open.phase === 'ending') return;
    open.record = { ...open.record, checkpoint };
    await this.#options.journal.update([open.record], also);
  }

  /** Ends a command, once: the ending is stored, however long that takes, and only then said. */
  end(open: OpenCommand, status: Ending, details: EventDetails, also: readonly W[] = []): void {
    if (open.phase === 'ending') return;
    open.phase = 'ending';
    const event = this.#next(open, status, details);
    open.record = { ...open.record, event, ended_at: this.#options.clock.now() };
    open.ending = this.#storeEnding(open, event, also);
    this.#atStop(open.ending);
  }

  /** The last event of an id that came a second time, published again: now, or when its ending has been stored. */
  replay(
    record: JournalRecord,
    response: ResponseAddress | undefined,
    onReplayed: (event: LifeCycleEvent) => void = () => undefined,
  ): void {
    const open = this.#open.get(record.id);
    if (open?.ending !== undefined) {
      void open.ending.then(() => {
        if (!this.#stopping.signal.aborted) this.replay(open.record, response, onReplayed);
      });
      return;
    }
    const known = open?.record ?? record;
    const seq = Math.max(this.#seqOf(known), this.#replayed.get(record.id) ?? 0) + 1;
    if (open === undefined) {
      this.#replayed.set(record.id, seq);
      // An id of our own making too, from now on: what is known of a replay is forgotten with it.
      this.#remembered.set(record.id, rememberedOf(known));
    } else open.record = { ...open.record, seq, boot: this.#options.boot };
    const event: LifeCycleEvent = { ...(open?.said ?? known.event), seq, replayed: true };
    this.#options.publish(this.#options.address(event, response));
    this.#options.onReplay(event);
    onReplayed(event);
  }

  /** Waits for endings that are being stored and for what is being undone, no longer than this; what is not stored by then ends after a restart. */
  async stop(grace_ms: number): Promise<void> {
    await settlesWithin(Promise.allSettled([...this.#unfinished]), grace_ms);
    this.#stopping.abort();
  }

  #atStop(work: Promise<unknown>): void {
    this.#unfinished.add(work);
    void work.finally(() => this.#unfinished.delete(work));
  }

  async #storeEnding(open: OpenCommand, event: LifeCycleEvent, also: readonly W[]): Promise<void> {
    const { journal, retry, onStoreTrouble } = this.#options;
    const parcel = journal.parcel(this.#options.address(event, open.record.response));
    const stored = await retryUntilDone(
      retry,
      async () => {
        await journal.end(open.record, parcel, also);
        return true;
      },
      onStoreTrouble,
      this.#stopping.signal,
    );
    if (stored !== true) return;
    this.#open.delete(open.record.id);
    this.#remember(open.record);
    this.#options.deliver(parcel);
    this.#options.onEvent(event, open.vehicle);
  }

  async #undo(record: JournalRecord, parcel: Parcel, written: Promise<void>): Promise<void> {
    await written.catch(() => undefined);
    const { journal, retry, onStoreTrouble } = this.#options;
    await retryUntilDone(
      retry,
      () => journal.undo(record, parcel),
      onStoreTrouble,
      this.#stopping.signal,
    );
  }

  #opened(command: NewCommand<W>, key: string): OpenCommand {
    const { boot, clock } = this.#options;
    const id = command.id ?? key;
    const event: LifeCycleEvent = {
      schema: 1,
      id,
      seq: 1,
      vehicle: command.vehicle,
      command: command.command,
      value: command.value,
      status: 'accepted',
      at: utc(clock.now()),
      position: command.position,
    };
    const record: JournalRecord = {
      key,
      id,
      vehicle: command.vendorId,
      command: command.command,
      request: command.request,
      fingerprint: command.fingerprint,
      received_at: command.received_at,
      deadline: command.deadline,
      started: false,
      boot,
      seq: 1,
      event,
      steps: [stepOf(event)],
      ...(command.source === undefined ? {} : { source: command.source }),
      ...(command.response === undefined ? {} : { response: command.response }),
    };
    const { vehicle, value, received } = command;
    return { record, vehicle, value, received, phase: 'waiting' };
  }

  #next(open: OpenCommand, status: Status, details: EventDetails): LifeCycleEvent {
    const { boot, clock } = this.#options;
    const seq = this.#seqOf(open.record) + 1;
    const { id, command, steps } = open.record;
    const at = utc(clock.now());
    const event: LifeCycleEvent = {
      schema: 1,
      id,
      seq,
      vehicle: open.vehicle,
      command,
      value: open.value,
      status,
      at,
      ...details,
    };
    open.record = { ...open.record, seq, boot, steps: withStep(steps, stepOf(event)) };
    return event;
  }

  #seqOf(record: JournalRecord): number {
    return record.seq + (this.#options.boot - record.boot) * seqPerBoot;
  }

  #remember(record: JournalRecord): void {
    // An id of our own making is its record's key: it can be looked up when somebody does send it.
    if (record.id === record.key || record.ended_at === undefined) return;
    this.#remembered.set(record.id, rememberedOf(record));
    this.#forgetOld();
  }

  #forgetOld(): void {
    const since = this.#options.clock.now() - rememberEnded_ms;
    for (const [id, { ended_at }] of this.#remembered) {
      if (ended_at > since) return;
      this.#remembered.delete(id);
      this.#replayed.delete(id);
    }
  }
}

/** The fields with which an event tells a failure. */
export function failureDetails(failure: Failure): EventDetails {
  const { code, message, retryable, outcome, retry_after_s } = failure;
  return {
    code,
    message,
    retryable,
    ...(outcome === undefined ? {} : { outcome }),
    ...(retry_after_s === undefined ? {} : { retry_after_s }),
  };
}

function rememberedOf({ key, fingerprint, received_at, ended_at = received_at }: JournalRecord) {
  return { key, fingerprint, ended_at };
}

function judged(record: JournalRecord, fingerprint: string): IdStatus {
  return record.fingerprint === fingerprint ? { is: 'same', record } : { is: 'reused' };
}

async function succeeded(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  );
}
