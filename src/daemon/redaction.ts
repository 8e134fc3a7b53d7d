const hidden = '[redacted]';
const maxDepth = 10;

/** Keys, in lower case and without `_` and `-`, whose values are secrets whatever they are. */
const secretKeys = new Set([
  ...['password', 'passwd', 'pin', 'secret', 'clientsecret', 'otp', 'otpcode', 'passcode'],
  ...['token', 'sid', 'session', 'sessionid', 'cookie', 'cookies', 'setcookie', 'authorization'],
]);
const secretEnding = /(?:token|password|secret)$/;

/** A word such as `breaker_open` or `ENOENT`, or the status of a process: a code that names a kind of failure. */
const failureWord = /^(?:[a-z]+(?:_[a-z0-9]+)*|[A-Z]+(?:_[A-Z0-9]+)*)$/;

function isSecret(key: string, value: unknown): boolean {
  if (value === null || value === undefined || typeof value === 'boolean') return false;
  const plain = key.toLowerCase().replaceAll(/[_-]/g, '');
  if (plain === 'code') return !isFailureCode(value);
  return secretKeys.has(plain) || secretEnding.test(plain);
}

/** A one-time code or a vendor's sign-in code goes by the same key as the code of a failure. */
function isFailureCode(value: unknown): boolean {
  if (typeof value === 'number') return value < 1_000;
  return typeof value === 'string' && value.length <= 40 && failureWord.test(value);
}

/**
 * A copy of anything that can be written as JSON, in which what stands under a secret's key is hidden, at any depth.
 * Errors become plain objects `{type, message, stack, cause?, …}`; what is deeper than 10 levels is left out.
 */
export function redactByKey(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth >= maxDepth) return '[deeper]';
  if (ArrayBuffer.isView(value)) return `[${String(value.byteLength)} bytes]`;
  if (Array.isArray(value)) return value.map((item: unknown) => redactByKey(item, depth + 1));
  return Object.fromEntries(
    fieldsOf(value).map(([key, field]) => [key, redactField(key, field, depth + 1)]),
  );
}

/** One value under its key: hidden, or with its own secrets hidden. */
export function redactField(key: string, value: unknown, depth = 0): unknown {
  return isSecret(key, value) ? hidden : redactByKey(value, depth);
}

function fieldsOf(value: object): [string, unknown][] {
  if (value instanceof Map) return Object.entries(Object.fromEntries<unknown>(value));
  if (!(value instanceof Error)) return Object.entries(value);
  const { name, message, stack, cause } = value;
  const own = Object.entries(value).filter(([key]) => key !== 'name');
  return [
    ...Object.entries({ type: name, message, stack, ...(cause === undefined ? {} : { cause }) }),
    ...own,
  ];
}

const inForms =
  /\b((?:[a-z_]*(?:password|token|secret)|pin|sid|code|otp)=)(?!\[redacted\])[^\s"'&,;)}\\]+/gi;
const inHeaders = /\b(Bearer\s+)[\w.~+/=-]+/gi;

/** Shorter ones would hide parts of times and numbers, and tell more than they hide. */
const usualShortest = 6;

/** The secrets that are known by value, so that they can be hidden in texts of others. */
export class KnownSecrets {
  readonly #shortest: number;
  /** The longest first: one secret may be a part of another. */
  #forms: readonly string[] = [];

  constructor(shortest = usualShortest) {
    this.#shortest = shortest;
  }

  add(...secrets: readonly string[]): void {
    const forms = secrets.filter(({ length }) => length >= this.#shortest).flatMap(formsOf);
    if (forms.length === 0) return;
    const all = new Set([...this.#forms, ...forms]);
    this.#forms = [...all].toSorted((one, other) => other.length - one.length);
  }

  /** The text without known secrets, and without what stands after `password=`, `code=` or `Bearer`. */
  hideIn(text: string): string {
    let result = text;
    for (const form of this.#forms) result = result.replaceAll(form, hidden);
    return result.replace(inForms, `$1${hidden}`).replace(inHeaders, `$1${hidden}`);
  }
}

/** A secret as it is, and as it looks in JSON, in a form and in an address. */
function formsOf(secret: string): string[] {
  const inForm = new URLSearchParams([['', secret]]).toString().slice(1);
  return [secret, JSON.stringify(secret).slice(1, -1), inForm, encodeURIComponent(secret)];
}
