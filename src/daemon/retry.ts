import { pause } from './pause.js';

/** The one policy for everything that tries again (configuration: `retry`). */
export interface RetryPolicy {
  readonly initial_ms: number;
  readonly factor: number;
  readonly max_ms: number;
  /** Share of the delay by which it may be longer or shorter, 0…1. */
  readonly jitter: number;
  /** Tries after which it is given up; without one it never is. */
  readonly limit?: number;
}

/** The delay before try number `attempt` + 1 (`attempt` counts from 1), or undefined once the limit is reached. */
export function retryDelay(
  policy: RetryPolicy,
  attempt: number,
  random: () => number = Math.random,
): number | undefined {
  if (policy.limit !== undefined && attempt >= policy.limit) return undefined;
  const plain = Math.min(policy.max_ms, policy.initial_ms * policy.factor ** (attempt - 1));
  return plain * (1 + policy.jitter * (2 * random() - 1));
}

/** Calls `work` until it succeeds. Ends early, with undefined, when the signal aborts or the limit is reached. */
export async function retryUntilDone<T>(
  policy: RetryPolicy,
  work: () => Promise<T>,
  onFailure: (error: unknown, delay_ms: number) => void,
  signal: AbortSignal,
): Promise<T | undefined> {
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const delay_ms = retryDelay(policy, attempt);
      if (delay_ms === undefined) return undefined;
      onFailure(error, delay_ms);
      await pause(delay_ms, signal);
    }
  }
  return undefined;
}
