import { failure, type Failure } from '../../vehicle/outcome.js';
import type { Operation } from '../../vehicle/task.js';
import { NetworkError, ReplyError, type Reply } from './http-watch.js';
import { limitIn, waitOfLimit } from './limits.js';
import { at } from './values.js';

/** The backend itself ends or refuses a task. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly failure: Failure;

  constructor(why: Failure) {
    super(why.message);
    this.failure = why;
  }
}

/** The vendor answered, but not with what was asked for. */
export class OddAnswer extends Error {
  override readonly name = 'OddAnswer';
}

export interface Trouble {
  readonly operation: Operation;
  /** Requests that the task has sent. */
  readonly requests: number;
  /** The newest answer of the vendor in the call that failed. */
  readonly reply: Reply | undefined;
}

const neverConnected: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
]);

/** What ended a task, in the contract's words. No text of the library or the vendor goes into it. */
export function failureOf(error: unknown, trouble: Trouble): Failure {
  if (error instanceof Refused) return error.failure;
  if (error instanceof NetworkError) {
    const message = `the vendor's cloud could not be reached (${error.code})`;
    const sent = trouble.requests > 0 && !neverConnected.has(error.code);
    return failure('unavailable', message, { sent });
  }
  const reply = error instanceof ReplyError ? error.reply : trouble.reply;
  const refusal = reply && refusalOf(reply, trouble);
  if (refusal !== undefined) return refusal;
  if (reply !== undefined) {
    const message = `the vendor's cloud answered with something that is not an answer (HTTP ${reply.status})`;
    return failure('unavailable', message, sentOf(trouble));
  }
  const name = error instanceof Error ? error.name : typeof error;
  return failure('internal', `the library failed unexpectedly (${name})`, sentOf(trouble));
}

/** Past the deadline: what was sent may have reached the vendor, and a wake the car. */
export function overdue({ operation, requests }: Omit<Trouble, 'reply'>): Failure {
  const sent = requests > 0;
  return failure('timeout', 'no answer in time; the call was abandoned', {
    sent,
    ...(sent && operation === 'force' ? { outcome: 'unknown' } : {}),
  });
}

const sentOf = ({ requests }: Trouble) => ({ sent: requests > 0 });

/** The password is used once more only where the vendor itself has refused the refresh token. */
export function refusesRefresh(error: unknown): boolean {
  if (!(error instanceof ReplyError)) return false;
  const { status, body } = error.reply;
  return [400, 401, 404].includes(status) || (status === 403 && typeof body === 'object');
}

const unsupportedWords = ['Feature Status is OFF', 'subscription status'];

function refusalOf(reply: Reply, trouble: Trouble): Failure | undefined {
  const { status, body } = reply;
  const said = typeof body === 'string' ? '' : JSON.stringify(body);
  const mark = markOf(reply);
  const limit = limitIn(status, said);
  if (limit !== undefined) {
    const message = `the vendor's request limit is reached${limit === 'daily' ? ' for today' : ''}${mark}`;
    const wait = waitOfLimit(limit, reply.retryAfter_s);
    return failure('rate_limited', message, { ...sentOf(trouble), ...wait });
  }
  if (unsupportedWords.some((words) => said.includes(words))) {
    const message = `the car's subscription lacks this service${mark}`;
    return failure('unsupported', message, sentOf(trouble));
  }
  if (said.includes('C400_1') || said.includes('validatePIN')) {
    return failure('pin_rejected', `the vendor refused the PIN${mark}`, sentOf(trouble));
  }
  if (isAuthRefusal(reply)) {
    const message = `the vendor refused the credentials or the session${mark}`;
    // A refused session has done nothing: a wake may be tried anew with the next one.
    return failure('auth_failed', message, { sent: false });
  }
  if (status >= 400) {
    const message = `the vendor's cloud refused the request or is out of order${mark}`;
    return failure('unavailable', message, sentOf(trouble));
  }
  return undefined;
}

/** An error page with such a status is of a firewall or gateway, and says nothing of a password. */
function isAuthRefusal({ status, body }: Reply): boolean {
  if (typeof body !== 'object' || body === null) return false;
  return status === 401 || String(at(body, 'errorCode')) === '401';
}

const codeShape = /^[\w-]{1,20}$/;

function markOf({ status, body }: Reply): string {
  const codes = [at(body, 'errorCode'), at(body, 'errorSubCode')]
    .filter((code) => typeof code === 'string' || typeof code === 'number')
    .map(String)
    .filter((code) => codeShape.test(code));
  return ` (${[`HTTP ${status}`, ...codes].join(', ')})`;
}
