import { v7 as uuidv7 } from 'uuid';
import { utc, type Clock } from '../daemon/clock.js';
import { settlesWithin } from '../daemon/settles-within.js';
import {
  bridgeCommandNames,
  parseBridgeCommand,
  refreshAllSchema,
  valueOfBridge,
  type BridgeCommand,
  type CodeStep,
  type OtpCommand,
  type PollCommand,
  type RefreshAllCommand,
  type WordCommand,
} from '../vehicle/bridge-command.js';
import type { Cancelled } from '../vehicle/cancelled.js';
import type { RefreshMode, Request } from '../vehicle/command.js';
import type { CommandSource } from '../vehicle/command-source.js';
import type { JournalRecord, ResponseAddress } from '../vehicle/journal-record.js';
import type { LifeCycleEvent } from '../vehicle/life-cycle.js';
import { failure, wellKnown, type Failure } from '../vehicle/outcome.js';
import { checkTimes, isAllowed, rejected, type Incoming, type Refusal } from './admission.js';
import { failureDetails, type CommandBook, type OpenCommand } from './command-book.js';
import { admitOnce } from './known-id.js';
import { refusalEvent } from './refusal-event.js';

export interface BridgeCommandsOptions<W> {
  readonly clock: Clock;
  readonly book: CommandBook<W>;
  readonly allow: readonly string[] | undefined;
  /** Whether `cancel` would find a command that has not started. */
  readonly find: (id: string) => Cancelled | Promise<Cancelled>;
  readonly cancel: (id: string) => Cancelled | Promise<Cancelled>;
  readonly clearQueue: () => void;
  /** The names of the accounts. */
  readonly accounts: () => readonly string[];
  /** Of this account, or of all. */
  readonly resetBreaker: (account: string) => void;
  readonly setLogLevel: (level: string) => void;
  readonly announce: () => void;
  /** Resolves when it is stored and in force; rejects where it cannot be. */
  readonly setPolling: (command: PollCommand) => Promise<void>;
  /** The job that reads every car. */
  readonly refreshAll: {
    /** Why it cannot be taken now. */
    refusal(): Failure | undefined;
    /** Behind its checkpoint, where the journal has one. */
    start(open: OpenCommand, command: RefreshAllCommand): void;
    /** How many cars it would read. */
    cars(): number;
  };
  readonly expiresIn_ms: Readonly<Record<RefreshMode, number>>;
  /** A step of a one-time code: why it failed, once that is known. Never rejects. */
  readonly otp: (account: string, step: CodeStep) => Promise<Failure | undefined>;
  readonly reject: (event: LifeCycleEvent, response: ResponseAddress | undefined) => void;
}

export interface ForBridge<W> extends Incoming {
  readonly response: ResponseAddress | undefined;
  readonly source?: CommandSource | undefined;
  readonly also: readonly W[];
}

const expiry_s = 60;

/**
 * The commands to the bridge itself: done at once but for `otp` and the job `refresh_all`, with the same life cycle as
 * any other.
 */
export class BridgeCommands<W> {
  readonly #options: BridgeCommandsOptions<W>;
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: BridgeCommandsOptions<W>) {
    this.#options = options;
  }

  /** Resolves when the packet may be acknowledged. Never rejects. */
  async handle(incoming: ForBridge<W>): Promise<void> {
    const name = bridgeCommandNames.find((one) => one === incoming.name);
    if (incoming.retained) {
      this.#refuse(incoming, rejected(wellKnown.retained));
      return;
    }
    if (name === undefined) {
      this.#refuse(incoming, rejected(unknownCommand));
      return;
    }
    const parsed = parseBridgeCommand(name, incoming.payload);
    if (!parsed.ok) {
      const { id } = parsed;
      this.#refuse(incoming, rejected(parsed.failure, id === undefined ? {} : { id }));
    } else await this.#identified(incoming, parsed.command, parsed.request);
  }

  /** A job goes on; what else a crash left open was not done, or not known to be done. */
  restore(open: readonly JournalRecord[], remembered: readonly JournalRecord[]): void {
    const { book, clock } = this.#options;
    const commands = open.map((record): OpenCommand => ({
      record,
      vehicle: null,
      value: record.event.value,
      received: clock.monotonic(),
      phase: 'running',
    }));
    book.restore(commands, remembered);
    const reason = failure('interrupted', 'the bridge was restarted before this was done');
    for (const command of commands) {
      const job = refreshAllSchema.safeParse(command.record.request);
      if (job.success) this.#resume(command, job.data);
      else book.end(command, 'failed', failureDetails(reason));
    }
  }

  #resume(open: OpenCommand, command: RefreshAllCommand): void {
    const { book, clock, refreshAll } = this.#options;
    const { started, deadline } = open.record;
    if (started || deadline > clock.now()) refreshAll.start(open, command);
    else book.end(open, 'expired', { message: 'it could not start in time' });
  }

  /** Resolves when nothing runs any more, or when the time is over. */
  async quiet(within_ms: number): Promise<void> {
    await settlesWithin(Promise.all(this.#underWay), within_ms);
  }

  async #identified(
    incoming: ForBridge<W>,
    command: BridgeCommand,
    request: Request,
  ): Promise<void> {
    const { id, ...meant } = request;
    const fingerprint = JSON.stringify([null, journalled(command), meant]);
    await admitOnce(this.#options.book, id, fingerprint, {
      response: incoming.response,
      onReplayed: incoming.onAnswer,
      admit: () => this.#admit(incoming, command, request, fingerprint),
      refuse: (reason) => {
        this.#refuse(incoming, rejected(reason, id === undefined ? {} : { id }));
      },
    });
  }

  async #admit(
    incoming: ForBridge<W>,
    command: BridgeCommand,
    request: Request,
    fingerprint: string,
  ): Promise<void> {
    const { name } = command;
    const value = valueOfBridge(command);
    const about = {
      ...(value === undefined ? {} : { value }),
      ...(request.id === undefined ? {} : { id: request.id }),
    };
    const times = checkTimes(request, incoming, this.#expiry_s(command), about);
    const refusal = await this.#refusalOf(command);
    if (refusal?.code === 'not_allowed') this.#refuse(incoming, rejected(refusal, about));
    else if ('status' in times) this.#refuse(incoming, times);
    else if (refusal !== undefined) this.#refuse(incoming, rejected(refusal, about));
    else {
      const open = await this.#options.book.accept({
        id: request.id,
        vendorId: null,
        vehicle: null,
        command: name,
        value,
        request: journalled(command),
        fingerprint,
        received_at: incoming.received_at,
        received: incoming.received,
        deadline: times.deadline,
        response: incoming.response,
        source: incoming.source,
        position: 0,
        also: incoming.also,
      });
      if (open === undefined) this.#refuse(incoming, rejected(wellKnown.notStored, about));
      else {
        incoming.onAnswer?.(open.record.event);
        this.#carryOut(open, command, request.dry_run);
      }
    }
  }

  async #refusalOf(command: BridgeCommand): Promise<Failure | undefined> {
    const { name } = command;
    const names = command.name === 'refresh_all' ? [name, `${name}:${command.mode}`] : [name];
    if (!isAllowed(names, [this.#options.allow])) {
      return failure('not_allowed', `${name}: the configuration does not allow it`);
    }
    switch (name) {
      case 'cancel':
        return cancelFailure(await this.#options.find(command.value));
      case 'reset_breaker':
        return this.#accountFailure('value', command.value, ['all']);
      case 'otp':
        return this.#accountFailure('account', this.#meantBy(command));
      case 'refresh_all':
        return this.#options.refreshAll.refusal();
      default:
        return undefined;
    }
  }

  /** The only account need not be named. */
  #meantBy({ account }: OtpCommand): string | undefined {
    const [only, ...others] = this.#options.accounts();
    return account ?? (others.length === 0 ? only : undefined);
  }

  /** What was named instead is not said: of a one-time code it may be the code. */
  #accountFailure(
    field: string,
    named: string | undefined,
    besides: readonly string[] = [],
  ): Failure | undefined {
    const known = [...this.#options.accounts(), ...besides];
    if (named !== undefined && known.includes(named)) return undefined;
    const got = named === undefined ? 'nothing' : 'something else';
    return failure('invalid_payload', `${field}: expected one of ${known.join(', ')}, got ${got}`);
  }

  #carryOut(open: OpenCommand, command: BridgeCommand, isDry: boolean): void {
    const { book } = this.#options;
    if (isDry) {
      const { name } = command;
      const planned = name === 'refresh_all' ? { total: this.#options.refreshAll.cars() } : {};
      book.end(open, 'succeeded', { dry_run: true, ...planned });
      return;
    }
    if (command.name === 'refresh_all') this.#options.refreshAll.start(open, command);
    else if (command.name === 'otp') {
      const account = this.#meantBy(command) ?? '';
      this.#follow(this.#takeCodeStep(open, account, command.step));
    } else if (command.name === 'polling' || command.name === 'poll_interval') {
      this.#follow(this.#setPolling(open, command));
    } else this.#endWith(open, this.#do(command));
  }

  #follow(work: Promise<void>): void {
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  async #setPolling(open: OpenCommand, command: PollCommand): Promise<void> {
    const stored = await this.#options.setPolling(command).then(
      () => true,
      () => false,
    );
    this.#end(open, stored ? undefined : failure('not_stored', 'it could not be stored'));
  }

  #expiry_s(command: BridgeCommand): number {
    if (command.name !== 'refresh_all') return expiry_s;
    return this.#options.expiresIn_ms[command.mode] / 1000;
  }

  #end(open: OpenCommand, reason: Failure | undefined): void {
    if (reason === undefined) this.#options.book.end(open, 'succeeded', {});
    else this.#options.book.end(open, 'failed', failureDetails(reason));
  }

  async #takeCodeStep(open: OpenCommand, account: string, step: CodeStep): Promise<void> {
    open.phase = 'running';
    this.#options.book.say(open, 'running', { attempt: 1 });
    this.#end(open, await this.#options.otp(account, step));
  }

  #endWith(open: OpenCommand, done: Failure | undefined | Promise<Failure | undefined>): void {
    if (!(done instanceof Promise)) this.#end(open, done);
    else
      this.#follow(
        done.then((reason) => {
          this.#end(open, reason);
        }),
      );
  }

  #do({ name, value }: WordCommand): Failure | undefined | Promise<Failure | undefined> {
    switch (name) {
      case 'cancel': {
        const cancelled = this.#options.cancel(value);
        return typeof cancelled === 'string'
          ? cancelFailure(cancelled)
          : cancelled.then(cancelFailure);
      }
      case 'clear_queue':
        this.#options.clearQueue();
        return undefined;
      case 'reset_breaker':
        this.#options.resetBreaker(value);
        return undefined;
      case 'log_level':
        this.#options.setLogLevel(value);
        return undefined;
      case 'announce':
        this.#options.announce();
        return undefined;
    }
  }

  #refuse(incoming: ForBridge<W>, refusal: Refusal): void {
    const at = utc(this.#options.clock.now());
    const event = refusalEvent(refusal, null, incoming, uuidv7(), at);
    incoming.onAnswer?.(event);
    this.#options.reject(event, incoming.response);
  }
}

/** What is kept of a command: of a one-time code which step it was, and nothing that was sent. */
function journalled(command: BridgeCommand) {
  if (command.name !== 'otp') return command;
  const { name, account, step } = command;
  return { name, account, step: 'code' in step ? 'code' : 'method' };
}

const unknownCommand = failure('unknown_command', 'the topic names no command of the bridge');

function cancelFailure(cancelled: Cancelled): Failure | undefined {
  switch (cancelled) {
    case 'ended':
      return undefined;
    case 'too_late':
      return failure('too_late', 'the command has started');
    case 'unknown_id':
      return failure('unknown_id', 'no command with this id waits');
  }
}
