/** When the car had reported, as a read at `readAt` showed it. Epoch milliseconds. */
export interface LastRead {
  readonly reportedAt: number | null;
  readonly readAt: number;
}

/** Clocks differ a little: what was reported just before the wake is fresh too. */
const clockTolerance_ms = 60_000;
/** A read this long before the wake still says what the cloud knew then. */
const baseline_ms = 5 * 60_000;

/**
 * Whether the car reported because of a wake that began at `startedAt`. Mostly that is seen from the time itself; only
 * where the clocks differ by more than the tolerance does a read shortly before decide.
 */
export function hasAdvanced(
  reportedAt: number | null,
  before: LastRead | undefined,
  startedAt: number,
): boolean {
  if (reportedAt === null) return false;
  const known = before?.reportedAt ?? null;
  if (known !== null && reportedAt <= known) return false;
  if (reportedAt >= startedAt - clockTolerance_ms) return true;
  return known !== null && before !== undefined && startedAt - before.readAt <= baseline_ms;
}
