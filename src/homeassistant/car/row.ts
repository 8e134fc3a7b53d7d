import type { Entity } from '../entity.js';
import type { Car } from '../subject.js';

export type Row = Entity<Car>;

export const tells = (path: string) => (car: Car) => car.tells(path);
export const can =
  (command: string, ...words: readonly string[]) =>
  (car: Car) =>
    car.can(command, ...words);
export const hasRange = (command: string) => (car: Car) => car.range(command) !== undefined;

/** A distance, a temperature and so on: what these have in common wherever they stand. */
export const km = { device_class: 'distance', unit: 'km', precision: 0 } as const;
export const celsius = { device_class: 'temperature', unit: '°C', precision: 1 } as const;
export const percent = { unit: '%', precision: 0 } as const;
export const minutes = { device_class: 'duration', unit: 'min', precision: 0 } as const;

export const press = (name: string, word: string) =>
  ({
    platform: 'button',
    command: { name, words: [word] },
    options: { payload_press: word },
    when: can(name, word),
  }) as const;

/** Corners of a car, in the order in which they are read. */
export const corners = [
  ['fl', 'front_left', 'front left'],
  ['fr', 'front_right', 'front right'],
  ['rl', 'rear_left', 'rear left'],
  ['rr', 'rear_right', 'rear right'],
] as const;

/** Home Assistant logs an error at each message for a number out of range, such as a limit that was set in the car. */
export function numberOptions(car: Car, name: string, path: string, mode: 'box' | 'slider') {
  const range = car.range(name);
  if (range === undefined) return {};
  const { min, max, step, unit } = range;
  const isWithin = `${String(min)} <= now <= ${String(max)}`;
  return {
    ...{ min, max, step, unit_of_measurement: unit, mode },
    value_template: `{% set now = value_json.${path} %}{{ now if now is not none and ${isWithin} else None }}`,
  };
}

/** The choices of a command, as Home Assistant sends them. */
export function wordsOf(car: Car, name: string, all: readonly (string | number)[]): string[] {
  return (car.values(name) ?? all).map(String);
}
