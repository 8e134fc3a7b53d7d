import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

/** Why a service cannot be installed or removed: in words for a person. */
export class ServiceFault extends Error {}

/** Only root can, and only where systemd runs. */
export function expectRootAndSystemd(): void {
  if (!existsSync('/run/systemd/system')) {
    throw new ServiceFault(
      'systemd does not run here: in a container `bluelink2mqtt run` is the service (--dry-run shows what would be done)',
    );
  }
  if (process.getuid?.() !== 0) {
    throw new ServiceFault(
      'only root can do that: run it with sudo (--dry-run shows what would be done)',
    );
  }
}

/** Folders that the sandbox of the unit hides. */
const hidden = ['/home', '/root', '/run/user', '/tmp', '/var/tmp'];

/** The service runs as a user of its own: whatever it runs or reads has to be readable for everybody. */
export async function expectReadable(path: string, what: string): Promise<void> {
  const among = hidden.find((folder) => path.startsWith(`${folder}/`));
  if (among !== undefined) {
    throw new ServiceFault(
      `${what} is ${path}, and a service sees nothing of ${among}: ${elsewhere}`,
    );
  }
  for (let part = path; part !== '/'; part = dirname(part)) {
    const found = await stat(part).catch(() => undefined);
    if (found === undefined) throw new ServiceFault(`${what} is ${path}, and there is no ${part}`);
    const needed = found.isDirectory() ? 0o1 : 0o4;
    if ((found.mode & needed) === 0) {
      throw new ServiceFault(
        `${what} is ${path}, and the service's own user cannot read ${part}: chmod o+rX ${part}`,
      );
    }
  }
}

const elsewhere = 'install it for the whole system, below /usr/local or /opt';

export async function systemctl(...args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)('systemctl', args);
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new ServiceFault(`systemctl ${args.join(' ')} failed: ${said || String(error)}`);
  }
}

export async function isActive(): Promise<boolean> {
  const asked = promisify(execFile)('systemctl', ['is-active', '--quiet', 'bluelink2mqtt']);
  return asked.then(
    () => true,
    () => false,
  );
}

/** Undefined if there is none. */
export async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new ServiceFault(`${file} cannot be read: ${String(error)}`);
  }
}
