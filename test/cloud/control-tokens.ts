import { randomUUID } from 'node:crypto';

/** What came of a PIN: a token for commands, or how many wrong ones are left before the PIN is locked. */
export type PinAnswer = { readonly token: string } | { readonly left: number };

const tries = 5;

/** The PIN of an account, and the tokens that it opens commands with. */
export class ControlTokens {
  /** Change it to make the PIN of the client wrong. */
  pin: string;
  lifetime_s = 600;
  /** How long the PIN is locked after too many wrong ones. */
  lock_s = 300;
  readonly #now: () => number;
  readonly #untils = new Map<string, number>();
  readonly #issued = new Set<string>();
  #left = tries;
  #lockedUntil = 0;

  constructor({ pin, now }: { readonly pin: string; readonly now: () => number }) {
    this.pin = pin;
    this.#now = now;
  }

  /** While the PIN is locked the right one is refused too. */
  open(pin: string): PinAnswer {
    if (this.#now() < this.#lockedUntil) return { left: 0 };
    if (pin !== this.pin) return this.#refuse();
    this.#left = tries;
    const token = randomUUID();
    this.#issued.add(token);
    this.#untils.set(token, this.#now() + this.lifetime_s * 1000);
    return { token };
  }

  isValid(token: string): boolean {
    return this.#now() < (this.#untils.get(token) ?? 0);
  }

  /** Whether this token, valid or not, is one of this account. */
  hasIssued(token: string): boolean {
    return this.#issued.has(token);
  }

  revoke(): void {
    this.#untils.clear();
  }

  /** As after too many wrong PINs. */
  lock(): void {
    this.#left = tries;
    this.#lockedUntil = this.#now() + this.lock_s * 1000;
  }

  #refuse(): PinAnswer {
    this.#left -= 1;
    const left = this.#left;
    if (left === 0) this.lock();
    return { left };
  }
}
