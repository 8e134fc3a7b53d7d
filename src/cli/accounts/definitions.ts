import type { AccountConfig, AccountOrigin } from '../../config/accounts.js';
import type { Tree } from '../../config/tree.js';

/** An account as it is written down. */
export interface Definition {
  readonly name: string;
  readonly origin: AccountOrigin;
  /** Undefined where it has a fault. */
  readonly account: AccountConfig | undefined;
  readonly faults: readonly string[];
}

/** The accounts that come and go without the configuration file: in its folder, or in the store of the fleet. */
export interface Definitions {
  /** Where an account of this name is, for a person. */
  place(name: string): string;
  list(): Promise<readonly Definition[]>;
  /** Checks the keys and values of an account, and answers what is to be written. */
  check(name: string, given: Tree): Promise<Checked>;
  /** False when there is one of this name. */
  add(name: string, checked: Tree): Promise<boolean>;
  /** False when there is none. */
  remove(name: string): Promise<boolean>;
  /** False when there is none. */
  setEnabled(name: string, isEnabled: boolean): Promise<boolean>;
  close(): Promise<void>;
}

export type Checked =
  | { readonly ok: true; readonly tree: Tree; readonly account: AccountConfig }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Something that a person has to see to before this can be done. */
export class DefinitionFault extends Error {
  override readonly name = 'DefinitionFault';
}
