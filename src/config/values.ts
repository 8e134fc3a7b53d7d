import { z } from 'zod';

export function text(maxLength: number) {
  const error = `a text of 1 to ${String(maxLength)} characters`;
  return z.string({ error }).min(1, { error }).max(maxLength, { error });
}

/** A path of a file or folder; a relative one starts at the folder of the configuration file. */
export const path = (description: string) => text(4096).meta({ type: 'path', description });

/** A secret's value, whatever gave it (the key, its file, or the folder of credentials). */
export const secret = (what: string) =>
  z
    .string({ error: what })
    .min(1, { error: what })
    .max(4096, { error: `${what}, at most 4096 characters` })
    .meta({ type: 'text, secret', description: `${capital(what)}.` });

/** The key `x_file` beside the secret `x`: the Config holds what was read from it as `x`. */
export const secretFile = path('A file with that secret, in its place.').exactOptional();

export function number(min: number, max: number) {
  const error = `a number from ${String(min)} to ${String(max)}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
}

export function wholeNumber(min: number, max: number) {
  const error = `a whole number from ${String(min)} to ${String(max)}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
