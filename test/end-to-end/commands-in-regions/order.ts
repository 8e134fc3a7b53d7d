import type { CarCommand } from '../../../src/vehicle/simulated-command.js';
import type { CarState } from '../../../src/vehicle/simulated-state.js';

/** What is published on a command's topic, but for the id. */
export type Payload = string | number | Readonly<Record<string, unknown>>;

export interface Message {
  readonly command: string;
  readonly payload: Payload;
}

/** Something that a car is told, and what has to come of it. */
export interface Order {
  /** Sent at once, one after the other, where there are several. */
  readonly messages: readonly Message[];
  /** What somebody has made of the car before. */
  readonly before?: Partial<Omit<CarState, 'at'>>;
  /** What the car carries out, each once and no more; nothing for what the bridge keeps for itself. */
  readonly does: readonly CarCommand[];
  /** What is then true of the car. */
  readonly truth?: Truth;
  /** What the state document shows, by places with dots. */
  readonly shows: Readonly<Record<string, unknown>>;
}

/** Of what has parts, only the parts that are named. */
type Truth = {
  readonly [Key in keyof CarState]?: CarState[Key] extends readonly unknown[]
    ? CarState[Key]
    : Partial<CarState[Key]>;
};

export function titleOf({ messages }: Order): string {
  return messages
    .map(({ command, payload }) => `${command} ${JSON.stringify(payload)}`)
    .join(' and ');
}
