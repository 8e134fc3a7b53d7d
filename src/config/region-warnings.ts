import type { AccountConfig } from './accounts.js';
import { subjectOf, type Origin, type TreePath } from './fault.js';
import { regionNote } from './vendor.js';

/** What works in part only, or was never tried: a warning for the account; `at` is where its region is written. */
export function regionWarnings(
  { backend, region, brand }: AccountConfig,
  at: { readonly path: TreePath; readonly origin: Origin },
): string[] {
  const note = backend === 'simulator' ? undefined : regionNote(region, brand);
  return note === undefined ? [] : [`${subjectOf(at.path, at.origin)}: ${note}`];
}
