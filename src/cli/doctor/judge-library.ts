import { libraryName, testedLock } from '../../backends/hyundai-kia-connect/lock-file.js';
import type { Hello } from '../../backends/hyundai-kia-connect/protocol.js';
import type { Config } from '../../config/schema.js';
import type { Tell } from './finding.js';

type Account = Pick<Config['accounts'][number], 'name' | 'region'>;

/** Where the last library for Python 3.10 and 3.11 has faults that were mended later (docs/accounts.md). */
const mendedLater = ['australia', 'new-zealand', 'china', 'brazil'];

/** The library that said hello, beside the one that this release is tested with on such a Python. */
export function judgeLibrary(
  { library, python, supported }: Pick<Hello, 'library' | 'python' | 'supported'>,
  minor: number,
  accounts: readonly Account[],
): Parameters<Tell> {
  const version = library ?? '';
  const found = `${libraryName} ${version} on Python ${python}`;
  const last = testedLock(10).library;
  const isOld = !supported || compare(version, last) <= 0;
  const newer = supported
    ? '`bluelink2mqtt setup --tested` takes the tested one'
    : 'install Python 3.12 or newer, then `bluelink2mqtt setup --tested`';
  const shutOut = accounts.filter(({ region }) => String(region).startsWith('europe'));
  if (isOld && shutOut.length > 0) {
    return ['fault', `${found}: it cannot sign in to Europe (${namesOf(shutOut)})`, newer];
  }
  const impaired = accounts.filter(({ region }) => mendedLater.includes(String(region)));
  if (isOld && impaired.length > 0) {
    return ['warn', `${found}: it has known faults for ${namesOf(impaired)}`, newer];
  }
  const tested = testedLock(minor).library;
  const order = compare(version, tested);
  if (order < 0) return ['warn', `${found}, older than the tested ${tested}`, newer];
  if (order > 0) return ['ok', `${found}, newer than the tested ${tested}`];
  return ['ok', `${found}, the tested one`];
}

function namesOf(accounts: readonly Account[]): string {
  return accounts.map(({ name }) => name).join(', ');
}

function compare(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true });
}
