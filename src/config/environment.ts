import { z } from 'zod';
import type { ConfigFault, Origins, TreePath } from './fault.js';
import { configSchema } from './schema.js';
import { knownKeys, schemaAt, schemaOf, takesText, written } from './schema-path.js';
import { secretNames } from './describe-value.js';
import { isTree, putValue, removeValue, valueAt } from './tree.js';
import type { Tree } from './tree.js';
import { readYaml } from './yaml-source.js';

export type Environment = Readonly<Record<string, string | undefined>>;

const prefix = 'BLUELINK2MQTT_';
const fileVariable = `${prefix}CONFIG`;

/** Kubernetes sets these in every container for a service that is named like the bridge. */
const serviceLinks = /^BLUELINK2MQTT_(?:SERVICE_(?:HOST|PORT)|PORT)(?:_|$)/;

/** The file that the environment names. */
export const namedFile = (env: Environment): string | undefined =>
  env[fileVariable] === '' ? undefined : env[fileVariable];

/**
 * Puts what the environment says over what the file says. A name is the path in capitals with `__` between its
 * levels; an empty value counts as none.
 */
export function applyEnvironment(tree: Tree, origins: Origins, env: Environment): ConfigFault[] {
  const names = Object.keys(env).filter(
    (name) => name.startsWith(prefix) && name !== fileVariable && !serviceLinks.test(name),
  );
  const paths = new Map(names.map((name) => [name, pathOf(name.slice(prefix.length), tree)]));
  const given = new Set([...paths.values()].map((path) => path.join('.')));
  return [...paths].flatMap(([name, path]) => {
    const text = env[name] ?? '';
    if (text === '') return [];
    const other = counterpart(path);
    if (other !== undefined && !given.has(other.join('.'))) removeValue(tree, other);
    return putText(tree, origins, path, text, name);
  });
}

/** Puts a text under a path, typed as the schema wants it: as it stands, or read as YAML. */
export function putText(
  tree: Tree,
  origins: Origins,
  path: TreePath,
  text: string,
  name: string,
): readonly ConfigFault[] {
  const origin = { file: `environment ${name}` };
  const schema = schemaAt(configSchema, path);
  if (schema === undefined || takesText(schema)) {
    if (putValue(tree, path, text)) origins.set(path, origin);
    return [];
  }
  const { value, faults } = readYaml(text, origin, schema);
  if (faults.length === 0 && putValue(tree, path, value)) origins.set(path, origin);
  return faults;
}

/** A secret and its file exclude each other: the environment's one replaces the file's other. */
function counterpart(path: TreePath): TreePath | undefined {
  const key = path.at(-1);
  const secret = secretNames.find((name) => key === name || key === `${name}_file`);
  if (secret === undefined) return undefined;
  return [...path.slice(0, -1), key === secret ? `${secret}_file` : secret];
}

function pathOf(name: string, tree: Tree): TreePath {
  const path: (string | number)[] = [];
  let schema: unknown = configSchema;
  for (const level of name.split('__')) {
    const key = keyOf(level, schema, valueAt(tree, path));
    path.push(key);
    schema = schemaOf(schema, key);
  }
  return path;
}

function keyOf(level: string, schema: unknown, present: unknown): string | number {
  const inner = written(schema);
  if (inner instanceof z.ZodArray && /^\d{1,3}$/.test(level)) return Number(level);
  if (inner instanceof z.ZodRecord) {
    const ids = isTree(present) ? Object.keys(present) : [];
    return ids.find((id) => id.toUpperCase() === level.toUpperCase()) ?? level;
  }
  const lower = level.toLowerCase();
  return knownKeys(inner).find((key) => key === lower) ?? lower;
}
