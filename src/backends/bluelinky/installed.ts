import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const major = 9;
const manifestSchema = z.object({ version: z.string(), main: z.string() });

/** Where the library is, or the reason why it cannot be used, which says what to do. */
export type Installed =
  | { readonly is: 'there'; readonly entry: string; readonly version: string }
  | { readonly is: 'unusable'; readonly reason: string };

const besideTheProgram = fileURLToPath(new URL('.', import.meta.url));

/** Looks in the state directory, which survives updates of the program, then beside the program. */
export function findBluelinky(stateDir: string, besides = besideTheProgram): Installed {
  const command = `npm install --ignore-scripts --prefix ${stateDir} bluelinky@${major}`;
  for (const folder of [stateDir, besides]) {
    const manifest = manifestFrom(folder);
    if (manifest === undefined) continue;
    const { version, main } = manifestSchema.parse(JSON.parse(readFileSync(manifest, 'utf8')));
    if (version.startsWith(`${major}.`)) {
      return { is: 'there', entry: join(manifest, '..', main), version };
    }
    const reason = `bluelinky ${version} in ${join(manifest, '..')} is not of version ${major}: run "${command}"`;
    return { is: 'unusable', reason };
  }
  const reason = `bluelinky is not installed, because it is optional: run "${command}"`;
  return { is: 'unusable', reason };
}

function manifestFrom(folder: string): string | undefined {
  try {
    return createRequire(join(folder, 'here.js')).resolve('bluelinky/package.json');
  } catch {
    return undefined;
  }
}
