import { refreshCommandSchema, type RefreshCommand } from '../vehicle/command.js';
import type { JournalRecord } from '../vehicle/journal-record.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import type { RemoteActionName } from '../vehicle/remote-action.js';
import { remoteCommandSchema, tripsCommandSchema } from '../vehicle/remote-command.js';
import { actionNameOf } from './remote-plan.js';

/** What becomes of a command that the journal holds without an ending. */
export type Resumption =
  | { readonly is: 'refresh'; readonly command: RefreshCommand }
  | { readonly is: 'job' }
  | { readonly is: 'expired' }
  | {
      readonly is: 'interrupted';
      readonly failure: Failure;
      /** What may have been done to the car. */
      readonly perhaps?: RemoteActionName | undefined;
    };

export interface ResumptionFacts {
  /** Whether the car still is one of the account's. */
  readonly isKnown: boolean;
  /** Its deadline has passed, or may have. */
  readonly isLate: boolean;
}

/** A refresh and a job go on where they may; what reaches the car is never sent a second time. */
export function resumptionOf(
  { request, started }: JournalRecord,
  { isKnown, isLate }: ResumptionFacts,
): Resumption {
  const remote = remoteCommandSchema.safeParse(request);
  if (remote.success) {
    return started ? perhapsDone(actionNameOf(remote.data)) : interrupted;
  }
  if (!isKnown) return interrupted;
  if (isLate && !started) return { is: 'expired' };
  if (tripsCommandSchema.safeParse(request).success) return { is: 'job' };
  const refresh = refreshCommandSchema.safeParse(request);
  if (isLate || !refresh.success) return interrupted;
  return { is: 'refresh', command: afterRestart(refresh.data, started) };
}

const message = 'the bridge was restarted before this was done';

const interrupted: Resumption = { is: 'interrupted', failure: failure('interrupted', message) };

function perhapsDone(perhaps: RemoteActionName | undefined): Resumption {
  const reason = failure('interrupted', message, { outcome: 'unknown' });
  return { is: 'interrupted', failure: reason, perhaps };
}

/** A wake that had left before the crash is not repeated: the cloud is asked first. */
function afterRestart(command: RefreshCommand, started: boolean): RefreshCommand {
  return started && command.mode === 'force' ? { ...command, mode: 'smart' } : command;
}
