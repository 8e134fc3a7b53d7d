import { readFile, unlink } from 'node:fs/promises';
import { parseDocument, stringify } from 'yaml';
import { accountOfText } from '../../config/account-file.js';
import { accountFile, listAccounts, readFrom } from '../../config/accounts-dir.js';
import type { Tree } from '../../config/tree.js';
import { isSystemError } from '../../daemon/system-error.js';
import { DefinitionFault, type Checked, type Definition, type Definitions } from './definitions.js';
import { createFile, replaceFile } from './private-file.js';

/** A file for each account, in `accounts_dir`. */
export class FolderDefinitions implements Definitions {
  readonly #dir: string;
  readonly #credentials: string | undefined;

  constructor(dir: string, credentials: string | undefined) {
    this.#dir = dir;
    this.#credentials = credentials;
  }

  place(name: string): string {
    return accountFile(this.#dir, name);
  }

  async list(): Promise<readonly Definition[]> {
    const listing = await listAccounts(this.#dir);
    if (listing.is === 'missing') return [];
    if (listing.is === 'unreadable') throw new DefinitionFault(`${this.#dir}: ${listing.code}`);
    const folder = { dir: this.#dir, shown: this.#dir, credentials: this.#credentials };
    const written = await Promise.all(listing.accounts.map((name) => readFrom(folder, name)));
    return written.map(({ name, account, faults }) => ({
      ...{ name, account, origin: 'folder' },
      faults: faults.map(({ message }) => message),
    }));
  }

  async check(name: string, given: Tree): Promise<Checked> {
    return this.#checkText(name, stringify(given), given);
  }

  async add(name: string, checked: Tree): Promise<boolean> {
    return createFile(this.place(name), stringify(checked));
  }

  async remove(name: string): Promise<boolean> {
    try {
      await unlink(this.place(name));
      return true;
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return false;
      throw error;
    }
  }

  /** What else is in the file stays as it was written. */
  async setEnabled(name: string, isEnabled: boolean): Promise<boolean> {
    const text = await this.#read(name);
    if (text === undefined) return false;
    const document = parseDocument(text);
    // It could be written in another way than it was meant.
    if (document.errors.length > 0) throw new DefinitionFault(`${this.place(name)}: no YAML`);
    document.set('enabled', isEnabled);
    const changed = document.toString({ lineWidth: 0 });
    const checked = await this.#checkText(name, changed, {});
    if (!checked.ok) throw new DefinitionFault(checked.faults.join('\n'));
    await replaceFile(this.place(name), changed);
    return true;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #checkText(name: string, text: string, tree: Tree): Promise<Checked> {
    const folders = { base: this.#dir, credentials: this.#credentials };
    const { account, faults } = await accountOfText(text, {
      ...{ name, folders },
      shown: this.place(name),
    });
    if (account !== undefined) return { ok: true, account, tree };
    return { ok: false, faults: faults.map(({ message }) => message) };
  }

  async #read(name: string): Promise<string | undefined> {
    try {
      return await readFile(this.place(name), 'utf8');
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return undefined;
      throw error;
    }
  }
}
