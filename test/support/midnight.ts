import { setTimeout as pause } from 'node:timers/promises';

const day_ms = 86_400_000;

/** A day (UTC) begins anew: not in the midst of a test. Resolves when that is far enough away. */
export async function clearOfMidnight(): Promise<void> {
  const left_ms = day_ms - (Date.now() % day_ms);
  if (left_ms < 120_000) await pause(left_ms + 1_000);
}
