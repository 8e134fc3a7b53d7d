import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Cloud } from './cloud.js';

const program = fileURLToPath(new URL('library-client.py', import.meta.url));

const answerSchema = z.object({
  id: z.number(),
  result: z.unknown().optional(),
  /** The class of what the library raised, and its text. */
  error: z.string().optional(),
  text: z.string().optional(),
});

export type LibraryAnswer = z.infer<typeof answerSchema>;

export interface LibraryAccount {
  readonly region: number;
  readonly brand: number;
  readonly username: string;
  readonly password: string;
  readonly pin: string;
  /** As `token` gave it, or the parts of it that are to survive. */
  readonly token?: unknown;
  /** What the library's pauses inside a call are multiplied with. Default 1. */
  readonly sleep_scale?: number;
}

/** The unmodified vendor library in a Python of its own, behind the cloud's proxy. */
export class LibraryClient {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, (answer: LibraryAnswer) => void>();
  readonly #closed: Promise<unknown>;
  #calls = 0;

  constructor(cloud: Cloud, python: string) {
    this.#child = spawn(python, ['-W', 'ignore', program], {
      env: { ...process.env, ...cloud.environment },
    });
    this.#child.stderr.pipe(process.stderr);
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const answer = answerSchema.parse(JSON.parse(line));
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    this.#closed = once(this.#child, 'close').then(() => {
      for (const [id, answer] of this.#waiting) {
        answer({ id, error: 'SystemExit', text: 'the Python has ended' });
      }
    });
  }

  /** A new manager, as after a restart; the one before is forgotten. */
  async open(account: LibraryAccount): Promise<void> {
    await this.result('open', account);
  }

  /** Calls a method of the manager, or asks for its `vehicles` or `token`. Calls may be under way at the same time. */
  call(name: string, ...args: unknown[]): Promise<LibraryAnswer> {
    this.#calls += 1;
    const id = this.#calls;
    const answered = new Promise<LibraryAnswer>((resolve) => this.#waiting.set(id, resolve));
    this.#child.stdin.write(`${JSON.stringify([id, name, args])}\n`);
    return answered;
  }

  /** The same for a call that has to succeed. */
  async result(name: string, ...args: unknown[]): Promise<unknown> {
    const { result, error, text } = await this.call(name, ...args);
    if (error !== undefined) throw new Error(`${name}: ${error}: ${text ?? ''}`);
    return result;
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await this.#closed;
  }
}
