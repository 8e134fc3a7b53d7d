import { v7 as uuidv7 } from 'uuid';
import type { AccountOutput } from './account-options.js';
import type { Asked } from './bridge-api.js';
import { utc, type Clock } from './daemon/clock.js';
import type { Logger } from './daemon/logger.js';
import type { Metrics } from './daemon/metrics.js';
import { rejected } from './dispatch/admission.js';
import { refusalEvent } from './dispatch/refusal-event.js';
import type { Publisher } from './mqtt/publisher.js';
import { failure, wellKnown, type Failure } from './vehicle/outcome.js';

export interface UnknownTargetOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'commandStep'>;
  readonly output: Pick<AccountOutput, 'address'>;
  readonly publisher: Pick<Publisher, 'say'>;
  /** An account that has not listed its cars yet, and how it stands; undefined: all have. */
  readonly unlisted: () => { readonly name: string; readonly state: string } | undefined;
}

/** Answers commands for what no account has a car of that name for. */
export function createUnknownTarget(options: UnknownTargetOptions) {
  function refusal({ retained }: Asked): Failure {
    if (retained) return wellKnown.retained;
    const account = options.unlisted();
    if (account === undefined) {
      return failure('unknown_vehicle', 'no account has a car that is called so');
    }
    const { name, state } = account;
    return failure('not_ready', `the account ${name} has not listed its cars yet: it is ${state}`);
  }

  return {
    refuse(arrived: Asked, reason: Failure = refusal(arrived)): void {
      const { clock, log, metrics, output, publisher } = options;
      const at = utc(clock.now());
      const event = refusalEvent(rejected(reason), null, arrived, uuidv7(), at);
      arrived.onAnswer?.(event);
      publisher.say(output.address(event, arrived.response));
      log.warn({ target: arrived.target.slice(0, 64), failure: reason.code }, 'command refused');
      metrics.commandStep(event);
    },
  };
}
