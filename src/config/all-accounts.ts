import type { WrittenAccount } from './account-file.js';
import { configFault } from './fault.js';
import type { ConfigFault, Origin, Origins, TreePath } from './fault.js';
import { breachesOf } from './rules.js';
import type { Tree } from './tree.js';

/** The accounts of the list and after them those of the folder, with where each is written. */
export class AllAccounts {
  readonly #tree: Tree;
  readonly #origins: Origins;
  readonly #written: readonly WrittenAccount[];
  readonly #listed: number;

  constructor(tree: Tree, origins: Origins, written: readonly WrittenAccount[]) {
    const list: unknown = tree['accounts'];
    const listed: readonly unknown[] = Array.isArray(list) ? list : [];
    const all = [...listed, ...written.map((one) => one.tree)];
    this.#tree = written.length === 0 ? tree : { ...tree, accounts: all };
    this.#origins = origins;
    this.#written = written;
    this.#listed = listed.length;
  }

  /** What does not hold between the settings, the accounts of both kinds among them. */
  breaches(): ConfigFault[] {
    return breachesOf(this.#tree).map(({ path: whole, expected, got }) => {
      const { path, origin } = this.locate(whole);
      return configFault(path, origin, expected, got);
    });
  }

  /** The path of a value as a person finds it: an account of the folder has a file of its own. */
  locate(path: TreePath): { readonly path: TreePath; readonly origin: Origin } {
    const [section, index] = path;
    const own =
      section === 'accounts' && typeof index === 'number'
        ? this.#written[index - this.#listed]
        : undefined;
    if (own === undefined) return { path, origin: this.#origins.of(path) };
    const inside = path.slice(2);
    return { path: inside, origin: own.origins.of(inside) };
  }
}
