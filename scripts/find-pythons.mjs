import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const supported = [14, 13, 12, 11, 10];

const probe = `
import ensurepip, json, sys, venv
print(json.dumps([sys.version_info.major, sys.version_info.minor, sys.executable]))
`;

/**
 * The Pythons of this machine the sidecar can run on, newest first, one of each version.
 * @returns {{minor: number, python: string}[]} `minor` is 13 for Python 3.13
 */
export function findPythons() {
  const named = supported.map((minor) => `python3.${minor}`);
  const found = new Map();
  for (const candidate of [...named, 'python3', 'python', ...ofPyenv()]) {
    const { status, stdout } = spawnSync(candidate, ['-c', probe], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    if (status !== 0) continue;
    const [major, minor, python] = JSON.parse(stdout);
    if (major === 3 && supported.includes(minor) && !found.has(minor)) found.set(minor, python);
  }
  return [...found].map(([minor, python]) => ({ minor, python })).sort((a, b) => b.minor - a.minor);
}

/** pyenv puts only the chosen versions on the path. */
function ofPyenv() {
  const versions = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
  if (!existsSync(versions)) return [];
  return readdirSync(versions)
    .filter((name) => name.startsWith('3.'))
    .map((name) => join(versions, name, 'bin/python3'));
}
