import { mkdtemp, open, readdir, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from '../../config/schema.js';
import { isSystemError } from '../../daemon/system-error.js';
import { systemCode, inWords, type Check, type Tell } from './finding.js';
import { storeFolder, type StoreStanding } from './own-store.js';

const megabyte = 1024 * 1024;
/** The store writes little; below this a log or an update takes the rest. */
const least_bytes = 20 * megabyte;
/** What making the Python environment anew takes. */
const wanted_bytes = 200 * megabyte;
/** What is written to see whether it can be. */
const probe_bytes = 64 * 1024;

export function diskCheck(config: Config, opened: Promise<StoreStanding>): Check {
  return {
    what: 'disk',
    limit_ms: 20_000,
    look: async (tell) => {
      const folder = config.state_dir;
      const there = await modeOf(folder);
      if (there === undefined) {
        await tellOfParent(folder, tell);
        return;
      }
      if (!there.isDirectory) {
        tell('fault', `${folder} is no folder`, 'name another one in state_dir');
        return;
      }
      const fault = await writeFault(folder);
      if (fault === undefined) await tellOfRoom(folder, tell);
      else tell('fault', `${folder} cannot be written: ${fault.found}`, fault.advice);
      if ((there.mode & 0o077) !== 0) {
        const mode = (there.mode & 0o777).toString(8);
        const found = `${folder} has mode ${mode}: others may see the sessions`;
        tell('warn', found, `\`chmod 700 ${folder}\``);
      }
      await tellOfStore(config, await opened, tell.of('store'));
    },
  };
}

async function modeOf(path: string) {
  try {
    const found = await stat(path);
    return { mode: found.mode, isDirectory: found.isDirectory() };
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** The daemon makes the folder, and all above it, at its first start. */
async function tellOfParent(folder: string, tell: Tell): Promise<void> {
  let above = dirname(folder);
  while ((await modeOf(above)) === undefined) above = dirname(above);
  const fault = await writeFault(above);
  if (fault === undefined) tell('ok', `${folder} will be made by the first start`);
  else tell('fault', `${folder} cannot be made in ${above}: ${fault.found}`, fault.advice);
}

const causes: Readonly<Record<string, readonly [found: string, advice: string]>> = {
  EACCES: [
    'it belongs to another user',
    'run this as the user of the bridge; if you did, give it the folder with `chown`',
  ],
  EPERM: ['it belongs to another user', 'run this as the user of the bridge'],
  EROFS: ['the file system is read-only', 'mount it for writing, or name another state_dir'],
  ENOSPC: ['the disk is full', 'make room'],
  EDQUOT: ['the quota is used up', 'make room'],
};

/** Writes for real, as root may always write by the mode and nobody may on a full disk. */
async function writeFault(folder: string) {
  let own: string | undefined;
  try {
    own = await mkdtemp(join(folder, '.doctor-'));
    const file = await open(join(own, 'probe'), 'w', 0o600);
    try {
      await file.writeFile(Buffer.alloc(probe_bytes));
      await file.sync();
    } finally {
      await file.close();
    }
    return undefined;
  } catch (error) {
    const [found, advice] = causes[systemCode(error) ?? ''] ?? [inWords(error), 'mend it'];
    return { found, advice };
  } finally {
    if (own !== undefined) await rm(own, { recursive: true, force: true });
  }
}

async function tellOfRoom(folder: string, tell: Tell): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const found = `${folder} can be written, ${inMegabytes(free)} free`;
  if (free >= wanted_bytes) tell('ok', found);
  else tell(free < least_bytes ? 'fault' : 'warn', found, 'make room before nothing can be stored');
}

async function tellOfStore(config: Config, standing: StoreStanding, tell: Tell): Promise<void> {
  const folder = storeFolder(config);
  switch (standing.is) {
    case 'open':
      tell('ok', `opens, ${inMegabytes(await sizeOf(folder))}`);
      break;
    case 'in use':
      tell('ok', `in use by the running bridge, ${inMegabytes(await sizeOf(folder))}`);
      break;
    case 'on NATS':
      tell('ok', 'on NATS');
      break;
    case 'none':
      tell('ok', 'none yet: the first start makes it');
      break;
    case 'of another user':
      tell('warn', 'left alone: it belongs to another user', 'run this as the user of the bridge');
      break;
    case 'faulty':
      tell('fault', standing.reason, 'docs/store.md says what can be done');
  }
}

async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(names.map((name) => sizeIfThere(join(folder, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** LevelDB tidies up while we look. */
function sizeIfThere(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

function inMegabytes(bytes: number): string {
  const megabytes = bytes / megabyte;
  return `${megabytes < 10 ? megabytes.toFixed(1) : String(Math.round(megabytes))} MB`;
}
