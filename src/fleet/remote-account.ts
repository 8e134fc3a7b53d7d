import type { Clock } from '../daemon/clock.js';
import { pause } from '../daemon/pause.js';
import type { RefreshMode } from '../vehicle/command.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import {
  accountMethods,
  type AccountHold,
  type FleetRefreshable,
  type RefreshAnswer,
  type Refreshed,
  type RefreshParams,
} from './account-methods.js';
import { CallError } from './call-error.js';
import type { Directory } from './directory.js';
import type { InstanceCalls } from './instance-calls.js';

export interface RemoteAccountOptions {
  readonly clock: Clock;
  readonly calls: InstanceCalls;
  readonly directory: Pick<Directory, 'carsOf'>;
  /** The accounts of the whole fleet. */
  readonly accountNames: () => readonly string[];
  readonly ownerOf: (account: string) => string | undefined;
  /** Nobody waits for an account any more. */
  readonly signal: AbortSignal;
}

/** A refusal is believed for so long: then the account is asked anew. */
const believed_ms = 2000;
const answer_ms = 5000;
/** How long an owner waits for an account to be held no more before it says so. */
const patience_ms = 10_000;
/** An owner is looked for, and whether it still is the owner, so often. */
const look_ms = 250;
const again_ms = 1000;
const watch_ms = 5000;
/** A wake waits in the lane of its car for all that people want of it. */
const refreshed_ms = 3_600_000;

/** An account for a refresh of all cars, whichever instance has it, and however often that changes meanwhile. */
export class RemoteAccount implements FleetRefreshable {
  readonly name: string;
  readonly #options: RemoteAccountOptions;
  #refused: { readonly reason: Failure; readonly at: number } | null = null;
  #isHeld = false;

  constructor(name: string, options: RemoteAccountOptions) {
    this.name = name;
    this.#options = options;
  }

  readonly cars = () =>
    this.#options.directory
      .carsOf(this.name)
      .filter(({ is_gone }) => !is_gone)
      .map(({ id, topic_id }) => ({ id, topic_id }));

  readonly refusal = (): Failure | undefined => {
    if (this.#isRemoved()) return removed;
    if (this.#refused === null) return undefined;
    const age_ms = this.#options.clock.monotonic() - this.#refused.at;
    return age_ms < believed_ms ? this.#refused.reason : undefined;
  };

  readonly isHeld = (): boolean => this.#isHeld;

  readonly ready = async (
    onHeld: (hold: AccountHold) => void,
    signal: AbortSignal,
  ): Promise<boolean> => {
    const ended = AbortSignal.any([signal, this.#options.signal]);
    for (let wait_ms = 0; !ended.aborted && !this.#isRemoved(); wait_ms = patience_ms) {
      const { is, hold } = await this.#standing(wait_ms, ended);
      if (is === 'ready') return true;
      if (!isOver(ended)) onHeld(hold);
      if (is === 'refused') return false;
      if (is === 'away') await pause(again_ms, ended);
    }
    return false;
  };

  readonly refreshOne = async (
    vehicle: string,
    mode: RefreshMode,
    max_age_s: number | undefined,
    command_id: string,
  ): Promise<Refreshed | undefined> => {
    const { signal } = this.#options;
    let params = { account: this.name, vehicle, mode, max_age_s: max_age_s ?? null, command_id };
    while (!signal.aborted) {
      if (this.#isRemoved()) return failed(removed);
      const told = await this.#refreshOnce(params);
      if (told.is_here) return told.outcome ?? undefined;
      // A wake that may have left before its owner went away is not repeated: the cloud is asked first.
      if (told.may_have_run && mode === 'force') params = { ...params, mode: 'smart' };
      await pause(look_ms, signal);
    }
    return undefined;
  };

  /** How the account stands with its owner. Never rejects. */
  async #standing(wait_ms: number, signal: AbortSignal): Promise<Standing> {
    const owner = this.#options.ownerOf(this.name);
    if (owner === undefined) return this.#away;
    const options = { timeout_ms: wait_ms + answer_ms, signal };
    const params = { account: this.name, wait_ms };
    try {
      const told = await this.#options.calls.ask(owner, accountMethods.standing, params, options);
      if (!told.is_here) return this.#away;
      const { refusal, hold } = told;
      this.#isHeld = hold !== null;
      this.#refused = refusal && { reason: refusal, at: this.#options.clock.monotonic() };
      if (refusal !== null) return { is: 'refused', hold: holdOf(refusal) };
      return hold === null ? { is: 'ready', hold: undefined } : { is: 'held', hold };
    } catch (error) {
      if (error instanceof CallError) return this.#away;
      throw error;
    }
  }

  async #refreshOnce(params: RefreshParams): Promise<RefreshAnswer> {
    const owner = this.#options.ownerOf(this.name);
    if (owner === undefined) return { is_here: false, may_have_run: false };
    try {
      const told = await this.#askWhileOwner(owner, params);
      if (told.is_here) this.#isHeld = told.is_held;
      return told;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      const { trouble, mayHaveRun: may_have_run, message } = error;
      if (trouble === 'away') return { is_here: false, may_have_run };
      return { is_here: true, is_held: false, outcome: failed(failure('unavailable', message)) };
    }
  }

  async #askWhileOwner(owner: string, params: RefreshParams) {
    const { calls, ownerOf, signal } = this.#options;
    const moved = new AbortController();
    const looking = setInterval(() => {
      if (ownerOf(this.name) !== owner) moved.abort();
    }, look_ms);
    try {
      return await calls.ask(owner, accountMethods.refreshOne, params, {
        ...{ timeout_ms: refreshed_ms, watch_ms },
        signal: AbortSignal.any([moved.signal, signal]),
      });
    } finally {
      clearInterval(looking);
    }
  }

  #isRemoved(): boolean {
    return !this.#options.accountNames().includes(this.name);
  }

  get #away(): Standing {
    const message = `no instance answers for the account ${this.name} at the moment`;
    return { is: 'away', hold: { reason: 'not_ready', message } };
  }
}

type Standing =
  | { readonly is: 'ready'; readonly hold: undefined }
  | { readonly is: 'refused' | 'held' | 'away'; readonly hold: AccountHold };

const removed = failure('unknown_vehicle', 'no account has this car any more');

/** A signal may have aborted during any wait. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}

function holdOf({ code, message }: Failure): AccountHold {
  return { reason: code, message };
}

function failed(reason: Failure): Refreshed {
  return { ok: false, failure: reason };
}
