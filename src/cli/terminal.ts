import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { isSystemError } from '../daemon/system-error.js';

/** A person, or a script that answers in one's place. */
export interface Terminal {
  say(line: string): void;
  /** What went wrong: to standard error. */
  complain(line: string): void;
  /** The next line of the input; undefined when it has ended. */
  ask(question: string): Promise<string | undefined>;
  /** Ctrl-C. */
  readonly interrupted: AbortSignal;
  close(): void;
}

export interface TerminalParts {
  readonly input: Readable;
  readonly write: (text: string) => void;
  readonly complain: (line: string) => void;
  readonly interrupted: AbortSignal;
  readonly onClose?: () => void;
}

export function createTerminal(parts: TerminalParts): Terminal {
  const { input, write, complain, interrupted, onClose } = parts;
  let lines: AsyncIterator<string> | undefined;
  let end: (() => void) | undefined;

  /** From the first question on: what is never asked leaves the input alone. */
  function open(): AsyncIterator<string> {
    // The terminal's own line editing is enough, and leaves Ctrl-C a signal.
    const reader = createInterface({ input, terminal: false });
    end = () => {
      reader.close();
    };
    return reader[Symbol.asyncIterator]();
  }

  return {
    interrupted,
    complain,
    say: (line) => {
      write(`${line}\n`);
    },
    async ask(question) {
      write(question);
      lines ??= open();
      const next = await lines.next();
      return next.done === true ? undefined : next.value;
    },
    close() {
      end?.();
      onClose?.();
    },
  };
}

/** The process's own input and output. The first Ctrl-C is told to who asks; a second one ends the process. */
export function ownTerminal(): Terminal {
  const interruption = new AbortController();
  const interrupt = (): void => {
    interruption.abort();
  };
  process.once('SIGINT', interrupt);
  // `| head` has seen enough: that is the end as well. It may be told after all has been said.
  process.stdout.on('error', (error) => {
    if (!isSystemError(error, 'EPIPE')) throw error;
    interrupt();
  });
  return createTerminal({
    input: process.stdin,
    write: (text) => {
      process.stdout.write(text);
    },
    complain: (line) => {
      console.error(line);
    },
    interrupted: interruption.signal,
    onClose: () => {
      process.removeListener('SIGINT', interrupt);
    },
  });
}
