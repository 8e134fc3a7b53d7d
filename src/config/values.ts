import { z } from 'zod';

/** A text of one line; `maxLength` in characters. */
export const text = (maxLength: number) => z.string().min(1).max(maxLength);

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
export const secretFile = path('A file with that secret, in its place.').optional();

export const wholeNumber = (min: number, max: number) => z.int().min(min).max(max);

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
