import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import type { AccountConfig } from './accounts.js';
import { readAccounts, type ReadFolder } from './accounts-dir.js';
import { AllAccounts } from './all-accounts.js';
import { checkTree } from './check-tree.js';
import { applyEnvironment, namedFile } from './environment.js';
import type { Environment } from './environment.js';
import { configFault, Origins } from './fault.js';
import type { ConfigFault } from './fault.js';
import { applyPredecessor } from './predecessor.js';
import { resolvePaths } from './resolve-paths.js';
import { configSchema } from './schema.js';
import type { Config } from './schema.js';
import { careWarnings } from './care-warnings.js';
import { applySecrets, type SecretFolders } from './secrets.js';
import { isTree, putValue, valueAt } from './tree.js';
import type { Tree } from './tree.js';
import { regionWarnings } from './region-warnings.js';
import { readYaml } from './yaml-source.js';

export interface ConfigSources {
  /** The file that `--config` names. */
  readonly file?: string;
  readonly env: Environment;
  readonly cwd: string;
}

/** The configuration, or all that is wrong with it. `file` is absent when everything came from the environment. */
export type LoadedConfig =
  | {
      readonly ok: true;
      readonly config: Config;
      /** Accounts that are written down and switched off; `config.accounts` has none of them. */
      readonly disabled: readonly AccountConfig[];
      readonly file?: string;
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly file?: string; readonly faults: readonly ConfigFault[] };

/** Looked for in this order when neither `--config` nor the environment names a file. */
const usualFiles = ['bluelink2mqtt.yaml', '/etc/bluelink2mqtt/config.yaml'] as const;

/**
 * Reads the configuration. A value comes from the environment, else from the file, else from the predecessor's
 * names in the environment, else it has its default. Relative paths start at the folder of the file. The accounts of
 * `accounts_dir` come after those of the list.
 */
export async function loadConfig({ file, env, cwd }: ConfigSources): Promise<LoadedConfig> {
  const source = await readSource(file ?? namedFile(env), cwd);
  const { tree, origins } = source;
  const found = source.file === undefined ? {} : { file: source.file };
  const base = source.file === undefined ? cwd : dirname(source.file);
  const credentials = env['CREDENTIALS_DIRECTORY'];
  const faults: ConfigFault[] = [...source.faults];
  if (source.isReadable) {
    faults.push(...applyEnvironment(tree, origins, env));
    applyStateDirectory(tree, origins, env);
    faults.push(...(await applySecrets(tree, origins, { base, credentials })));
    faults.push(...applyPredecessor(tree, origins, env));
    const checked = checkTree(configSchema, tree, origins);
    if (!checked.ok) faults.push(...checked.faults);
    const folder = await readFolder(tree, { base, cwd, credentials });
    faults.push(...folder.faults);
    const all = new AllAccounts(tree, origins, folder.written);
    faults.push(...all.breaches());
    if (checked.ok && faults.length === 0) {
      const { accounts: list, ...rest } = resolvePaths(checked.value, base);
      const accounts = [...list, ...folder.written.flatMap(({ account }) => account ?? [])];
      const config = { ...rest, accounts: accounts.filter(({ enabled }) => enabled) };
      const disabled = accounts.filter(({ enabled }) => !enabled);
      const warnings = [
        ...folder.warnings,
        ...accounts.flatMap((account, index) =>
          account.enabled ? regionWarnings(account, all.locate(['accounts', index, 'region'])) : [],
        ),
        ...careWarnings(config, origins),
      ];
      return { ok: true, config, disabled, ...found, warnings };
    }
  }
  return { ok: false, ...found, faults: inOrder(faults, origins.of([]).file) };
}

function readFolder(
  tree: Tree,
  { base, cwd, credentials }: SecretFolders & { readonly cwd: string },
): Promise<ReadFolder> {
  const named = valueAt(tree, ['accounts_dir']);
  if (typeof named !== 'string' || named === '') {
    return Promise.resolve({ written: [], faults: [], warnings: [] });
  }
  const dir = resolve(base, named);
  return readAccounts({ dir, shown: displayed(dir, cwd), credentials });
}

interface Source {
  readonly tree: Tree;
  readonly origins: Origins;
  readonly faults: readonly ConfigFault[];
  /** The absolute path of the file, if there is one. */
  readonly file?: string;
  /** False when no key of the file can be told. */
  readonly isReadable: boolean;
}

async function readSource(named: string | undefined, cwd: string): Promise<Source> {
  for (const name of named === undefined ? usualFiles : [named]) {
    const file = resolve(cwd, name);
    const text = await readText(file);
    if (typeof text === 'string') return { ...parse(text, displayed(file, cwd)), file };
    if (named === undefined && text.code === 'ENOENT') continue;
    const fault = configFault(
      [],
      { file: displayed(file, cwd) },
      'a file that can be read',
      text.code,
    );
    return { origins: withoutFile(), tree: {}, faults: [fault], file, isReadable: false };
  }
  return { origins: withoutFile(), tree: {}, faults: [], isReadable: true };
}

const withoutFile = (): Origins =>
  new Origins({ file: `no configuration file (${usualFiles.join(', ')})` });

async function readText(file: string): Promise<string | { readonly code: string }> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    return { code: error instanceof Error && 'code' in error ? String(error.code) : 'an error' };
  }
}

/** A path is shown as a person at this folder would write it. */
function displayed(file: string, cwd: string): string {
  const short = relative(cwd, file);
  return short.startsWith('..') ? file : short;
}

function parse(text: string, file: string): Omit<Source, 'file'> {
  const whole = { file, line: 1, column: 1 };
  const { value, origins, faults } = readYaml(text, whole, configSchema);
  if (isTree(value)) return { tree: value, origins, faults, isReadable: true };
  const isEmpty = value === null && faults.length === 0;
  if (isEmpty) return { tree: {}, origins, faults, isReadable: true };
  const shape = configFault([], whole, 'keys and values', 'something else');
  return { tree: {}, origins, faults: faults.length > 0 ? faults : [shape], isReadable: false };
}

/** systemd names the folder it made for the service; several are separated by colons. */
function applyStateDirectory(tree: Tree, origins: Origins, env: Environment): void {
  const [folder = ''] = (env['STATE_DIRECTORY'] ?? '').split(':');
  if (folder === '' || valueAt(tree, ['state_dir']) !== undefined) return;
  putValue(tree, ['state_dir'], folder);
  origins.set(['state_dir'], { file: 'environment STATE_DIRECTORY' });
}

/** First those of `main` and of what goes before it (the environment), then those of each other file. */
function inOrder(faults: readonly ConfigFault[], main: string): ConfigFault[] {
  const place = ({ line = Infinity, column = 0 }: ConfigFault): number => line * 10_000 + column;
  const ordered = faults.toSorted((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)));
  const fileOf = ({ file, line }: ConfigFault): string => (line === undefined ? main : file);
  const files = new Set([main, ...faults.map(fileOf)]);
  return [...files].flatMap((file) => ordered.filter((fault) => fileOf(fault) === file));
}
