import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAvailable } from './programs.js';
import { onTeardown } from './teardown.js';

/** A file system of its own, so small that it can be filled. */
export class SmallDisk {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @throws Error when this user may not mount. */
  static mount(): SmallDisk {
    const folder = mkdtempSync(join(tmpdir(), 'bluelink2mqtt-disk-'));
    const owner = `uid=${String(process.getuid?.() ?? 0)},mode=0700`;
    if (!asRoot('mount', '-t', 'tmpfs', '-o', `size=2m,${owner}`, 'tmpfs', folder)) {
      rmdirSync(folder);
      throw new Error('mounting a tmpfs is not allowed');
    }
    return new SmallDisk(folder);
  }

  unmount(): void {
    // Lazily: a process that is just ending may still hold a file.
    if (asRoot('umount', '-l', this.folder)) rmdirSync(this.folder);
  }

  /** Leaves not one byte. */
  fill(): void {
    const file = openSync(this.#ballast, 'a');
    try {
      for (const size of [65_536, 4096, 1]) writeUntilFull(file, Buffer.alloc(size));
    } finally {
      closeSync(file);
    }
  }

  makeRoom(): void {
    rmSync(this.#ballast);
  }

  get #ballast(): string {
    return join(this.folder, 'ballast');
  }
}

/** Mounted for the running test. */
export function smallDisk(): SmallDisk {
  const disk = SmallDisk.mount();
  onTeardown(() => {
    disk.unmount();
  });
  return disk;
}

export const canMount = isAvailable(mayMount(), 'the right to mount a tmpfs (root, or sudo)');

function mayMount(): boolean {
  try {
    SmallDisk.mount().unmount();
    return true;
  } catch {
    return false;
  }
}

function writeUntilFull(file: number, bytes: Buffer): void {
  try {
    for (;;) writeSync(file, bytes);
  } catch (error) {
    const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
    if (!isFull) throw error;
  }
}

function asRoot(command: string, ...words: string[]): boolean {
  const [program = '', ...rest] = process.getuid?.() === 0 ? [command] : ['sudo', '-n', command];
  return spawnSync(program, [...rest, ...words], { stdio: 'ignore' }).status === 0;
}
