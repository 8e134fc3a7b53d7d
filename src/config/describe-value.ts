import type { TreePath } from './fault.js';

export const secretNames = [
  'password',
  'pin',
  'token',
  'encryption_key',
  'previous_encryption_key',
] as const;

const maxShown = 60;

function isSecret(path: TreePath): boolean {
  return path.some((key) => (secretNames as readonly (string | number)[]).includes(key));
}

/** What came, for a fault. Never a secret, nor what stands where a whole section was expected. */
export function describeValue(value: unknown, path: TreePath, expectsScalar = true): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a group of keys';
  if (isSecret(path) || !expectsScalar) return kindOf(value);
  const shown =
    typeof value === 'string' ? `"${withoutCredentials(value)}"` : JSON.stringify(value);
  return shown.length > maxShown ? `${shown.slice(0, maxShown)}…` : shown;
}

function kindOf(value: unknown): string {
  if (value === '') return 'an empty text';
  if (typeof value === 'string') return 'a text';
  return typeof value === 'number' ? 'a number' : 'true or false';
}

/** A URL can carry a user's name and password, and a token in its query. */
function withoutCredentials(value: string): string {
  return value.replace(/^([a-z]+:\/\/)?.*@/is, '$1…@').replace(/\?.*$/s, '?…');
}
