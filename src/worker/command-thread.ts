import { threadId } from 'node:worker_threads';
import type { BackendNotes, VehicleBackend } from '../backends/contract.js';
import { sharedMonotonic } from '../daemon/clock.js';
import { laterTask, tooLateToSend } from '../vehicle/later-task.js';
import { failure } from '../vehicle/outcome.js';
import { taskSchema } from '../vehicle/task.js';
import type { Outcome, Task } from '../vehicle/task.js';
import type { ThreadNote, ThreadOrder } from '../vehicle/thread-note.js';

export interface CommandThreadOptions {
  readonly createBackend: (notes: BackendNotes) => VehicleBackend;
  readonly post: (note: ThreadNote) => void;
  readonly idle_ms: number;
}

/** One thread's work: a task at a time, by a backend that is closed when idle and made anew when needed. */
export class CommandThread {
  readonly #options: CommandThreadOptions;
  #backend: VehicleBackend | undefined;
  #task: Task | undefined;
  #closing: Promise<void> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  private constructor(options: CommandThreadOptions) {
    this.#options = options;
  }

  /** Makes the backend before the first task asks for it. One that cannot be made says so in each answer. */
  static start(options: CommandThreadOptions): CommandThread {
    const thread = new CommandThread(options);
    try {
      thread.#open();
    } catch {
      // `run` meets the same fault, and has somebody to tell it to.
    }
    thread.#awaitIdle();
    return thread;
  }

  /** Never rejects: a class that is thrown does not survive the way out of the thread, data does. */
  async run(value: unknown): Promise<Outcome> {
    const task = taskSchema.safeParse(value);
    if (!task.success) return internal(`malformed task: field ${fieldsOf(task.error)}`);
    clearTimeout(this.#idle);
    this.#task = task.data;
    try {
      return await this.#within(task.data);
    } catch (error) {
      return internal(error instanceof Error ? error.message : String(error));
    } finally {
      this.#task = undefined;
      this.#awaitIdle();
    }
  }

  async obey(order: ThreadOrder): Promise<void> {
    switch (order.kind) {
      case 'release':
        if (this.#task === undefined) await this.#close();
        return;
      case 'close':
        await this.#close();
        return;
    }
  }

  async #within({ handed_over_at = sharedMonotonic(), ...task }: Task): Promise<Outcome> {
    await this.#closing;
    const left = laterTask(task, sharedMonotonic() - handed_over_at);
    if (left === undefined) return { ok: false, failure: tooLateToSend, requests: 0 };
    return this.#open().run(left);
  }

  #open(): VehicleBackend {
    this.#backend ??= this.#options.createBackend({
      request: () => {
        if (this.#task === undefined) return;
        this.#options.post({ kind: 'request', attempt: this.#task.attempt });
      },
      log: (line) => {
        this.#options.post({ kind: 'log', ...this.#about(), ...line });
      },
      process: (event, pid) => {
        this.#options.post({ kind: 'process', event, pid, thread: threadId });
      },
    });
    return this.#backend;
  }

  #about(): { attempt?: string; command_id?: string } {
    if (this.#task === undefined) return {};
    const { attempt, command_id } = this.#task;
    return command_id === undefined ? { attempt } : { attempt, command_id };
  }

  #awaitIdle(): void {
    this.#idle = setTimeout(() => void this.#close(), this.#options.idle_ms).unref();
  }

  /** A closed backend is not used again; the next task has a new one. */
  #close(): Promise<void> {
    const backend = this.#backend;
    this.#backend = undefined;
    const closed = Promise.all([this.#closing, backend?.close()]);
    this.#closing = closed.then(
      () => undefined,
      (error: unknown) => {
        const message = `closing failed: ${String(error)}`;
        this.#options.post({ kind: 'log', ...this.#about(), level: 'error', message });
      },
    );
    return this.#closing;
  }
}

function fieldsOf(error: {
  readonly issues: readonly { readonly path: PropertyKey[]; readonly message: string }[];
}): string {
  return error.issues
    .map(({ path, message }) => `${path.map(String).join('.')}: ${message}`)
    .join('; ');
}

function internal(message: string): Outcome {
  return { ok: false, failure: failure('internal', message), requests: 0 };
}
