import type { seatLevels } from './state.js';

/** What the makers' numbers for a seat mean, by the number. */
export const seatLevelByNumber = [
  'off',
  'heat_high',
  'off',
  'cool_low',
  'cool_medium',
  'cool_high',
  'heat_low',
  'heat_medium',
  'heat_high',
] as const satisfies readonly (typeof seatLevels)[number][];
