import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { account, type AccountConfig, type AccountOrigin } from './accounts.js';
import { checkTree } from './check-tree.js';
import { describeValue } from './describe-value.js';
import { configFault, Origins } from './fault.js';
import type { ConfigFault } from './fault.js';
import { resolveAccount } from './resolve-paths.js';
import { applyAccountSecrets, type SecretFolders } from './secrets.js';
import { isTree, type Tree } from './tree.js';
import { readYaml } from './yaml-source.js';

/** An account that has a place of its own: what is written there, and the account if nothing is wrong with it. */
export interface WrittenAccount {
  readonly name: string;
  readonly tree: Tree;
  readonly origins: Origins;
  readonly account: AccountConfig | undefined;
  readonly faults: readonly ConfigFault[];
  /** The files that have a part in it. */
  readonly files: readonly string[];
}

export interface AccountFile {
  readonly name: string;
  /** Absolute. */
  readonly file: string;
  /** The file as a person is shown it. */
  readonly shown: string;
  /** `$CREDENTIALS_DIRECTORY`. */
  readonly credentials: string | undefined;
}

/** Reads a file with one account. A file that cannot be read is a fault like any other. */
export async function readAccountFile(given: AccountFile): Promise<WrittenAccount> {
  const { name, file, shown, credentials } = given;
  try {
    const text = await readFile(file, 'utf8');
    const folders = { base: dirname(file), credentials };
    const read = await accountOfText(text, { name, shown, folders });
    return { ...read, files: [file, ...read.files] };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    const origins = new Origins({ file: shown });
    const fault = configFault([], origins.of([]), 'a file that can be read', code);
    return { name, tree: {}, origins, account: undefined, faults: [fault], files: [file] };
  }
}

/** What the text of a file says, which would be shown to a person as `shown`. */
export async function accountOfText(
  text: string,
  at: { readonly name: string; readonly shown: string; readonly folders: SecretFolders },
): Promise<WrittenAccount> {
  const whole = { file: at.shown, line: 1, column: 1 };
  const { value, origins, faults } = readYaml(text, whole, account);
  if (isTree(value) || value === null) {
    const read = await accountOfTree(value ?? {}, { ...at, origins, origin: 'folder' });
    if (faults.length === 0) return read;
    return { ...read, account: undefined, faults: [...faults, ...read.faults] };
  }
  const shape = configFault([], whole, 'the keys and values of an account', 'something else');
  const { name } = at;
  const shown = faults.length > 0 ? faults : [shape];
  return { name, tree: {}, origins, account: undefined, faults: shown, files: [] };
}

/** What an account's own keys and values say. */
export async function accountOfTree(
  tree: Tree,
  at: {
    readonly name: string;
    readonly origin: AccountOrigin;
    readonly origins: Origins;
    readonly folders: SecretFolders;
  },
): Promise<WrittenAccount> {
  const { name, origin, origins, folders } = at;
  const named: Tree = { ...tree, name };
  const misnamed = tree['name'] === undefined || tree['name'] === name ? [] : [tree['name']];
  const secrets = await applyAccountSecrets(named, origins, folders);
  const checked = checkTree(account, named, origins);
  const faults = [
    ...misnamed.map((got) =>
      configFault(
        ['name'],
        origins.of(['name']),
        `"${name}" as the file is called, or no name`,
        describeValue(got, ['name']),
      ),
    ),
    ...secrets.faults,
    ...(checked.ok ? [] : checked.faults),
  ];
  const isGood = checked.ok && faults.length === 0;
  const read = isGood ? { ...resolveAccount(checked.value, folders.base), origin } : undefined;
  return { name, tree: named, origins, account: read, faults, files: secrets.files };
}
