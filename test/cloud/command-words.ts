import type { CarCommand } from '../../src/vehicle/simulated-command.js';
import type { CarState } from '../../src/vehicle/simulated-state.js';
import { at, textAt } from './wire.js';

export type SeatLevel = CarState['climate']['seats']['front_left'];

const seatLevels: Readonly<Record<number, SeatLevel>> = {
  3: 'cool_low',
  4: 'cool_medium',
  5: 'cool_high',
  6: 'heat_low',
  7: 'heat_medium',
  8: 'heat_high',
};

/** A seat's setting by the number that most makers have for it. */
export function seat(state: unknown): SeatLevel {
  return seatLevels[Number(state)] ?? 'off';
}

/** What `heating1` switches on; its 4 is the makers' second word for all of it. */
export function heats(heating1: unknown) {
  const code = Number(heating1 ?? 0);
  return {
    rear_window_heat: [1, 2, 4].includes(code),
    steering_wheel_heat: [1, 3, 4].includes(code),
  };
}

/** Limits in a list with an entry for each plug type: 0 is DC, 1 is AC. */
export function limits(list: unknown, level: string): CarCommand {
  const of = (plugType: number): number => {
    const entry: unknown = Array.isArray(list)
      ? list.find((one) => at(one, 'plugType') === plugType)
      : undefined;
    return Number(at(entry, level));
  };
  return { name: 'charge_limits', ac: of(1), dc: of(0) };
}

/** A clock with twelve hours and, as `timeSection`, the half of the day. */
export interface HalfDayTime {
  readonly time: string;
  readonly timeSection: number;
}

/** `HH:MM` of 24 hours. */
export function fromHalfDay(value: unknown): string {
  const text = textAt(value, 'time');
  const hours = (Number(text.slice(0, 2)) % 12) + 12 * Number(at(value, 'timeSection'));
  return `${String(hours).padStart(2, '0')}:${text.slice(2, 4)}`;
}

export function toHalfDay(clock: string): HalfDayTime {
  const hours = Number(clock.slice(0, 2));
  const shown = String(hours % 12 === 0 ? 12 : hours % 12).padStart(2, '0');
  return { time: `${shown}${clock.slice(3, 5)}`, timeSection: hours < 12 ? 0 : 1 };
}
