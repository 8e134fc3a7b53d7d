const longestText = 2000;
const mark = '[redacted]';

/** Tokens as they look in messages and tracebacks, whoever they belong to. */
const shapes = [
  /\beyJ[\w-]{8,}(\.[\w-]+){1,2}/g,
  /\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi,
  /\b(password|passwd|pwd|pin|otp|secret|[a-z_]*token|authorization|cookie)(["']?\s*[:=]\s*["']?)[^\s"'&,;}]+/gi,
];

/** Takes the given secrets and all that looks like a token out of a text, and bounds its length. */
export function createRedaction(secrets: readonly string[]): (text: string) => string {
  const longestFirst = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
    .sort((a, b) => b.length - a.length);
  return (text) => {
    let safe = text;
    for (const secret of longestFirst) safe = safe.replaceAll(secret, mark);
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
