import { retryUntilDone, type RetryPolicy } from '../daemon/retry.js';
import { settlesWithin } from '../daemon/settles-within.js';

export interface NewestWriteOptions<T> {
  readonly put: (value: T) => Promise<void>;
  readonly retry: RetryPolicy;
  readonly onTrouble: (error: unknown) => void;
  /** Ends what is still tried. */
  readonly signal: AbortSignal;
}

/** A disk that does not answer must not hold up who waits for it. */
const patience_ms = 5000;

/**
 * Writes values of which only the newest matters. One that cannot be written is tried again until it is, or until a
 * newer one is there. Resolves when the first try has ended, or after 5 s; never rejects.
 */
export function createNewestWrite<T>({ put, retry, onTrouble, signal }: NewestWriteOptions<T>) {
  let superseded = new AbortController();
  return async (value: T): Promise<void> => {
    superseded.abort();
    superseded = new AbortController();
    const over = AbortSignal.any([signal, superseded.signal]);
    await new Promise<void>((resolve) => {
      const written = retryUntilDone(
        retry,
        () => put(value),
        (error) => {
          onTrouble(error);
          resolve();
        },
        over,
      );
      void settlesWithin(written, patience_ms).then(() => {
        resolve();
      });
    });
  };
}
