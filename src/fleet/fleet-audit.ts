import type { AuditEntry, AuditPage } from '../vehicle/audit-entry.js';
import type { LifeCycleEvent } from '../vehicle/life-cycle.js';

/**
 * One page of those of all instances, newest first. It reaches down to where the first of them stopped reading: below
 * that a page would lack what this one has not read yet.
 */
export function mergePages(pages: readonly AuditPage[], limit: number): AuditPage {
  const ends = pages.flatMap(({ cursor }) => cursor ?? []);
  const horizon = ends.reduce((newest, end) => (end > newest ? end : newest), '');
  const entries = new Map<string, AuditEntry>();
  for (const entry of pages.flatMap(({ commands }) => commands)) {
    // An account that has just moved is in two pages.
    if (entry.key >= horizon) entries.set(entry.key, entry);
  }
  const sorted = [...entries.values()].sort((one, other) => (one.key > other.key ? -1 : 1));
  const commands = sorted.slice(0, limit);
  const last = commands.at(-1);
  if (sorted.length > limit && last !== undefined) return { commands, cursor: last.key };
  return { commands, cursor: horizon === '' ? null : horizon };
}

/** What the one that knows most has to say. A refusal (`seq` 0) is no part of the life of a command with this id. */
export function fullestLife(
  lives: readonly (readonly LifeCycleEvent[] | undefined)[],
): readonly LifeCycleEvent[] | undefined {
  const reach = (life: readonly LifeCycleEvent[]): number => life.at(-1)?.seq ?? -1;
  const known = lives.filter((life) => life !== undefined);
  return known.sort((one, other) => reach(other) - reach(one))[0];
}
