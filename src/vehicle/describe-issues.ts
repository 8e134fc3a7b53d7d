import type { z } from 'zod';

const shown = 60;
const mostNamed = 5;
const mostIssues = 10;

/** How what came is shown. */
interface Show {
  readonly value: (value: unknown) => string;
  readonly field: (name: string) => string;
}

/** A validation error in one line: each field, what was expected and what came. */
export function describeIssues(error: z.ZodError, input: unknown): string {
  return describeAll(error, input, openly);
}

/**
 * The same for input that may hold a secret anywhere, in the name of a field too: what came is only said to be
 * something else.
 */
export function describeSecretIssues(error: z.ZodError, input: unknown): string {
  return describeAll(error, input, hidden);
}

/** A long list may be wrong in each of its entries: the first tell enough. */
function describeAll({ issues }: z.ZodError, input: unknown, show: Show): string {
  const named = issues.slice(0, mostIssues).map((issue) => describe(issue, input, show));
  const left = issues.length - named.length;
  return [...named, ...(left > 0 ? [`and ${String(left)} more`] : [])].join('; ');
}

function describe(issue: z.core.$ZodIssue, input: unknown, show: Show): string {
  const said = issue.message.replace(/^Invalid input: /, '').replace(/, received .*$/, '');
  const expected = said.includes('expected') ? said : `expected ${said}`;
  if (issue.code === 'unrecognized_keys') {
    return describeUnknown(issue, valueAt(input, issue.path), show);
  }
  const field = issue.path.map(String).join('.') || 'payload';
  return `${field}: ${expected}, got ${show.value(valueAt(input, issue.path))}`;
}

function describeUnknown(
  { keys, path }: z.core.$ZodIssueUnrecognizedKeys,
  holder: unknown,
  show: Show,
): string {
  const nameOf = (key: string): string => [...path.map(String), show.field(key)].join('.');
  const named = keys
    .slice(0, mostNamed)
    .map(
      (key) => `${nameOf(key)}: expected no such field, got ${show.value(valueAt(holder, [key]))}`,
    );
  const left = keys.length - named.length;
  return [...named, ...(left > 0 ? [`and ${String(left)} more fields`] : [])].join('; ');
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.entries(value).find(([name]) => name === String(key))?.[1];
  }
  return value;
}

const openly: Show = {
  value: (value) => {
    if (typeof value === 'number') return String(value);
    return value === undefined ? 'nothing' : shorten(JSON.stringify(value));
  },
  field: (name) => (name === '' ? '""' : shorten(name)),
};

const hidden: Show = {
  value: (value) => (value === undefined ? 'nothing' : 'something else'),
  field: (name) => (/^[a-z_]{1,32}$/i.test(name) ? name : 'another field'),
};

function shorten(text: string): string {
  return text.length > shown ? `${text.slice(0, shown)}…` : text;
}
