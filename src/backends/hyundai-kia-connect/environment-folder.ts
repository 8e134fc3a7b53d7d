import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { lockOf } from './lock-file.js';
import type { Lock } from './lock-file.js';

const leftoverAge_ms = 60 * 60 * 1000;

/** Written last: an environment without it is not complete. */
const stampSchema = z.object({
  interpreter: z.string(),
  version: z.string(),
  lock_sha256: z.string(),
  /** Whether somebody has chosen this library, so that it stays when a release of ours is tested with another one. */
  chosen: z.boolean().default(false),
});

/** What an environment was made from. */
export type Stamp = z.infer<typeof stampSchema>;

export function folderIn(stateDir: string): string {
  return join(resolve(stateDir), 'python');
}

/** The interpreter of the environment. */
export function pythonIn(folder: string): string {
  return join(folder, 'bin', 'python');
}

/** The lock it was installed from lies in the environment, so that the two change places together. */
export function lockFileIn(folder: string): string {
  return join(folder, 'requirements.txt');
}

export function isComplete(folder: string): boolean {
  return existsSync(stampFileIn(folder)) && existsSync(pythonIn(folder));
}

/** Undefined where there is no complete environment. */
export async function readStamp(folder: string): Promise<Stamp | undefined> {
  try {
    return stampSchema.safeParse(JSON.parse(await readFile(stampFileIn(folder), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

export async function writeStamp(folder: string, stamp: Stamp): Promise<void> {
  await writeFile(stampFileIn(folder), `${JSON.stringify(stamp)}\n`);
}

/** Undefined for an environment of an earlier release, which kept none. */
export async function readLock(folder: string): Promise<Lock | undefined> {
  try {
    return lockOf(await readFile(lockFileIn(folder), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Puts the fresh environment in the place of the one there is. */
export async function replace(folder: string, fresh: string): Promise<void> {
  if (!existsSync(folder)) return rename(fresh, folder);
  const old = await mkdtemp(`${folder}.old-`);
  await rename(folder, join(old, 'python'));
  await rename(fresh, folder);
  await rm(old, { recursive: true, force: true });
}

/**
 * Clears what an interrupted setup has left, and brings back the environment that it had already moved away. What
 * is young may be that of a setup that runs.
 */
export async function tidy(stateDir: string): Promise<void> {
  if (!existsSync(stateDir)) return;
  for (const name of await readdir(stateDir)) {
    if (!/^python\.(new|old)-/.test(name)) continue;
    const path = join(stateDir, name);
    const movedAway = join(path, 'python');
    if (!existsSync(folderIn(stateDir)) && isComplete(movedAway))
      await rename(movedAway, folderIn(stateDir));
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > leftoverAge_ms) await rm(path, { recursive: true, force: true });
  }
}

function stampFileIn(folder: string): string {
  return join(folder, 'bluelink2mqtt.json');
}
