import { EnvironmentFault } from './environment-fault.js';
import { runProgram } from './run-program.js';

/** Building a package on a small computer takes long. */
const timeout_ms = 60 * 60 * 1000;
const noWheel = /No matching distribution found|Could not find a version that satisfies/;

/** Installs exactly what the lock file names, checked by its hashes. Throws `EnvironmentFault` with pip's words. */
export async function installPackages(
  python: string,
  lockFile: string,
  log: (line: string) => void,
): Promise<void> {
  log('installing the packages of the vendor library');
  const first = await pip(python, ['--only-binary=:all:', '-r', lockFile]);
  if (first.ok) return;
  if (!noWheel.test(first.output)) throw failed(first.output);
  log(
    'not every package is ready-made for this computer; building the rest from source (this needs a compiler and some minutes)',
  );
  const second = await pip(python, ['-r', lockFile]);
  if (!second.ok) throw failed(second.output);
}

/** Always as a module: the scripts of an environment hold the path it was made under. */
function pip(python: string, args: readonly string[]): ReturnType<typeof runProgram> {
  const fixed = ['--require-hashes', '--no-deps', '--no-input', '--disable-pip-version-check'];
  return runProgram(python, ['-m', 'pip', 'install', ...fixed, ...args], timeout_ms);
}

function failed(output: string): EnvironmentFault {
  const lines = output.split('\n').slice(-15).join('\n');
  return new EnvironmentFault(
    `pip could not install the packages of the vendor library:\n${lines}`,
  );
}
