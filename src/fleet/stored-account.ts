/** What is stored of an account. */
export interface StoredAccount {
  readonly name: string;
  /** The keys and values of its definition; undefined where it cannot be opened. */
  readonly definition: unknown;
  /** Why it cannot be opened. */
  readonly fault?: string;
  readonly revision: number;
}
