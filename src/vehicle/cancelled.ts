/** What became of a look at a command that somebody wants to cancel. */
export type Cancelled = 'ended' | 'too_late' | 'unknown_id';

/** What was found of an id by who knows it. */
export function firstKnown(found: readonly Cancelled[]): Cancelled {
  return found.find((one) => one !== 'unknown_id') ?? 'unknown_id';
}
