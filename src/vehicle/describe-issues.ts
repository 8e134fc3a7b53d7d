import type { z } from 'zod';

const shown = 60;
const mostNamed = 5;

/** How a value that came is shown. */
type Show = (value: unknown) => string;

/** A validation error in one line: each field, what was expected and what came. */
export function describeIssues(error: z.ZodError, input: unknown): string {
  return error.issues.map((issue) => describe(issue, input, preview)).join('; ');
}

/** The same for input that may hold a secret anywhere: what came is only said to be something else. */
export function describeSecretIssues(error: z.ZodError, input: unknown): string {
  return error.issues.map((issue) => describe(issue, input, hidden)).join('; ');
}

function describe(issue: z.core.$ZodIssue, input: unknown, show: Show): string {
  const said = issue.message.replace(/^Invalid input: /, '').replace(/, received .*$/, '');
  const expected = said.includes('expected') ? said : `expected ${said}`;
  if (issue.code === 'unrecognized_keys') {
    return describeUnknown(issue.keys, valueAt(input, issue.path), show);
  }
  const field = issue.path.map(String).join('.') || 'payload';
  return `${field}: ${expected}, got ${show(valueAt(input, issue.path))}`;
}

function describeUnknown(keys: readonly string[], holder: unknown, show: Show): string {
  const named = keys
    .slice(0, mostNamed)
    .map((key) => `${shorten(key)}: expected no such field, got ${show(valueAt(holder, [key]))}`);
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

function preview(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return value === undefined ? 'nothing' : shorten(JSON.stringify(value));
}

function hidden(value: unknown): string {
  return value === undefined ? 'nothing' : 'something else';
}

function shorten(text: string): string {
  return text.length > shown ? `${text.slice(0, shown)}…` : text;
}
