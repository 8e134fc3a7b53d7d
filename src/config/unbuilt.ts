import { subjectOf, type Origins } from './fault.js';
import { isTree, valueAt } from './tree.js';

/** Settings that are checked but do nothing yet in this version; a `*` stands for every account or car. */
export const unbuiltKeys: readonly string[] = ['http'];

/** One warning for each part that someone has set and that has no effect. What is switched off needs none. */
export function unbuiltWarnings(tree: unknown, origins: Origins): string[] {
  const settings = unbuiltKeys
    .map((key) => key.split('.'))
    .filter((path) => isUsed(valueAt(tree, path)));
  return settings.map(
    (path) => `${subjectOf(path, origins.of(path))}: has no effect in this version`,
  );
}

function isUsed(value: unknown): boolean {
  if (isTree(value)) return value['enabled'] !== false && value['discovery'] !== 'off';
  return value !== undefined && value !== false;
}
