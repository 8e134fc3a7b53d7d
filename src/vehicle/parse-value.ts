import { z } from 'zod';
import { isWithin, type NumberLimits } from './command-limits.js';

const decimal = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/** One of some words, in any case. */
export function wordOf<const T extends readonly string[]>(words: T) {
  const error = expectedOf(words);
  return z
    .string({ error })
    .meta({ enum: [...words] })
    .transform((text) => text.trim().toLowerCase())
    .pipe(z.enum(words, { error }));
}

/** What else means a start or a stop. */
export const startOrStop = {
  start: 'start',
  on: 'start',
  true: 'start',
  1: 'start',
  stop: 'stop',
  off: 'stop',
  false: 'stop',
  0: 'stop',
} as const;

/** One of the words of a switch, which JSON's true and false and a number can mean, too. */
export function switchOf<T>(meanings: Readonly<Record<string, T>>, words: readonly string[]) {
  const error = expectedOf(words);
  const byWord = new Map(Object.entries(meanings));
  return z
    .union([z.string(), z.boolean(), z.number()], { error })
    .meta({ enum: [...byWord.keys(), true, false, 1, 0] })
    .transform((given, context): T => {
      const meaning = byWord.get(plainly(given));
      if (meaning !== undefined) return meaning;
      context.addIssue({ code: 'custom', message: error, input: given });
      return z.NEVER;
    });
}

/** A bare number comes as text. */
const numeric = (error: string, told: Readonly<Record<string, unknown>> = {}) =>
  z
    .union([z.number().meta(told), z.string()], { error })
    .transform((given) => (typeof given === 'number' ? given : numberIn(given)))
    .pipe(z.number({ error }));

/** Any number. */
export const anyNumber = numeric('number');

/** A number in steps. */
export function numberOf(limits: NumberLimits) {
  const error = expectedNumber(limits);
  return numeric(error, toldOf(limits)).refine((given) => isWithin(given, limits), { error });
}

/** One of some numbers. */
export function oneOfNumbers<T extends number>(numbers: readonly T[]) {
  const error = expectedOf(numbers.map(String));
  return numeric(error, { enum: numbers }).pipe(z.literal([...numbers], { error }));
}

/** A number in steps within an object, where text is none. */
export function numberField(limits: NumberLimits) {
  const error = expectedNumber(limits);
  return z
    .number({ error })
    .meta(toldOf(limits))
    .refine((given) => isWithin(given, limits), { error });
}

/** The limits in JSON Schema's words, for who reads the OpenAPI document. */
function toldOf({ min, max, step }: NumberLimits) {
  return { minimum: min, maximum: max, multipleOf: step };
}

function numberIn(text: string): number {
  const trimmed = text.trim();
  return decimal.test(trimmed) ? Number(trimmed) : NaN;
}

/** `1.0` is 1, `ON` is on. */
function plainly(given: string | number | boolean): string {
  if (typeof given !== 'string') return String(given);
  const number = numberIn(given);
  return Number.isNaN(number) ? given.trim().toLowerCase() : String(number);
}

function expectedNumber({ min, max, step, unit }: NumberLimits): string {
  const range = `${String(min)} to ${String(max)} ${unit}`;
  return step === 1 ? `${range}, whole` : `${range} in steps of ${String(step)}`;
}

/** `a`, `a or b`, `a, b or c`. */
function expectedOf(words: readonly string[]): string {
  return words.length < 2
    ? words.join('')
    : `${words.slice(0, -1).join(', ')} or ${words.slice(-1).join('')}`;
}
