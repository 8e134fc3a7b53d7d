import type { Origins, TreePath } from './fault.js';
import { isTree, valueAt } from './tree.js';

/** Settings that are checked but do nothing yet in this version; a `*` stands for every account or car. */
export const unbuiltKeys: readonly string[] = [
  'mqtt.legacy_topics',
  'commands.read_only',
  'commands.rate',
  'polling',
  'budget',
  'guards',
  'confirm',
  'home_assistant',
  'http',
];

/** Backends that the schema knows and this version does not have. */
export const unbuiltBackends: readonly string[] = ['bluelinky'];

/** One warning for each part that someone has set and that has no effect. What is switched off needs none. */
export function unbuiltWarnings(tree: unknown, origins: Origins): string[] {
  const settings = unbuiltKeys
    .map((key) => key.split('.'))
    .filter((path) => isUsed(valueAt(tree, path)));
  const accounts = valueAt(tree, ['accounts']);
  const backends = (Array.isArray(accounts) ? accounts : []).flatMap((account: unknown, index) =>
    isTree(account) && unbuiltBackends.includes(String(account['backend']))
      ? [['accounts', index, 'backend'] satisfies TreePath]
      : [],
  );
  return [
    ...settings.map((path) => `${place(path, origins)}: has no effect in this version`),
    ...backends.map((path) => `${place(path, origins)}: is not in this version`),
  ];
}

function isUsed(value: unknown): boolean {
  if (isTree(value)) return value['enabled'] !== false && value['discovery'] !== 'off';
  return value !== undefined && value !== false;
}

function place(path: TreePath, origins: Origins): string {
  const { file, line, column } = origins.of(path);
  const parts = [file, line, column].filter((part) => part !== undefined);
  return `${parts.join(':')} ${path.join('.')}`;
}
