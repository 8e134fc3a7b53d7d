import type { CarState } from '../../../src/vehicle/simulated-state.js';

export const flag = (value: boolean | null): 0 | 1 => (value ? 1 : 0);

export const plugTypes = { none: 0, dc: 1, portable: 2, ac: 3 } as const;

export const seatStates: Record<CarState['climate']['seats']['front_left'], number> = {
  off: 2,
  cool_low: 3,
  cool_medium: 4,
  cool_high: 5,
  heat_low: 6,
  heat_medium: 7,
  heat_high: 8,
};
