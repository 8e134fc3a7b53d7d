import type { AuditEntry } from '../vehicle/audit-entry.js';
import type { CommandSource } from '../vehicle/command-source.js';
import type { CommandStep } from '../vehicle/command-step.js';
import type { Terminal } from './terminal.js';

export interface LogTableOptions {
  readonly id?: string;
  readonly json?: boolean;
  readonly steps?: boolean;
}

/** Prints commands for a person, in columns, or as a JSON object on each line for a program. */
export class LogTable {
  readonly #terminal: Pick<Terminal, 'say'>;
  readonly #asJson: boolean;
  readonly #withSteps: boolean;
  readonly #widths: number[] = [];

  constructor(terminal: Pick<Terminal, 'say'>, { id, json, steps }: LogTableOptions) {
    this.#terminal = terminal;
    this.#asJson = json === true;
    this.#withSteps = steps ?? id !== undefined;
  }

  /** One line for each command, and its steps below where they are wanted. */
  show(entries: readonly AuditEntry[]): void {
    if (this.#asJson) {
      for (const entry of entries) this.#json(entry);
      return;
    }
    const rows = entries.map((entry) => ({ entry, cells: cellsOf(entry) }));
    for (const { cells } of rows) this.#fit(cells);
    for (const { entry, cells } of rows) {
      this.#terminal.say(this.#line(cells));
      if (!this.#withSteps) continue;
      for (const step of entry.steps) this.#terminal.say(stepLine(step));
    }
  }

  /** What has happened to one command: each new step, or as JSON all of it. */
  showSteps(entry: AuditEntry, steps: readonly CommandStep[]): void {
    if (this.#asJson) {
      this.#json(entry);
      return;
    }
    for (const step of steps) {
      const cells = cellsOf(entry, step);
      this.#fit(cells);
      this.#terminal.say(this.#line(cells));
    }
  }

  #json(entry: AuditEntry): void {
    this.#terminal.say(JSON.stringify(entry));
  }

  #fit(cells: readonly string[]): void {
    for (const [column, cell] of cells.entries()) {
      this.#widths[column] = Math.max(this.#widths[column] ?? 0, cell.length);
    }
  }

  #line(cells: readonly string[]): string {
    const padded = cells.map((cell, column) => cell.padEnd(this.#widths[column] ?? 0));
    return padded.join('  ').trimEnd();
  }
}

/** @param step The one that the line tells; without it the newest, at the time when the command came. */
function cellsOf(entry: AuditEntry, step?: CommandStep): string[] {
  const { id, vehicle, command, value, source, received_at } = entry;
  const told = step ?? entry.steps.at(-1);
  const words = [command ?? '', ...(value === undefined ? [] : [plain(value)])];
  return [
    localTime(step?.at ?? received_at),
    vehicle ?? 'bridge',
    words.join(' '),
    told?.status ?? entry.status,
    id,
    sourceWords(source),
    told === undefined ? '' : detailsOf(told),
  ].map(printable);
}

function stepLine(step: CommandStep): string {
  const time = localTime(step.at, 'with milliseconds').slice('yyyy-mm-dd '.length);
  return printable(`    ${time}  ${step.status.padEnd(10)}  ${detailsOf(step)}`).trimEnd();
}

function sourceWords(source: CommandSource | null): string {
  if (source === null) return '-';
  const { via, topic, response_topic, client } = source;
  return [
    topic ?? via,
    ...(client === undefined ? [] : [`client=${client}`]),
    ...(response_topic === undefined ? [] : [`answers=${response_topic}`]),
  ].join(' ');
}

/** What a step says besides its time and status; a message, which is prose, at the end. */
function detailsOf(step: CommandStep): string {
  const { seq: _s, at: _a, status: _t, retryable: _r, message, ...details } = step;
  const words = Object.entries(details).map(([name, value]) => `${name}=${plain(value)}`);
  return [...words, ...(message === undefined ? [] : [message])].join(' ');
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function localTime(time: string, precision?: 'with milliseconds'): string {
  const at = new Date(time);
  // ISO 8601 of a clock that is set to local time.
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString();
  return local.slice(0, precision === undefined ? 19 : 23).replace('T', ' ');
}

/** Whoever may publish chooses topics and names: nothing in them may reach into the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\u{fffd}');
}
