import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** The version of this package, from the file that says it. */
export function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return z.object({ version: z.string() }).parse(parsed).version;
}
