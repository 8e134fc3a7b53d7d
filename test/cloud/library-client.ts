import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { onFileEnd } from '../support/teardown.js';
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
  readonly #interpreter: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #python: LibraryPython;

  constructor(cloud: Cloud, interpreter: string) {
    this.#interpreter = interpreter;
    this.#environment = cloud.environment;
    this.#python = unused.get(interpreter)?.pop() ?? startPython(interpreter);
  }

  /** A new manager, as after a restart; the one before is forgotten. */
  async open(account: LibraryAccount): Promise<void> {
    await this.result('open', account, this.#environment);
  }

  /** Calls a method of the manager, or asks for its `vehicles` or `token`. Calls may be under way at the same time. */
  call(name: string, ...args: unknown[]): Promise<LibraryAnswer> {
    return this.#python.call(name, args);
  }

  /** The same for a call that has to succeed. */
  async result(name: string, ...args: unknown[]): Promise<unknown> {
    const { result, error, text } = await this.call(name, ...args);
    if (error !== undefined) throw new Error(`${name}: ${error}: ${text ?? ''}`);
    return result;
  }

  /** The Python is left to the next client; one that still has calls under way ends. */
  async stop(): Promise<void> {
    if (!this.#python.isUsable) return this.#python.end();
    unused.set(this.#interpreter, [...(unused.get(this.#interpreter) ?? []), this.#python]);
  }
}

/** One process: its start, with the import of the library, costs more than most tests. */
class LibraryPython {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, (answer: LibraryAnswer) => void>();
  readonly #closed: Promise<unknown>;
  #hasClosed = false;
  #calls = 0;

  constructor(interpreter: string) {
    this.#child = spawn(interpreter, ['-W', 'ignore', program]);
    this.#child.stderr.pipe(process.stderr);
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const answer = answerSchema.parse(JSON.parse(line));
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    this.#closed = once(this.#child, 'close').then(() => {
      this.#hasClosed = true;
      for (const [id, answer] of this.#waiting) {
        answer({ id, error: 'SystemExit', text: 'the Python has ended' });
      }
    });
  }

  get isUsable(): boolean {
    return !this.#hasClosed && this.#waiting.size === 0;
  }

  call(name: string, args: readonly unknown[]): Promise<LibraryAnswer> {
    this.#calls += 1;
    const id = this.#calls;
    const answered = new Promise<LibraryAnswer>((resolve) => this.#waiting.set(id, resolve));
    this.#child.stdin.write(`${JSON.stringify([id, name, args])}\n`);
    return answered;
  }

  async end(): Promise<void> {
    this.#child.kill();
    await this.#closed;
  }
}

/** By interpreter, the processes that no client has. */
const unused = new Map<string, LibraryPython[]>();

let isEndArranged = false;

function startPython(interpreter: string): LibraryPython {
  if (!isEndArranged) onFileEnd(endUnused);
  isEndArranged = true;
  return new LibraryPython(interpreter);
}

async function endUnused(): Promise<void> {
  const pythons = [...unused.values()].flat();
  unused.clear();
  isEndArranged = false;
  await Promise.all(pythons.map((python) => python.end()));
}
