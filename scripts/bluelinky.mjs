import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run-program.mjs';

const version = '9.1.0';
const folder = join(root, '.cache/bluelinky');
const manifest = join(folder, 'node_modules/bluelinky/package.json');

/**
 * Installs the optional library that the tests of its backend use; it is no dependency, so `npm ci` does not. Kept in
 * .cache.
 * @returns {Promise<string[]>} what could not be installed
 */
export async function installBluelinky() {
  if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version) {
    return [];
  }
  const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder];
  const code = await run('npm', ['install', ...options, `bluelinky@${version}`], {
    stdio: ['ignore', 2, 2],
  });
  return code === 0 ? [] : [`bluelinky ${version} (npm install ended with ${code})`];
}
