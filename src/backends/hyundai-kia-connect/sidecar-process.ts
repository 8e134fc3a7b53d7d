import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { LineReader } from './line-reader.js';
import { parseMessage } from './protocol.js';
import type { Hello, SidecarMessage } from './protocol.js';
import { signalGroup, stopChild } from './stop-child.js';

const longestLine = 4 * 1024 * 1024;
const longestStderrLine = 64 * 1024;
const mostMessages = 20_000;
const grace_ms = 2000;

/** What to start, without a shell and with this environment only. */
export interface SidecarCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** That a process is gone (or never came to be), in words; and whether it was killed for what it wrote. */
export interface SidecarEnd {
  readonly brokeProtocol: boolean;
  readonly message: string;
}

export interface SidecarListener {
  /** Everything but the hello. */
  message(message: Exclude<SidecarMessage, Hello>): void;
  stderr(line: string): void;
  /** `killed`: ended by a signal. */
  process(event: 'started' | 'ended' | 'killed', pid: number): void;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** One process of the sidecar, from its start to its end. */
export class SidecarProcess {
  readonly #child: Child;
  readonly #listener: SidecarListener;
  /** Fulfilled by the first message. Stays pending when the process ends without one. */
  readonly hello: Promise<Hello>;
  /** Fulfilled when the process is gone, reaped, and all that it wrote has been read. */
  readonly ended: Promise<SidecarEnd>;
  #greet: (hello: Hello) => void = () => undefined;
  #greeted = false;
  #messages = 0;
  #fault: string | undefined;

  private constructor(child: Child, listener: SidecarListener) {
    this.#child = child;
    this.#listener = listener;
    this.hello = new Promise((resolve) => (this.#greet = resolve));
    this.ended = this.#watch();
    readLines(
      child.stdout,
      longestLine,
      (line) => {
        this.#receive(line);
      },
      () => {
        this.#refuse(`wrote a line of more than ${longestLine} characters`);
      },
    );
    readLines(
      child.stderr,
      longestStderrLine,
      (line) => {
        listener.stderr(line);
      },
      () => {
        listener.stderr('(a line too long to show; nothing more is read of it)');
      },
    );
  }

  static start(command: SidecarCommand, listener: SidecarListener): SidecarProcess {
    const child = spawn(command.file, command.args, {
      env: command.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C at the daemon's terminal must not interrupt a task that the daemon lets finish.
      detached: true,
    });
    return new SidecarProcess(child, listener);
  }

  /** Writes a line (with its `\n`). Whether it arrived shows in the answer, or in `ended`. */
  send(line: string): void {
    this.#messages = 0;
    this.#child.stdin.write(line);
  }

  async stop(): Promise<void> {
    await stopChild(this.#child, this.ended, grace_ms);
  }

  async kill(): Promise<void> {
    signalGroup(this.#child, 'SIGKILL');
    await this.ended;
  }

  async #watch(): Promise<SidecarEnd> {
    const { pid } = this.#child;
    // Writing to a process that has gone is an error of the stream; the end of the process tells it all.
    this.#child.stdin.on('error', () => undefined);
    if (pid !== undefined) this.#listener.process('started', pid);
    const end = await childEnd(this.#child);
    const how = this.#child.signalCode === null ? 'ended' : 'killed';
    if (pid !== undefined) this.#listener.process(how, pid);
    return this.#fault === undefined ? end : { brokeProtocol: true, message: this.#fault };
  }

  #receive(line: string): void {
    if (this.#fault !== undefined) return;
    this.#messages += 1;
    const message = parseMessage(line);
    if (message === undefined) this.#refuse('wrote a line that is no message of the protocol');
    else if (this.#messages > mostMessages)
      this.#refuse(`wrote more than ${mostMessages} messages`);
    else this.#dispatch(message);
  }

  #dispatch(message: SidecarMessage): void {
    if (message.type !== 'hello') {
      this.#listener.message(message);
    } else if (this.#greeted) {
      this.#refuse('said hello twice');
    } else {
      this.#greeted = true;
      this.#greet(message);
    }
  }

  #refuse(fault: string): void {
    this.#fault ??= `the Python process ${fault}`;
    signalGroup(this.#child, 'SIGKILL');
  }
}

function readLines(
  stream: Readable,
  maxLength: number,
  onLine: (line: string) => void,
  onTooLong: () => void,
): void {
  const reader = new LineReader(maxLength);
  let gaveUp = false;
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const { lines, tooLong } = reader.read(chunk);
    lines.forEach(onLine);
    if (tooLong && !gaveUp) onTooLong();
    gaveUp = tooLong;
  });
}

function childEnd(child: Child): Promise<SidecarEnd> {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      if (child.pid === undefined) resolve({ brokeProtocol: false, message: error.message });
    });
    // A grandchild that left the group can hold the pipes open for ever.
    child.once('exit', () => {
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, grace_ms).unref();
    });
    child.once('close', (code, signal) => {
      const how = signal ?? `exit code ${String(code)}`;
      resolve({ brokeProtocol: false, message: `the Python process ended (${how})` });
    });
  });
}
