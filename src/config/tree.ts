import type { TreePath } from './fault.js';

/** What a YAML file holds, before it is checked: objects, lists and scalars. */
export type Tree = Record<string, unknown>;

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

function child(container: unknown, key: string | number): unknown {
  if (isList(container)) return typeof key === 'number' ? container[key] : undefined;
  if (isTree(container) && Object.hasOwn(container, key)) return container[key];
  return undefined;
}

export function valueAt(tree: unknown, path: TreePath): unknown {
  return path.reduce(child, tree);
}

/**
 * Puts a value into the tree, with the objects and lists on its way. Where something else is in the way it stays,
 * so that it is found as the fault that it is. Tells whether the value is there now.
 */
export function putValue(tree: Tree, path: TreePath, value: unknown): boolean {
  let container: unknown = tree;
  for (const [depth, key] of path.entries()) {
    const isLast = depth === path.length - 1;
    const existing = child(container, key);
    const next = isLast ? value : (existing ?? emptyFor(path[depth + 1]));
    if (!put(container, key, next)) return false;
    container = next;
  }
  return true;
}

const emptyFor = (key: string | number | undefined): unknown => (typeof key === 'number' ? [] : {});

function put(container: unknown, key: string | number, value: unknown): boolean {
  if (isList(container) && typeof key === 'number') {
    // A gap would be a hole in the list: it becomes an entry that lacks everything.
    while (container.length < key) container.push({});
    container[key] = value;
    return true;
  }
  if (!isTree(container) || typeof key === 'number') return false;
  Object.defineProperty(container, key, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
  return true;
}

export function removeValue(tree: Tree, path: TreePath): void {
  const container = valueAt(tree, path.slice(0, -1));
  const key = path.at(-1);
  if (isTree(container) && key !== undefined) Reflect.deleteProperty(container, key);
}
