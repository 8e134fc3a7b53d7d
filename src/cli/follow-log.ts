import { pause } from '../daemon/pause.js';
import { ControlFault, NoDaemonError, type ControlClient } from '../http/control-client.js';
import { withLaterSteps, type AuditEntry } from '../vehicle/audit-entry.js';
import { stepsSince, type CommandStep } from '../vehicle/command-step.js';
import { exitCodes, type ExitCode } from './exit-codes.js';
import { newest, type LogOptions } from './log-query.js';
import type { LogTable } from './log-table.js';
import type { Terminal } from './terminal.js';

const look_ms = 1000;
/** A command has its place in the log before it is stored, which may take seconds. */
const overlap_ms = 10_000;
/** How much longer than needed it is remembered which commands were shown. */
const margin_ms = 60_000;

type FollowedClient = Pick<ControlClient, 'commands' | 'eventsIfKnown'>;

/** Shows what there is, and then each new command and step, until somebody ends it or the daemon stops. */
export async function follow(
  client: FollowedClient,
  options: LogOptions,
  table: LogTable,
  terminal: Terminal,
): Promise<ExitCode> {
  const isOver = (): boolean => terminal.interrupted.aborted;
  const follower = new Follower(client, options, table);
  try {
    await follower.begin();
  } catch (error) {
    if (!(error instanceof NoDaemonError)) throw error;
    terminal.complain(`${error.message}: there is nothing to follow`);
    return exitCodes.crash;
  }
  for (;;) {
    await pause(look_ms, terminal.interrupted);
    if (isOver()) return exitCodes.clean;
    try {
      await follower.look();
    } catch (error) {
      if (isOver() || !(error instanceof ControlFault)) throw error;
      terminal.complain(`the daemon has stopped, or does not answer any more: ${error.message}`);
      return exitCodes.crash;
    }
  }
}

class Follower {
  readonly #client: FollowedClient;
  readonly #options: LogOptions;
  readonly #table: LogTable;
  /** When each command that was shown came in, by its key. */
  readonly #shown = new Map<string, number>();
  /** Those that go on, as last shown. */
  readonly #open = new Map<string, AuditEntry>();
  /** Epoch milliseconds. */
  #newest_at = Date.now();

  constructor(client: FollowedClient, options: LogOptions, table: LogTable) {
    this.#client = client;
    this.#options = options;
    this.#table = table;
  }

  async begin(): Promise<void> {
    // What is not shown because there would be too much of it is not new either; what comes meanwhile is.
    const known = await this.#recent();
    const entries = await this.#read(this.#options);
    this.#table.show(entries);
    for (const entry of [...known, ...entries]) this.#note(entry);
  }

  async look(): Promise<void> {
    const unseen = new Map(this.#open);
    for (const entry of await this.#recent()) {
      unseen.delete(entry.key);
      const seq = this.#seqShown(entry);
      const steps = entry.steps.filter((step) => step.seq > seq);
      if (steps.length > 0) this.#tell(entry, steps);
    }
    for (const entry of unseen.values()) await this.#lookAt(entry);
    const forgotten_at = this.#newest_at - overlap_ms - margin_ms;
    for (const [key, received_at] of this.#shown) {
      if (received_at < forgotten_at) this.#shown.delete(key);
    }
  }

  /** The newest step that was shown of a command: of one that has ended there are no more. */
  #seqShown({ key }: AuditEntry): number {
    const open = this.#open.get(key);
    if (open !== undefined) return open.steps.at(-1)?.seq ?? 0;
    return this.#shown.has(key) ? Infinity : -1;
  }

  /** One that began long ago. */
  async #lookAt(entry: AuditEntry): Promise<void> {
    const events = await this.#client.eventsIfKnown(entry.id);
    const steps = stepsSince(entry.steps.at(-1)?.seq ?? 0, events, entry);
    if (steps.length > 0) this.#tell(withLaterSteps(entry, steps), steps);
  }

  #tell(entry: AuditEntry, steps: readonly CommandStep[]): void {
    this.#table.showSteps(entry, steps);
    this.#note(entry);
  }

  #note(entry: AuditEntry): void {
    const received_at = Date.parse(entry.received_at);
    this.#newest_at = Math.max(this.#newest_at, received_at);
    this.#shown.set(entry.key, received_at);
    if (entry.ended_at === null) this.#open.set(entry.key, entry);
    else this.#open.delete(entry.key);
  }

  #recent(): Promise<readonly AuditEntry[]> {
    const { limit: _, ...wanted } = this.#options;
    return this.#read({ ...wanted, since: this.#newest_at - overlap_ms });
  }

  #read(options: LogOptions): Promise<readonly AuditEntry[]> {
    return newest((query) => this.#client.commands(query), options);
  }
}
