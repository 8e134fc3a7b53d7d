import { utc } from '../daemon/clock.js';
import type { Logger } from '../daemon/logger.js';
import type { Metrics, SignInResult, WakeReason } from '../daemon/metrics.js';
import type { LifeCycleEvent } from '../vehicle/life-cycle.js';
import type { Failure } from '../vehicle/outcome.js';
import { reachesCar, type Operation, type Outcome, type Task } from '../vehicle/task.js';
import type { ThreadNote } from '../vehicle/thread-note.js';
import type { BreakerState, CallClass } from './breaker.js';
import type { BudgetState } from './budget.js';
import type { SessionState } from './session-keeper.js';

export interface AccountLogOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly account: string;
  /** The topic id of a task's car. */
  readonly nameOf: (task: Task) => string | undefined;
  /** False from the second time on that anybody asks for this text. */
  readonly isNews: (message: string) => boolean;
}

const manyOf: readonly Operation[] = ['trips', 'action_status'];

/** What is written and counted of one account: every line of a command carries its id. */
export function createAccountLog({ log, metrics, account, nameOf, isNews }: AccountLogOptions) {
  const about = (task: Task) => ({
    attempt: task.attempt,
    operation: task.operation,
    command_id: task.command_id,
    vehicle: nameOf(task),
  });

  return {
    step(event: LifeCycleEvent, vehicle: string | null): void {
      const { id, command, value, status, code } = event;
      const context = { command_id: id, vehicle, command, value, status, failure: code };
      if (status === 'rejected') log.warn({ ...context, reason: event.message }, 'command');
      // A job says it every second, for hours.
      else log[status === 'progress' ? 'debug' : 'info'](context, 'command');
      metrics.commandStep(event);
    },

    handedOver(task: Task): void {
      metrics.callLeft(task.operation);
      log.debug(about(task), 'call handed to a thread');
    },

    returned(task: Task, outcome: Outcome, duration: number): void {
      const code = outcome.ok ? undefined : outcome.failure.code;
      metrics.callReturned(account, task.operation, code, duration);
      const signIn = signInOf(task, outcome);
      if (signIn !== undefined) metrics.signedIn(account, signIn);
      if (hasWoken(task, outcome)) metrics.woken(account, wakeReasonOf(task));
      const duration_ms = Math.round(duration);
      if (outcome.ok) {
        // Of a command or a job there are many, and its own steps are told.
        const level = manyOf.includes(task.operation) ? 'debug' : 'info';
        log[level]({ ...about(task), duration_ms }, 'call returned');
      } else {
        const { code: failure, message: reason } = outcome.failure;
        log.info({ ...about(task), duration_ms, failure, reason }, 'call returned');
      }
    },

    terminated(task: Task): void {
      metrics.threadTerminated(account);
      log.error(about(task), 'a thread did not keep its deadline and was terminated');
    },

    pollFailed(vehicle: string | undefined, { code, message }: Failure): void {
      // A limit is told once, by the budget.
      const level = code === 'rate_limited' ? 'debug' : 'warn';
      log[level]({ vehicle, failure: code, reason: message }, 'a poll failed');
    },

    budget(state: BudgetState, resets_at: string): void {
      switch (state) {
        case 'ok':
          log.info({ budget: state }, 'the budget lets polls and jobs go on');
          return;
        case 'reserve':
          log.warn(
            { budget: state, resets_at },
            'what is left of the daily budget is kept for people: polls, jobs and wakes of smart wait',
          );
          return;
        case 'blocked':
          log.warn({ budget: state, resets_at }, "the maker's limit is reached: nothing is sent");
          return;
      }
    },

    /** `task`: undefined where it is given up by now. */
    requestSent(task: Task | undefined): void {
      metrics.vendorRequest(account, task?.operation);
    },

    polled(operation: 'cached' | 'force', { ok }: Outcome): void {
      metrics.polled(account, operation, ok);
    },

    noted(note: ThreadNote): void {
      switch (note.kind) {
        case 'request':
          // Told with its task by `requestSent`.
          return;
        case 'log': {
          const { attempt, command_id, level, message, once } = note;
          if (once !== true || isNews(message)) log[level]({ attempt, command_id }, message);
          return;
        }
        case 'process':
          log.debug({ pid: note.pid }, `process ${note.event}`);
          if (note.event === 'started') metrics.processStarted(account);
          if (note.event === 'killed') metrics.processKilled(account);
          return;
      }
    },

    /** `advised`: the reason with what a person can do, where somebody has to. */
    session(state: SessionState, advised: Failure | undefined): void {
      switch (state.is) {
        case 'ready':
        case 'signing_in':
          log.info({ state: state.is }, 'account');
          return;
        case 'unreachable':
          log.warn(reasonOf(state), unreachableWords(state.reason));
          return;
        case 'otp_required':
        case 'refused':
          log.error(reasonOf(state, advised), 'the account waits for a person');
          return;
      }
    },

    sessionEndsSoon(session_expires_at: string): void {
      log.warn(
        { session_expires_at },
        `the session ends soon; where the maker then wants a code: "bluelink2mqtt login ${account}"`,
      );
    },

    breaker(callClass: CallClass, state: BreakerState): void {
      metrics.breakerChanged(account, callClass, state.is);
      const context = { class: callClass, state: state.is };
      switch (state.is) {
        case 'open': {
          const { reason, retry_at } = state;
          log.warn(
            { ...context, reason: reason.message, retry_at: utc(retry_at) },
            'breaker opened',
          );
          return;
        }
        case 'half_open':
          log.info(context, 'breaker lets one call through');
          return;
        case 'closed':
          log.info(context, 'breaker closed');
          return;
      }
    },

    notStored(err: unknown, what: string): void {
      log.warn({ err }, `${what} could not be stored`);
    },
  };
}

/** How a sign-in ended; undefined of what was none. The last step of a one-time code opens the session, too. */
function signInOf({ operation }: Task, outcome: Outcome): SignInResult | undefined {
  if (outcome.ok) return outcome.result.operation === 'sign_in' ? 'ok' : undefined;
  if (operation !== 'sign_in') return undefined;
  switch (outcome.failure.code) {
    case 'otp_required':
      return 'otp_required';
    case 'auth_failed':
    case 'pin_rejected':
    case 'consent_required':
      return 'refused';
    default:
      return 'failed';
  }
}

/** Whether it may have reached the car. */
function hasWoken({ operation }: Task, outcome: Outcome): boolean {
  return reachesCar(operation) && (outcome.ok || outcome.failure.sent !== false);
}

function wakeReasonOf({ operation, command_id }: Task): WakeReason {
  if (operation === 'command') return 'command';
  return command_id === undefined ? 'bridge' : 'refresh';
}

function reasonOf(state: Extract<SessionState, { reason: Failure }>, told = state.reason) {
  return { state: state.is, failure: told.code, reason: told.message };
}

/** A refusal that is not the last one yet has reached the maker. */
function unreachableWords({ code }: Failure): string {
  return code === 'auth_failed'
    ? 'the maker refuses the account; it is tried again, three times at most'
    : 'the account cannot be reached';
}
