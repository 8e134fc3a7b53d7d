import { span } from './time.js';

/** @typedef {import('../../vehicle/outcome.js').FailureCode} FailureCode */
/** @typedef {import('../../vehicle/life-cycle.js').Status} Status */
/** @typedef {import('../../vehicle/life-cycle.js').Decision} Decision */

/**
 * What each code means to a person, and what to do.
 * @type {Readonly<Record<FailureCode, readonly [what: string, toDo: string]>>}
 */
const failures = {
  invalid_payload: ['What was entered does not fit', 'Mend what the message names.'],
  unknown_command: ['The bridge knows no such command', 'Reload the page: it may be an older one.'],
  unknown_vehicle: ['No account has this car any more', 'Reload the page.'],
  unknown_id: ['This command is not known, or is over', 'There is nothing left to cancel.'],
  id_reused: ['Another command has this id', 'Send it again.'],
  too_late: ['It has started already', 'What has started is carried through.'],
  unsupported: ['This car does not offer it', 'The maker may offer it in its own app only.'],
  not_allowed: [
    'The configuration does not allow it',
    'Whoever runs the bridge can add it to commands.allow, or switch commands.read_only off.',
  ],
  retained: ['A retained message is never run', 'Send it without retain.'],
  queue_full: ['Too many commands wait', 'Wait until some are done, or clear the queue.'],
  busy: ['The same job of this car runs already', 'Wait for it, or cancel it under “Under way”.'],
  not_ready: [
    'The bridge is not ready for it',
    'The cars are not listed yet, or its clock is not set. Try again in a minute.',
  ],
  not_stored: [
    'The disk did not take the command, so it was not run',
    'Look whether the disk of the bridge is full or broken.',
  ],
  breaker_open: [
    "The maker's cloud failed too often in a row",
    'Nothing is sent for a while. It is tried again by itself, or now: reset the breaker.',
  ],
  battery_guard: [
    'The 12 V battery is low, and a wake would drain it further',
    'Read the cloud instead, or drive the car for a while.',
  ],
  rate_limited: ['A limit of requests is reached', 'Wait until it is over.'],
  auth_failed: [
    'The maker refuses the user name, the password or the session',
    'Put the right ones into the configuration, then sign in under “Accounts”.',
  ],
  otp_required: ['The maker wants a one-time code', 'Enter it under “Accounts”.'],
  consent_required: [
    'The maker wants its terms accepted',
    "Sign in once with the maker's own app or page, then under “Accounts”.",
  ],
  pin_rejected: [
    'The maker refuses the PIN, or none is configured',
    'Put the PIN of its app into the configuration (pin_file). A wrong one is not tried again.',
  ],
  duplicate_request: [
    'The car was busy with another command all the time',
    'Try again in a minute.',
  ],
  vehicle_timeout: [
    'The car did not answer',
    'It may be out of coverage, or in deep sleep after days without use. Try later.',
  ],
  vehicle_refused: [
    'The car or its maker refused it',
    'Is a door open, the cable not plugged in, or is it being driven?',
  ],
  timeout: ['There was no answer in time', 'Try again.'],
  unavailable: [
    "The maker's cloud cannot be reached, or is out of order",
    'Is there an internet connection? Else wait: it is tried again by itself.',
  ],
  interrupted: ['The bridge was restarted meanwhile', 'Try again.'],
  internal: ['Something unexpected happened', "The bridge's log says more."],
};

const maybeDone =
  'Nobody knows whether the car has done it. Look at the car, or wake and read it, before you try again.';

/**
 * A failure as a person can use it. The bridge's own words are one of them: they name what is meant.
 * @param {{ code?: string | undefined, message?: string | undefined, outcome?: string | undefined }} failure
 * @returns {{ what: string, toDo: string, detail: string }}
 */
export function inPlainWords({ code = '', message = '', outcome }) {
  const [what, toDo] = failures[/** @type {FailureCode} */ (code)] ?? ['It failed', ''];
  const detail = [code, message].filter((part) => part !== '').join(': ');
  return { what, toDo: outcome === 'unknown' ? maybeDone : toDo, detail };
}

/** @type {Readonly<Record<Status, string>>} */
const statuses = {
  accepted: 'Waiting',
  running: 'Sending',
  confirming: 'Confirming',
  progress: 'Running',
  succeeded: 'Done',
  failed: 'Failed',
  rejected: 'Refused',
  expired: 'Expired',
  superseded: 'Replaced',
  cancelled: 'Cancelled',
};

/** @param {string} status */
export function statusWord(status) {
  return statuses[/** @type {Status} */ (status)] ?? status;
}

/** @type {Readonly<Record<string, string>>} */
const endings = {
  action_status: 'The maker says that the car has done it.',
  state: 'The car has reported since, and shows it.',
  nothing: 'The maker has taken it; there is nothing to look at.',
};

/** @type {Readonly<Record<Decision, string>>} */
const decisions = {
  fresh_enough: "The car's report was new enough: it was not woken.",
  forced: 'The report was too old: the car was woken and read.',
  joined: 'Another wake was under way and served both.',
  wake_lane_busy: 'The car was busy all the time: it was not woken.',
  guard_aux_battery: 'Not woken: the 12 V battery is low, or has not been told for a day.',
  guard_gap: 'Not woken: it was woken a short time ago.',
  guard_budget: 'Not woken: the rest of the budget is kept for people.',
  breaker_open: "Not woken: the maker's cloud fails at the moment.",
};

/**
 * What a step of a command says to a person, in one sentence.
 * @param {Omit<Partial<import('../../vehicle/life-cycle.js').LifeCycleEvent>, 'status'> & { status: string }} step
 */
export function stepWords(step) {
  switch (step.status) {
    case 'accepted':
      return (step.position ?? 0) > 0 ? `Stored; ${step.position} before it.` : 'Stored, and next.';
    case 'running':
      return 'Handed to the maker.';
    case 'confirming':
      return 'The maker has it; waiting for the car.';
    case 'progress':
      return step.phase === 'paused' ? `Paused: ${reasonWords(step.reason)}.` : 'Goes on.';
    case 'succeeded':
      return (
        decisions[/** @type {Decision} */ (step.decision ?? '')] ??
        endings[step.confirmed_by ?? ''] ??
        'Done.'
      );
    case 'expired':
      return 'It did not start in time; nothing was done.';
    case 'superseded':
      return 'A later command took its place before it started.';
    case 'cancelled':
      return 'Cancelled before it was done.';
    default:
      return inPlainWords(step).what + '.';
  }
}

/** @type {Readonly<Record<string, string>>} */
const reasons = {
  interval: 'the usual interval',
  charging: 'the car charges',
  charge_end: 'charging should be over by then',
  budget: 'so that the budget lasts for the day',
  failed: 'the last poll failed',
  quiet_hours: 'quiet hours',
  guard_budget: 'what is left of the budget is kept for people',
  rate_limited: "the maker's own limit holds",
  breaker_open: "the maker's cloud fails",
  not_ready: 'the account or the clock is not ready',
  otp_required: 'the maker wants a one-time code',
  auth_failed: 'the maker refuses the account',
  consent_required: 'the maker wants its terms accepted',
  guard_aux_battery: 'the 12 V battery is low, or not told for a day',
  guard_gap: 'woken a short time ago',
  allowed: 'allowed',
};

/** Why something waits, pauses or is planned. @param {string | null | undefined} reason */
export function reasonWords(reason) {
  return reason === null || reason === undefined ? '' : (reasons[reason] ?? reason);
}

/** @type {Readonly<Record<string, string>>} */
const accountStates = {
  ready: 'Signed in',
  signing_in: 'Signing in',
  otp_required: 'Wants a one-time code',
  refused: 'Refused',
  unreachable: 'Not reachable',
};

/** @param {string} state */
export function accountWords(state) {
  return accountStates[state] ?? state;
}

/**
 * @param {number | undefined} retry_after_s
 */
export function retryWords(retry_after_s) {
  return retry_after_s === undefined ? '' : `Try again in ${span(retry_after_s * 1000)}.`;
}
