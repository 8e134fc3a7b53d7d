import { setImmediate as turn } from 'node:timers/promises';
import type { WrittenAccount } from './account-file.js';
import { accountBreaches } from './account-rules.js';
import type { AccountConfig } from './accounts.js';
import { configFault } from './fault.js';

export interface Refusal {
  readonly name: string;
  readonly message: string;
}

type Good = WrittenAccount & { readonly account: AccountConfig };

const isGood = (one: WrittenAccount): one is Good => one.account !== undefined;

/** Accounts that stay, and others that come and go. They always go together. */
export class KnownAccounts {
  readonly #fixed: readonly AccountConfig[];
  readonly #changing: Map<string, AccountConfig>;
  /** What has no fault of its own and did not go with the others: perhaps it does when they have changed. */
  readonly #refused = new Map<string, Good>();

  constructor(fixed: readonly AccountConfig[], changing: readonly AccountConfig[] = []) {
    this.#fixed = fixed;
    this.#changing = new Map(changing.map((account) => [account.name, account]));
  }

  /** Those that are to run: first those that stay, then the others by name. */
  get enabled(): readonly AccountConfig[] {
    const written = [...this.#changing.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return [...this.#fixed, ...written].filter(({ enabled }) => enabled);
  }

  /** The names of those that come and go. */
  get written(): readonly string[] {
    return [...this.#changing.keys()];
  }

  remove(names: readonly string[]): void {
    for (const name of names) {
      this.#changing.delete(name);
      this.#refused.delete(name);
    }
  }

  /** Takes what goes with the others; the answer is what does not, and why. */
  async take(changed: readonly WrittenAccount[]): Promise<Refusal[]> {
    const fresh = changed.filter(isGood);
    for (const { name } of changed) this.#refused.delete(name);
    const candidates = [...fresh, ...this.#refused.values()];
    if (candidates.length === 0) return [];
    // Two that change places are each impossible alone.
    if (this.#conflict(candidates) === undefined) {
      this.#accept(candidates);
      return [];
    }
    const refusals: Refusal[] = [];
    for (const candidate of candidates) {
      const message = this.#conflict([candidate]);
      if (message === undefined) this.#accept([candidate]);
      else {
        this.#refused.set(candidate.name, candidate);
        refusals.push({ name: candidate.name, message });
      }
      // There may be hundreds, each to be looked at beside all others.
      await turn();
    }
    return refusals;
  }

  #accept(candidates: readonly Good[]): void {
    for (const { name, account } of candidates) {
      this.#changing.set(name, account);
      this.#refused.delete(name);
    }
  }

  /** Why they cannot be taken; of two accounts that do not agree the candidate is named. */
  #conflict(candidates: readonly Good[]): string | undefined {
    const names = new Set(candidates.map(({ name }) => name));
    const others = [...this.#changing.values()].filter(({ name }) => !names.has(name));
    const before = [...this.#fixed, ...others];
    const breaches = accountBreaches([...before, ...candidates.map(({ account }) => account)]);
    const own = breaches.find(({ path }) => Number(path[1]) >= before.length);
    const [first = own] = breaches;
    if (first === undefined) return undefined;
    const [only] = candidates;
    const { path, expected, got } = own ?? { ...first, path: [] };
    const inside = path.slice(2);
    const origin = only?.origins.of(inside) ?? { file: '' };
    return configFault(inside, origin, expected, got).message;
  }
}
