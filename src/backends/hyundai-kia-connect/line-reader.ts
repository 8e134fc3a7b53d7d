/** What came of one chunk: the lines it completed, and whether the reader has given up on an endless one. */
export interface ReadLines {
  readonly lines: readonly string[];
  readonly tooLong: boolean;
}

/** Chunks of text in, complete lines out (without `\n`). After a line over the bound it reads nothing more. */
export class LineReader {
  readonly #maxLength: number;
  #parts: string[] = [];
  #length = 0;
  #tooLong = false;

  /** `maxLength` is in characters. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  read(chunk: string): ReadLines {
    const lines: string[] = [];
    let from = 0;
    while (!this.#tooLong) {
      const end = chunk.indexOf('\n', from);
      const kept = this.#keep(chunk.slice(from, end === -1 ? undefined : end));
      if (end === -1 || !kept) break;
      lines.push(this.#take());
      from = end + 1;
    }
    return { lines, tooLong: this.#tooLong };
  }

  /** Whether it still fits. */
  #keep(part: string): boolean {
    this.#length += part.length;
    this.#tooLong = this.#length > this.#maxLength;
    if (this.#tooLong) this.#parts = [];
    else if (part !== '') this.#parts.push(part);
    return !this.#tooLong;
  }

  #take(): string {
    const line = this.#parts.join('');
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}
