import { setTimeout as pause } from 'node:timers/promises';

/** The promise, or an error that names `what` was waited for. */
export async function within<T>(
  promise: Promise<T>,
  timeout_ms: number,
  what: () => string,
): Promise<T> {
  const stop = new AbortController();
  const late = pause(timeout_ms, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`waited ${String(timeout_ms)} ms for ${what()}`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
    late.catch(() => undefined);
  }
}

/** For what tells nobody when it changes (a process table, a file). Everything else is awaited itself. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  timeout_ms: number,
  what: () => string,
): Promise<void> {
  const end = performance.now() + timeout_ms;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${String(timeout_ms)} ms for ${what()}`);
    await pause(20);
  }
}
