/** What it takes to reach an account with the Python library. Plain data. Holds secrets: never logged. */
export interface HyundaiKiaConnectSettings {
  readonly backend: 'hyundai-kia-connect';
  /** Path of the interpreter that has the library. */
  readonly python: string;
  /** A name of the contract (`europe`), or the library's own number. */
  readonly region: string | number;
  readonly brand: string | number;
  readonly username: string;
  readonly password: string;
  readonly pin: string | null;
  readonly language: string;
}
