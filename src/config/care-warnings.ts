import { subjectOf, type Origins } from './fault.js';
import type { Config } from './schema.js';

/** A charge that is older than a day lets no wake pass, and gaps may be a tenth longer. */
const longestForceEvery_ms = 21 * 3_600_000;

/** What was set and can hardly do what was meant. */
export function careWarnings({ guards, polling }: Config, origins: Origins): string[] {
  const { force_every_ms } = polling;
  if (force_every_ms === null || force_every_ms <= longestForceEvery_ms) return [];
  if (guards.aux_battery_min === null) return [];
  const path = ['polling', 'force_every'];
  return [
    `${subjectOf(path, origins.of(path))}: a car that has not told the charge of its 12 V battery for 24 hours is not woken by the bridge; at most 21h, or guards.aux_battery_min: off`,
  ];
}
