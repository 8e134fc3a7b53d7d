import type { AccountOutput } from './account-options.js';
import type { AuditTrail } from './audit-trail.js';
import type { BridgeState } from './bridge-state.js';
import type { CommandHistory } from './dispatch/command-history.js';
import { stepEvent, type LiveEvents } from './http/live-events.js';

export interface StepListeners {
  readonly history: CommandHistory;
  readonly live: LiveEvents;
  readonly state: BridgeState;
  readonly auditTrail: () => Pick<AuditTrail, 'refused'>;
}

/** Who hears what accounts do, besides the broker: those who follow a command, look on, or read the log later. */
export function createStepListeners({
  history,
  live,
  state,
  auditTrail,
}: StepListeners): Pick<AccountOutput, 'step' | 'changed' | 'trouble' | 'carsChanged'> {
  return {
    step: (event, source) => {
      history.note(event);
      live.tell(stepEvent(event));
      if (event.seq === 0) auditTrail().refused(event, source);
    },
    carsChanged: () => undefined,
    changed: () => {
      state.changed();
    },
    trouble: (reason) => {
      state.trouble(reason);
    },
  };
}
