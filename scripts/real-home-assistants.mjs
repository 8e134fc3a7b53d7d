import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { missingPrograms } from './missing-programs.mjs';
import { root, run } from './run-program.mjs';

const tools = join(root, 'test/home-assistant');
// Outside the repository: they are large, and outlive a clone.
const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
const folder = join(cache, 'bluelink2mqtt', 'home-assistant');
const needed = ['apt-get', 'dpkg-deb', 'python3', 'mosquitto', 'mosquitto_pub'];

/** What no Home Assistant can be tried without, and is not here. */
export function missingForHomeAssistants() {
  return missingPrograms(needed);
}

/**
 * Installs each version with a lock file, once.
 * @returns {Promise<boolean>} whether all are there
 */
export async function setUpHomeAssistants() {
  return (await run(join(tools, 'setup'), [folder, ...lockedVersions()])) === 0;
}

function lockedVersions() {
  const names = readdirSync(join(tools, 'locks'));
  return names.flatMap((name) => /^homeassistant-(.*)\.txt$/.exec(name)?.[1] ?? []);
}
