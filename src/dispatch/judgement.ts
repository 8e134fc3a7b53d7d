import type { Clock } from '../daemon/clock.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import type { RemoteAction } from '../vehicle/remote-action.js';
import type { Outcome } from '../vehicle/task.js';
import type { Confirmation, Sent, Verdict } from './confirmation.js';

export interface JudgementOptions {
  readonly clock: Clock;
  readonly confirmation: Pick<Confirmation, 'ofTaken' | 'ofLost'>;
  /** Sends what is left of an action whose first part is confirmed; undefined where it cannot leave now. */
  readonly sendRest: (
    vehicle: string,
    action: RemoteAction,
    commandId: string,
  ) => Promise<Outcome | undefined>;
  /** An action is with the vendor, or may be. */
  readonly taken: (vehicle: string, action: RemoteAction) => void;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** What was sent, as of when the last of it was. */
  readonly sent: Sent;
}

/** Finds out what became of an action whose call has ended. `confirming` is told that the vendor took it. */
export async function judge(
  options: JudgementOptions,
  sent: Sent,
  outcome: Outcome,
  confirming: (actionId: string | null) => void,
): Promise<Judgement> {
  const { confirmation, taken } = options;
  if (!outcome.ok) {
    if (outcome.failure.outcome !== 'unknown') return { verdict: failed(outcome.failure), sent };
    taken(sent.vehicle, sent.action);
    return { verdict: await confirmation.ofLost(sent, outcome.failure), sent };
  }
  if (outcome.result.operation !== 'command') return { verdict: failed(noAnswer), sent };
  const { action_id, follow_up, rest } = outcome.result;
  taken(sent.vehicle, sent.action);
  confirming(action_id);
  const first = rest === undefined ? sent : { ...sent, action: firstHalf(sent.action) };
  const verdict = await confirmation.ofTaken(first, follow_up);
  if (verdict.is === 'failed' || rest === undefined) return { verdict, sent };
  const at = options.clock.now();
  return { verdict: await ofRest(options, { ...sent, action: rest, at }), sent: { ...sent, at } };
}

/** It ended before it left. */
export function unsent(outcome: Outcome): Verdict {
  return failed(outcome.ok ? noAnswer : outcome.failure);
}

async function ofRest(options: JudgementOptions, rest: Sent): Promise<Verdict> {
  const { confirmation, sendRest } = options;
  const outcome = await sendRest(rest.vehicle, rest.action, rest.commandId);
  const verdict = await ofRestSent(confirmation, rest, outcome);
  if (verdict.is === 'done') return verdict;
  const { message, ...more } = verdict.failure;
  const half = `the charging part of the schedule is set, the rest is not: ${message}`;
  // Half of it is done: nothing is as before.
  return failed({ ...more, message: half, sent: true, outcome: 'unknown' });
}

function ofRestSent(
  confirmation: JudgementOptions['confirmation'],
  rest: Sent,
  outcome: Outcome | undefined,
): Promise<Verdict> | Verdict {
  if (outcome === undefined) return failed(failure('unavailable', 'it could not be sent'));
  if (!outcome.ok) {
    return outcome.failure.outcome === 'unknown'
      ? confirmation.ofLost(rest, outcome.failure)
      : failed(outcome.failure);
  }
  const followUp = outcome.result.operation === 'command' ? outcome.result.follow_up : null;
  return confirmation.ofTaken(rest, followUp);
}

const noAnswer = failure('internal', 'the answer was none to a command', {
  outcome: 'unknown',
  sent: true,
});

function failed(reason: Failure): Verdict {
  return { is: 'failed', failure: reason };
}

/** Of a schedule that goes in two halves, the charging comes first. */
function firstHalf(action: RemoteAction): RemoteAction {
  return action.name === 'schedule' ? { ...action, part: 'charge' } : action;
}
