import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, root } from './run-program.mjs';

/** Installs what the lock names unless it is there already. */
export async function install({ dev }) {
  if (isInstalled(dev)) return;
  console.error('Installing the packages of package-lock.json ...');
  const only = dev ? ['--include=dev'] : ['--omit=dev'];
  // npm reports on standard output, which belongs to the program we prepare for.
  const stdio = ['ignore', 2, 2];
  await must('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', ...only], { stdio });
}

/** Whether node_modules holds every package that is needed in the version of the lock. */
function isInstalled(dev) {
  const installedFile = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const installed = readPackages(installedFile);
  return Object.entries(readPackages(join(root, 'package-lock.json'))).every(
    ([place, wanted]) =>
      place === '' ||
      // Made for other systems, perhaps.
      wanted.optional === true ||
      wanted.devOptional === true ||
      (wanted.dev === true && !dev) ||
      (installed[place]?.version === wanted.version && existsSync(join(root, place))),
  );
}

function readPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}
