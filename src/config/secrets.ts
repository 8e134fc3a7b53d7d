import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { AccountConfig } from './accounts.js';
import { configFault } from './fault.js';
import type { ConfigFault, Origins, TreePath } from './fault.js';
import type { Config } from './schema.js';
import { putValue, valueAt } from './tree.js';
import type { Tree } from './tree.js';

interface Place {
  readonly path: TreePath;
  /** Its file in the folder of credentials; undefined while the account's name is none. */
  readonly credential?: string;
}

export interface SecretFolders {
  /** Where relative paths start. */
  readonly base: string;
  /** `$CREDENTIALS_DIRECTORY`, which systemd sets. */
  readonly credentials: string | undefined;
}

/**
 * Puts every secret in its place: its own value, else that of its `_file`, else that of the folder of credentials.
 * Faults never name the file: someone may have written the secret itself in its place.
 */
export async function applySecrets(
  tree: Tree,
  origins: Origins,
  folders: SecretFolders,
): Promise<ConfigFault[]> {
  return applyAll(tree, origins, folders, placesIn(tree));
}

/** The same for an account that stands by itself, with the files that were looked at. */
export async function applyAccountSecrets(
  tree: Tree,
  origins: Origins,
  folders: SecretFolders,
): Promise<{ readonly faults: readonly ConfigFault[]; readonly files: readonly string[] }> {
  const places = accountPlaces(tree, []);
  const files = places.flatMap((place) => {
    const source = sourceOf(tree, folders, place);
    return 'file' in source ? [source.file] : [];
  });
  return { faults: await applyAll(tree, origins, folders, places), files };
}

async function applyAll(
  tree: Tree,
  origins: Origins,
  folders: SecretFolders,
  places: readonly Place[],
): Promise<ConfigFault[]> {
  const faults = await Promise.all(
    places.map((place) => applySecret(tree, origins, folders, place)),
  );
  return faults.filter((fault) => fault !== undefined);
}

function placesIn(tree: Tree): Place[] {
  const accounts = valueAt(tree, ['accounts']);
  const count = Array.isArray(accounts) ? accounts.length : 0;
  return [
    { path: ['mqtt', 'password'], credential: 'mqtt.password' },
    { path: ['http', 'token'], credential: 'http.token' },
    ...storePlaces(tree),
    ...Array.from({ length: count }, (_, index) => accountPlaces(tree, ['accounts', index])).flat(),
  ];
}

/** In the folder of credentials there is something to look for only if it is wanted. */
function storePlaces(tree: Tree): Place[] {
  const isNats = valueAt(tree, ['store', 'engine']) === 'nats';
  return storeSecrets.map((key) => ({
    path: ['store', key],
    ...(isNats ? { credential: `store.${key}` } : {}),
  }));
}

const storeSecrets = ['password', 'token', 'encryption_key', 'previous_encryption_key'] as const;

function accountPlaces(tree: Tree, account: TreePath): Place[] {
  const name = valueAt(tree, [...account, 'name']);
  const isName = typeof name === 'string' && /^[a-z0-9_-]+$/.test(name);
  return (['password', 'pin'] as const).map((key) => ({
    path: [...account, key],
    ...(isName ? { credential: `${name}.${key}` } : {}),
  }));
}

type Source =
  | { readonly is: 'nothing' }
  | { readonly is: 'both' }
  | { readonly is: 'file'; readonly file: string; readonly name: string }
  | { readonly is: 'credential'; readonly file: string; readonly name: string };

const keysOf = (path: TreePath) => {
  const key = String(path.at(-1));
  return { key, fileKey: `${key}_file`, filePath: [...path.slice(0, -1), `${key}_file`] };
};

function sourceOf(tree: Tree, folders: SecretFolders, { path, credential }: Place): Source {
  const { fileKey, filePath } = keysOf(path);
  const file = valueAt(tree, filePath);
  if (valueAt(tree, path) !== undefined) return { is: file === undefined ? 'nothing' : 'both' };
  if (typeof file === 'string' && file !== '') {
    return { is: 'file', file: resolve(folders.base, file), name: fileKey };
  }
  if (file !== undefined || credential === undefined || folders.credentials === undefined) {
    return { is: 'nothing' };
  }
  return { is: 'credential', file: join(folders.credentials, credential), name: credential };
}

async function applySecret(
  tree: Tree,
  origins: Origins,
  folders: SecretFolders,
  place: Place,
): Promise<ConfigFault | undefined> {
  const { key, fileKey, filePath } = keysOf(place.path);
  const source = sourceOf(tree, folders, place);
  if (source.is === 'nothing') return undefined;
  if (source.is === 'both') {
    return configFault(filePath, origins.of(filePath), `either ${key} or ${fileKey}`, 'both');
  }
  const read = await readSecret(source.file);
  if (read.ok) {
    if (putValue(tree, place.path, read.text)) origins.set(place.path, { file: source.name });
    return undefined;
  }
  if (source.is === 'file') {
    return configFault(filePath, origins.of(filePath), readableFile, read.why);
  }
  const origin = { file: `$CREDENTIALS_DIRECTORY/${source.name}` };
  return read.isMissing ? undefined : configFault(place.path, origin, readableFile, read.why);
}

const readableFile = 'a file that can be read and is not empty';

type Read =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly why: string; readonly isMissing: boolean };

async function readSecret(file: string): Promise<Read> {
  try {
    const text = (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
    return text === '' ? { ok: false, why: 'an empty file', isMissing: false } : { ok: true, text };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    return {
      ok: false,
      why: code === 'ENOENT' ? 'no such file' : code,
      isMissing: code === 'ENOENT',
    };
  }
}

/** Every secret of a configuration, so that a log can hide them wherever they appear. */
export function secretsOf(config: Config): string[] {
  const { mqtt, http, store, accounts } = config;
  const kept = store.engine === 'nats' ? storeSecrets.map((key) => store[key]) : [];
  return [mqtt.password, http.token, ...kept]
    .filter((one) => one !== undefined)
    .concat(accounts.flatMap(accountSecrets));
}

/** The secrets of one account. */
export function accountSecrets({ password, pin }: AccountConfig): string[] {
  return [password, pin].filter((one) => one !== undefined);
}
