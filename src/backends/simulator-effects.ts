import { appendFileSync, readFileSync } from 'node:fs';
import type { RemoteAction } from '../vehicle/remote-action.js';
import type { Operation } from '../vehicle/task.js';

/**
 * One line of `log_file`. `done` is written when the answer is there, never for a task that failed or timed out. Of a
 * command `taken` says that the vendor has it, and `executed` that the car has done it; each is written once, even when
 * the thread that does it is killed, and `at` is the time at which it happened.
 */
export interface SimulatorEffect {
  readonly at: string;
  readonly operation: Operation;
  readonly vehicle: string | null;
  readonly attempt: string;
  readonly command_id: string | null;
  readonly phase: 'started' | 'done' | 'taken' | 'executed';
  /** Of a command. */
  readonly action?: RemoteAction;
  /** Of `trips`. */
  readonly period?: string;
  /** Of `taken` and `executed`. */
  readonly action_id?: string;
}

/** The file of effects; without one they are told to nobody. */
export class EffectLog {
  readonly #file: string | undefined;

  constructor(file: string | undefined) {
    this.#file = file;
  }

  /** At once: a line must not die with a terminated thread. O_APPEND keeps lines whole. */
  append(effects: readonly SimulatorEffect[]): void {
    if (this.#file === undefined || effects.length === 0) return;
    appendFileSync(this.#file, effects.map((one) => `${JSON.stringify(one)}\n`).join(''));
  }

  /** Those that the file does not hold; each is known by its action and phase. */
  missing(effects: readonly SimulatorEffect[]): SimulatorEffect[] {
    if (this.#file === undefined || effects.length === 0) return [];
    const written = readFileSync(this.#file, { encoding: 'utf8', flag: 'a+' });
    return effects.filter((one) => !written.includes(`${JSON.stringify(one)}\n`));
  }
}
