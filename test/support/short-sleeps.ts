import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireTestPython } from './python.js';
import { tempDir } from './temp-dir.js';

const launcher = fileURLToPath(new URL('short-sleeps.py', import.meta.url));

/**
 * An interpreter for the setting `python`, under which `time.sleep` takes only so much of its time: the vendor library
 * sleeps 25 s in each forced refresh of a European car. A script, since the daemon passes no environment on.
 */
export async function pythonWithShortSleeps(
  scale: number,
  python = requireTestPython(),
): Promise<string> {
  const file = join(await tempDir(), 'python');
  const script = `#!/bin/sh\nexec '${python}' -W ignore '${launcher}' ${scale} "$@"\n`;
  await writeFile(file, script);
  await chmod(file, 0o755);
  return file;
}
