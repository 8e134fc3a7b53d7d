import type { Maker } from '../wire.js';
import { EuropeAccount, type EuropeAccountOptions } from './account.js';
import { EuropeCcapi } from './ccapi.js';
import { EuropeGspa } from './gspa.js';
import { librarySigning } from './library-signing.js';
import { EuropeSignIn } from './sign-in.js';
import { EuropeTokens } from './tokens.js';

/** The accounts of Europe, and the servers that share them. */
export class Europe {
  readonly #accounts: EuropeAccount[] = [];
  readonly makers: readonly Maker[] = [
    new EuropeSignIn(this.#accounts),
    new EuropeTokens(this.#accounts),
    new EuropeCcapi(this.#accounts),
    new EuropeGspa(this.#accounts),
  ];

  /** @throws Error when the account is strict and there is no library to read the signing strings from. */
  add(options: EuropeAccountOptions): EuropeAccount {
    const account = new EuropeAccount(options);
    if (account.strict) librarySigning();
    this.#accounts.push(account);
    return account;
  }
}
