import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { Writable } from 'node:stream';

export interface SecretLinesOptions {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly write: (text: string) => void;
  /** What Ctrl-C does while a line is typed. */
  readonly interrupt: () => void;
}

/** Lines that are not shown as they are typed. */
export class SecretLines {
  readonly #options: SecretLinesOptions;
  readonly #isTyped: boolean;
  #reader: Interface | undefined;
  #lines: AsyncIterator<string> | undefined;

  constructor(options: SecretLinesOptions) {
    this.#options = options;
    this.#isTyped = options.input.isTTY === true;
  }

  /** The next line; undefined when the input has ended. The question is for a person only. */
  async next(question: string): Promise<string | undefined> {
    if (this.#isTyped) this.#options.write(question);
    this.#lines ??= this.#open();
    const line = await this.#lines.next();
    if (this.#isTyped) this.#options.write('\n');
    return line.done === true ? undefined : line.value;
  }

  close(): void {
    this.#reader?.close();
  }

  #open(): AsyncIterator<string> {
    const { input, interrupt } = this.#options;
    // With a terminal of its own the reader echoes what is typed, to nowhere.
    const output = new Writable({
      write: (_chunk, _encoding, done) => {
        done();
      },
    });
    const reader = createInterface({ input, output, terminal: this.#isTyped, historySize: 0 });
    reader.on('SIGINT', () => {
      reader.close();
      interrupt();
    });
    this.#reader = reader;
    return reader[Symbol.asyncIterator]();
  }
}
