import { subjectOf, type Origins } from './fault.js';
import type { Config } from './schema.js';
import { regionNote } from './vendor.js';

/** One warning for each account whose region works in part only, or was never tried. */
export function regionWarnings({ accounts }: Config, origins: Origins): string[] {
  return accounts.flatMap((account, index) => {
    const note =
      account.backend === 'simulator' ? undefined : regionNote(account.region, account.brand);
    const path = ['accounts', index, 'region'];
    return note === undefined ? [] : [`${subjectOf(path, origins.of(path))}: ${note}`];
  });
}
