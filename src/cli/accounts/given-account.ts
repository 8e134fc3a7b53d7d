import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { account } from '../../config/accounts.js';
import { isTree, putValue, valueAt, type Tree } from '../../config/tree.js';
import { readYaml } from '../../config/yaml-source.js';
import { DefinitionFault } from './definitions.js';

/** What the options of `accounts add` say of the account. */
export interface GivenAccount {
  /** A YAML file with keys of the account. */
  readonly from?: string;
  readonly backend?: string;
  readonly region?: string;
  readonly brand?: string;
  readonly username?: string;
  readonly language?: string;
  readonly passwordFile?: string;
  readonly pinFile?: string;
}

const asGiven = ['backend', 'region', 'brand', 'username', 'language'] as const;
const paths = [
  ['password_file'],
  ['pin_file'],
  ['simulator', 'control_file'],
  ['simulator', 'log_file'],
];

/** The keys and values of an account without the secrets that are still to be asked for. Its paths are absolute. */
export async function treeOf(given: GivenAccount): Promise<Tree> {
  const tree = given.from === undefined ? {} : await treeOfFile(given.from);
  for (const key of asGiven) if (given[key] !== undefined) tree[key] = given[key];
  if (given.passwordFile !== undefined) tree['password_file'] = resolve(given.passwordFile);
  if (given.pinFile !== undefined) tree['pin_file'] = resolve(given.pinFile);
  return tree;
}

async function treeOfFile(file: string): Promise<Tree> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    throw new DefinitionFault(`--from: expected a file that can be read, got ${code}`);
  });
  const { value, faults } = readYaml(text, { file, line: 1, column: 1 }, account);
  const [first] = faults;
  if (first !== undefined) throw new DefinitionFault(first.message);
  if (!isTree(value)) throw new DefinitionFault(`${file}: expected the keys of an account`);
  for (const path of paths) {
    const named = valueAt(value, path);
    if (typeof named === 'string') putValue(value, path, resolve(dirname(file), named));
  }
  return value;
}

/** Whether somebody has to be asked for a secret. */
export function lacks(tree: Tree, key: 'password' | 'pin'): boolean {
  return tree[key] === undefined && tree[`${key}_file`] === undefined;
}
