import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Which of these programs are not to be found.
 * @param {readonly string[]} names
 * @returns {string[]}
 */
export function missingPrograms(names) {
  // Debian keeps daemons in sbin, which is on the path of root only.
  const path = [...process.env.PATH.split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return names.filter((name) => !path.some((folder) => existsSync(join(folder, name))));
}
