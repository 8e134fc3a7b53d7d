import { randomUUID } from 'node:crypto';
import { chown, link, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isSystemError } from '../../daemon/system-error.js';

/** Writes a new file whole or not at all, for its own user alone. False when there is one already. */
export async function createFile(file: string, text: string): Promise<boolean> {
  await makeFolder(dirname(file));
  const part = await writePart(file, text);
  try {
    // Unlike a renaming it replaces nothing.
    await link(part, file);
    return true;
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await unlink(part);
  }
}

export async function replaceFile(file: string, text: string): Promise<void> {
  await rename(await writePart(file, text), file);
}

async function makeFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (made !== undefined) await giveToOwnerOf(dirname(made), made);
}

/** The name begins with a dot: whoever watches the folder leaves it alone. */
async function writePart(file: string, text: string): Promise<string> {
  const part = join(dirname(file), `.${basename(file)}.${randomUUID()}`);
  const handle = await open(part, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await giveToOwnerOf(dirname(file), part);
  return part;
}

/** What root writes is for the service's own user to read. */
async function giveToOwnerOf(folder: string, path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(folder);
  await chown(path, uid, gid);
}
