import type { Failure, FailureCode } from '../vehicle/outcome.js';
import type { Result } from '../vehicle/task.js';

export function success(result: Result, requests: number) {
  return { ok: true as const, result, requests, library: 'simulator' };
}

export function refusal(why: Failure, requests: number) {
  return { ok: false as const, failure: why, requests, library: 'simulator' };
}

/** Endings that say nothing of the car; every other one is an answer, and an answer that refuses has done nothing. */
const silences: readonly FailureCode[] = [
  'timeout',
  'interrupted',
  'vehicle_timeout',
  'unavailable',
  'internal',
];

/** A failed command may have been carried out all the same where the vendor took it, or nobody knows. */
export function ofCommand(why: Failure, isTaken: boolean): Failure {
  const isOpen = isTaken || (why.sent !== false && silences.includes(why.code));
  return isOpen ? { ...why, sent: true, outcome: 'unknown' } : why;
}
