import { KnownSecrets } from '../../daemon/redaction.js';

const longestText = 2000;
const mark = '[redacted]';

/** Tokens as they look in messages and tracebacks, whoever they belong to. */
const shapes = [
  /\beyJ[\w-]{8,}(\.[\w-]+){1,2}/g,
  /\bBasic\s+[\w.~+/=-]{8,}/gi,
  /\b(password|passwd|pwd|pin|otp|secret|[a-z_]*token|authorization|cookie)(["']?\s*[:=]\s*["']?)[^\s"'&,;}]+/gi,
];

/** Takes the given secrets and all that looks like a token out of a text, and bounds its length. */
export function createRedaction(secrets: readonly string[]): (text: string) => string {
  // What Python says holds no times of ours that a short PIN could be a part of.
  const known = new KnownSecrets(1);
  known.add(...secrets);
  return (text) => {
    let safe = known.hideIn(text);
    for (const shape of shapes) safe = safe.replace(shape, mark);
    return safe.length > longestText ? `${safe.slice(0, longestText)}…` : safe;
  };
}

/** The texts inside a session that are long enough to be a token. Vehicle numbers of 17 characters stay readable. */
export function secretsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.length >= 16 && value.length !== 17 ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(secretsIn);
}
