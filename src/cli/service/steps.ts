import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';

/** Something to be done, and how it is said. */
export interface Step {
  readonly says: string;
  /** What a file will hold. */
  readonly content?: string;
  readonly run?: () => Promise<void>;
}

/** Does one step after the other and says so, or only says what each would do. */
export async function carryOut(steps: readonly Step[], isDryRun: boolean): Promise<void> {
  for (const { says, content, run } of steps) {
    if (isDryRun) {
      console.log(content === undefined ? says : `${says}:\n\n${content}`);
    } else {
      await run?.();
      console.log(says);
    }
  }
}

export function say(says: string): Step {
  return { says };
}

export function makeFolder(path: string, mode: number, says: string): Step {
  return {
    says: `folder ${path}: ${says}`,
    run: async () => {
      await mkdir(path, { recursive: true });
      // The mode that mkdir is given passes through the umask.
      await chmod(path, mode);
    },
  };
}

export function writeText(path: string, content: string, says: string): Step {
  return {
    says: `file ${path}: ${says}`,
    content,
    run: async () => {
      await writeFile(path, content);
      await chmod(path, 0o644);
    },
  };
}

export function remove(path: string): Step {
  return {
    says: `removed: ${path}`,
    run: () => rm(path, { recursive: true, force: true }),
  };
}

export function command(
  program: (...args: readonly string[]) => Promise<void>,
  ...args: string[]
): Step {
  return { says: `systemctl ${args.join(' ')}`, run: () => program(...args) };
}
