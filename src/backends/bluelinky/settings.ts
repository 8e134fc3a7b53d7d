/** What it takes to reach an account with bluelinky. Plain data. Holds secrets: never logged. */
export interface BluelinkySettings {
  readonly backend: 'bluelinky';
  /** The file that loads the library: it is installed by the user, not with this program. */
  readonly entry: string;
  readonly version: string;
  readonly username: string;
  readonly password: string;
  readonly pin: string | null;
}
