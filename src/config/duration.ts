import { z } from 'zod';

const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof unitsMs;
const isUnit = (text: string | undefined): text is Unit =>
  text !== undefined && Object.hasOwn(unitsMs, text);

/** A duration such as `90s`, `30m`, `4h`, `1d` or `200ms`, in milliseconds; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,3})?)\s?([a-z]+)$/.exec(text) ?? [];
  if (amount === undefined || !isUnit(unit)) return undefined;
  return Math.round(Number(amount) * unitsMs[unit]);
}

/** The shortest way to write a number of milliseconds as a duration: the inverse of `parseDuration`. */
export function formatDuration(ms: number): string {
  const largest = (['d', 'h', 'm', 's'] as const).find(
    (unit) => ms > 0 && ms % unitsMs[unit] === 0,
  );
  return largest === undefined ? `${String(ms)}ms` : `${String(ms / unitsMs[largest])}${largest}`;
}

export interface DurationBounds {
  readonly min: string;
  readonly max: string;
}

function bound(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new RangeError(`expected a duration as a bound, got "${text}"`);
  return ms;
}

/** Reads a duration and yields milliseconds; `words` are allowed in its place and yield null. */
function durationSchema<T>(bounds: DurationBounds, words: Readonly<Record<string, T>>) {
  const [min, max] = [bound(bounds.min), bound(bounds.max)];
  const range = `${bounds.min} to ${bounds.max}`;
  const expected = [...Object.keys(words), `a duration from ${range}, such as 90s, 30m, 4h or 1d`];
  const message = expected.join(' or ');
  return z
    .string({ error: message })
    .transform((text, context): number | T => {
      const word = Object.hasOwn(words, text) ? words[text] : undefined;
      if (word !== undefined) return word;
      const ms = parseDuration(text);
      if (ms !== undefined && ms >= min && ms <= max) return ms;
      context.issues.push({ code: 'custom', message, input: text });
      return z.NEVER;
    })
    .meta({ type: [...Object.keys(words), `duration, ${range}`].join(' or ') });
}

export const duration = (bounds: DurationBounds) => durationSchema<never>(bounds, {});

/** As `duration`, where the word (`off`, `never`, `auto`) yields null. */
export const durationOr = (word: string, bounds: DurationBounds) =>
  durationSchema<null>(bounds, { [word]: null });
