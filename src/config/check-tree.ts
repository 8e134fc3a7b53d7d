import type { z } from 'zod';
import { describeValue } from './describe-value.js';
import { configFault } from './fault.js';
import type { ConfigFault, Origins, TreePath } from './fault.js';
import { knownKeys, schemaAt } from './schema-path.js';
import { valueAt } from './tree.js';

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

/** Checks each value by itself. The messages of the schema say what was expected. */
export function checkTree<T>(schema: z.ZodType<T>, tree: unknown, origins: Origins): Checked<T> {
  const parsed = schema.safeParse(tree, { error: expectedFor });
  if (parsed.success) return { ok: true, value: parsed.data };
  const faults = parsed.error.issues.flatMap((issue) => faultsOf(schema, issue, tree, origins));
  return { ok: false, faults };
}

const kinds: Partial<Record<string, string>> = {
  object: 'a group of keys',
  record: 'a group of keys',
  array: 'a list',
  boolean: 'true or false',
  string: 'a text',
};

/** What was expected, where the schema says nothing more precise. */
function expectedFor(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') return kinds[issue.expected] ?? issue.expected;
  if (issue.code === 'invalid_value') {
    const words = issue.values.map(String).join(', ');
    return issue.values.length > 1 ? `one of ${words}` : words;
  }
  if (issue.code === 'too_big') return `at most ${String(issue.maximum)}`;
  return undefined;
}

function faultsOf(
  schema: z.ZodType,
  issue: z.core.$ZodIssue,
  tree: unknown,
  origins: Origins,
): ConfigFault[] {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schemaAt(schema, path));
    return issue.keys.map((key) => unknownKey([...path, key], known, origins));
  }
  if (issue.code === 'invalid_key') {
    const expected = issue.issues[0]?.message ?? issue.message;
    return [configFault(path, origins.of(path), expected, 'another key')];
  }
  const expectsScalar = issue.code !== 'invalid_type' || !isContainer(issue.expected);
  const got = describeValue(valueAt(tree, path), path, expectsScalar);
  return [configFault(path, origins.of(path), issue.message, got)];
}

const isContainer = (expected: string): boolean => ['object', 'array', 'record'].includes(expected);

function unknownKey(path: TreePath, known: readonly string[], origins: Origins): ConfigFault {
  return configFault(
    path,
    origins.of(path),
    `one of the keys ${known.join(', ')}`,
    'an unknown key',
  );
}
