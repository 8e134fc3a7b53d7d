import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readAccountFile, type WrittenAccount } from './account-file.js';
import { accountName } from './accounts.js';
import { configFault } from './fault.js';
import type { ConfigFault } from './fault.js';

export interface AccountsFolder {
  /** Absolute. */
  readonly dir: string;
  /** The folder as a person is shown it. */
  readonly shown: string;
  /** `$CREDENTIALS_DIRECTORY`. */
  readonly credentials: string | undefined;
}

/** The names of the files in it; `missing` while there is no such folder. */
export type Listing =
  | {
      readonly is: 'there';
      readonly accounts: readonly string[];
      readonly others: readonly string[];
    }
  | { readonly is: 'missing' }
  | { readonly is: 'unreadable'; readonly code: string };

const ending = '.yaml';

/** Which accounts have a file in the folder, by name, and which files are not called like an account's. */
export async function listAccounts(dir: string): Promise<Listing> {
  try {
    const files = (await readdir(dir)).filter((file) => !isLeftAlone(file)).toSorted();
    const named = (file: string): boolean =>
      file.endsWith(ending) && accountName.safeParse(basename(file, ending)).success;
    return {
      is: 'there',
      accounts: files.filter(named).map((file) => basename(file, ending)),
      others: files.filter((file) => !named(file) && /\.ya?ml$/i.test(file)),
    };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    return code === 'ENOENT' ? { is: 'missing' } : { is: 'unreadable', code };
  }
}

/** What editors and mounted volumes put beside the files. */
const isLeftAlone = (file: string): boolean => file.startsWith('.') || file.endsWith('~');

export const accountFile = (dir: string, name: string): string => join(dir, `${name}${ending}`);

/** Reads the account of this name in the folder. */
export function readFrom(folder: AccountsFolder, name: string): Promise<WrittenAccount> {
  const { dir, shown, credentials } = folder;
  const file = accountFile(dir, name);
  return readAccountFile({ name, file, shown: accountFile(shown, name), credentials });
}

export function misnamed({ shown }: AccountsFolder, file: string): ConfigFault {
  const expected = 'a file that is called like an account: a-z, digits, _ and -, then .yaml';
  return configFault([], { file: join(shown, file) }, expected, 'another name');
}

export interface ReadFolder {
  readonly written: readonly WrittenAccount[];
  readonly faults: readonly ConfigFault[];
  readonly warnings: readonly string[];
}

/** How many files are read at once. */
const atOnce = 16;

/** Reads all accounts of the folder. One that is not there yet is empty. */
export async function readAccounts(folder: AccountsFolder): Promise<ReadFolder> {
  const listing = await listAccounts(folder.dir);
  if (listing.is === 'missing') {
    const warning = `accounts_dir: there is no folder ${folder.shown} yet`;
    return { written: [], faults: [], warnings: [warning] };
  }
  if (listing.is === 'unreadable') {
    const origin = { file: folder.shown };
    const fault = configFault([], origin, 'a folder that can be read', listing.code);
    return { written: [], faults: [fault], warnings: [] };
  }
  const written: WrittenAccount[] = [];
  for (let from = 0; from < listing.accounts.length; from += atOnce) {
    const names = listing.accounts.slice(from, from + atOnce);
    written.push(...(await Promise.all(names.map((name) => readFrom(folder, name)))));
  }
  const faults = [
    ...listing.others.map((file) => misnamed(folder, file)),
    ...written.flatMap((one) => one.faults),
  ];
  return { written, faults, warnings: [] };
}
