import { EnvironmentFault } from './environment-fault.js';
import { pipInstall } from './pip.js';

const noWheel = /No matching distribution found|Could not find a version that satisfies/;

/** pip goes on without an index that does not answer, and then finds nothing. */
const noIndex = /Retry\(total=0,.*after connection broken by/;

/** Installs exactly what the lock file names, checked by its hashes. Throws `EnvironmentFault` with pip's words. */
export async function installPackages(
  python: string,
  lockFile: string,
  log: (line: string) => void,
): Promise<void> {
  log('installing the packages of the vendor library');
  const locked = ['--require-hashes', '--no-deps', '-r', lockFile];
  const first = await pipInstall(python, ['--only-binary=:all:', ...locked]);
  if (first.ok) return;
  if (noIndex.test(first.output)) throw unreachable(first.output);
  if (!noWheel.test(first.output)) throw failed(first.output);
  log(
    'not every package is ready-made for this computer; building the rest from source (this needs a compiler and some minutes)',
  );
  const second = await pipInstall(python, locked);
  if (!second.ok) throw failed(second.output);
}

function unreachable(output: string): EnvironmentFault {
  const last = output.split('\n').findLast((line) => noIndex.test(line)) ?? '';
  return new EnvironmentFault(
    `the packages of the vendor library cannot be fetched: is there a network? pip says: ${last}`,
  );
}

function failed(output: string): EnvironmentFault {
  const lines = output.split('\n').slice(-15).join('\n');
  return new EnvironmentFault(
    `pip could not install the packages of the vendor library:\n${lines}`,
  );
}
