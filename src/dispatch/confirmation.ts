import type { Clock } from '../daemon/clock.js';
import { pause } from '../daemon/pause.js';
import { settlesWithin } from '../daemon/settles-within.js';
import { effectsOf, shows } from '../vehicle/effect.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import type { RemoteAction } from '../vehicle/remote-action.js';
import { isReportedAfter } from '../vehicle/state-document.js';
import type { VehicleReport } from '../vehicle/state.js';
import type { ActionStatus, FollowUp, Outcome } from '../vehicle/task.js';

export interface ConfirmationOptions {
  readonly clock: Clock;
  /** Between questions after an action; null: the region's own rhythm. */
  readonly poll_ms: number | null;
  /** How long the vendor is asked. */
  readonly for_ms: number;
  /** After that, the gaps between reads of the car's stored state. */
  readonly read_back_ms: readonly number[];
  /** How long one read is waited for. */
  readonly patience_ms: number;
  /** What the vendor says of the action; undefined where it cannot be asked now. */
  readonly status: (sent: Sent, actionId: string) => Promise<Outcome | undefined>;
  /** Reads the stored state; undefined where it could not be read. */
  readonly read: (vehicle: string, signal: AbortSignal) => Promise<VehicleReport | undefined>;
}

/** An action that may have reached the car. */
export interface Sent {
  readonly vehicle: string;
  readonly commandId: string;
  readonly action: RemoteAction;
  /** Epoch milliseconds, before it left. */
  readonly at: number;
}

export type Verdict =
  | { readonly is: 'done'; readonly by: 'action_status' | 'state' | 'nothing' }
  | { readonly is: 'failed'; readonly failure: Failure };

/** How often the vendor may not know an action, or not answer at all, before the car's state is looked at instead. */
const mostUnknown = 3;
const mostFailed = 3;

type Asked = 'succeeded' | 'over' | 'failed' | 'timeout' | 'undecided' | 'cut_off';

const unanswered = failure('vehicle_timeout', 'the car has not shown that it did it', {
  outcome: 'unknown',
  sent: true,
});
const refusedByCar = failure('vehicle_refused', 'the car refused it', { sent: true });
const cutOff = failure('interrupted', 'the bridge was stopped before it was confirmed', {
  outcome: 'unknown',
  sent: true,
});

/** Finds out what became of an action that may have reached the car. Never rejects. */
export class Confirmation {
  readonly #options: ConfirmationOptions;
  readonly #stopping = new AbortController();

  constructor(options: ConfirmationOptions) {
    this.#options = options;
  }

  /** The vendor took it. */
  async ofTaken(sent: Sent, followUp: FollowUp | null): Promise<Verdict> {
    const asked = followUp === null ? 'undecided' : await this.#ask(sent, followUp);
    switch (asked) {
      case 'succeeded':
        return { is: 'done', by: 'action_status' };
      case 'failed':
        return { is: 'failed', failure: refusedByCar };
      case 'cut_off':
        return { is: 'failed', failure: cutOff };
      case 'timeout':
        return this.#readBack(sent, { is: 'failed', failure: unanswered });
      case 'over':
      case 'undecided':
        return this.#readBack(sent, { is: 'done', by: 'nothing' });
    }
  }

  /** It is not known whether the vendor took it. */
  ofLost(sent: Sent, lost: Failure): Promise<Verdict> {
    return this.#readBack(sent, { is: 'failed', failure: lost }, lost);
  }

  /** What is not known by now stays unknown. */
  stop(): void {
    this.#stopping.abort();
  }

  async #ask(sent: Sent, followUp: FollowUp): Promise<Asked> {
    const { clock, poll_ms, for_ms } = this.#options;
    const every_ms = poll_ms ?? followUp.every_s * 1000;
    const until = clock.monotonic() + for_ms;
    const most = followUp.most_polls ?? Infinity;
    const isSilent = silence();
    for (let polls = 0; polls < most && clock.monotonic() + every_ms <= until; polls += 1) {
      if (!(await this.#pause(every_ms))) return 'cut_off';
      const status = await this.#statusOf(sent, followUp.action_id);
      if (status === 'succeeded') return followUp.succeeded_means === 'done' ? status : 'over';
      if (status === 'failed' || status === 'timeout') return status;
      if (isSilent(status)) return 'undecided';
    }
    return 'undecided';
  }

  /** Undefined: the vendor could not be asked, which says nothing of the action. */
  async #statusOf(sent: Sent, actionId: string): Promise<ActionStatus | undefined> {
    const outcome = await this.#options.status(sent, actionId);
    if (outcome?.ok !== true || outcome.result.operation !== 'action_status') return undefined;
    return outcome.result.status;
  }

  /** `unreadable`: the verdict for what the car's state does not show; `lost`: what is said if the state does not help. */
  async #readBack(sent: Sent, unreadable: Verdict, lost = unanswered): Promise<Verdict> {
    const effects = effectsOf(sent.action);
    if (effects.length === 0) return unreadable;
    for (const gap_ms of this.#options.read_back_ms) {
      if (!(await this.#pause(gap_ms))) return { is: 'failed', failure: cutOff };
      const report = await this.#read(sent.vehicle);
      const isNews = report !== undefined && isReportedAfter(report, sent.at);
      if (isNews && shows(report, effects)) return { is: 'done', by: 'state' };
    }
    return { is: 'failed', failure: this.#isStopping() ? cutOff : lost };
  }

  /** A read that waits for its lane too long is given up: the next one may do better. */
  async #read(vehicle: string): Promise<VehicleReport | undefined> {
    const patience = new AbortController();
    const giveUp = AbortSignal.any([patience.signal, this.#stopping.signal]);
    const reading = this.#options.read(vehicle, giveUp);
    if (!(await settlesWithin(reading, this.#options.patience_ms))) patience.abort();
    return reading;
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** False where the bridge is being stopped. */
  async #pause(ms: number): Promise<boolean> {
    await pause(ms, this.#stopping.signal);
    return !this.#isStopping();
  }
}

/** Tells of each answer whether there have been so many in a row that say nothing that it is of no use to ask on. */
function silence(): (status: ActionStatus | undefined) => boolean {
  let unknown = 0;
  let failed = 0;
  return (status) => {
    unknown = status === 'unknown' ? unknown + 1 : 0;
    failed = status === undefined ? failed + 1 : 0;
    return unknown >= mostUnknown || failed >= mostFailed;
  };
}
