const headerBytes = 16;
/** A car is about 6 KB; with places in its navigation and commands on their way it can be four times that. */
const areaBytes = 32 * 1024;

/** The bytes of one slot: a header, and two areas so that a text is never overwritten in place. */
export const sharedTextBytes = headerBytes + 2 * areaBytes;

const lockWord = 0;
const activeWord = 1;
const lengthWords = [2, 3] as const;

const free = 0;
/** Work under the lock takes well under a millisecond; a holder that is this late was terminated. */
const stealAfterMs = 1000;
const lookAgainMs = 50;

/**
 * A text that threads read and replace in turn. The lock word holds the time at which it was taken, so that a lock
 * whose thread was terminated can be taken over; the text becomes valid in one store, so that it is never half.
 */
export class SharedText {
  readonly #words: Int32Array;
  readonly #areas: readonly [Buffer, Buffer];

  constructor(memory: SharedArrayBuffer, slot: number) {
    const start = slot * sharedTextBytes;
    this.#words = new Int32Array(memory, start, headerBytes / 4);
    this.#areas = [
      Buffer.from(memory, start + headerBytes, areaBytes),
      Buffer.from(memory, start + headerBytes + areaBytes, areaBytes),
    ];
  }

  /**
   * Gives the text ('' at first) and stores the one that comes back, if any; `store` does so in between. `use` must
   * not wait for anything.
   *
   * @throws RangeError when the new text does not fit.
   */
  exchange<T>(
    use: (
      text: string,
      store: (text: string) => void,
    ) => { readonly answer: T; readonly text?: string },
  ): T {
    const ticket = this.#lock();
    try {
      const { answer, text } = use(this.#read(), (early) => {
        this.#write(early);
      });
      if (text !== undefined) this.#write(text);
      return answer;
    } finally {
      this.#unlock(ticket);
    }
  }

  #read(): string {
    const active = this.#active();
    const length = Atomics.load(this.#words, lengthWords[active]);
    return this.#areas[active].toString('utf8', 0, length);
  }

  #write(text: string): void {
    const next = this.#active() === 0 ? 1 : 0;
    const length = Buffer.byteLength(text);
    if (length > areaBytes) {
      throw new RangeError(`shared text: expected at most ${areaBytes} bytes, got ${length}`);
    }
    this.#areas[next].write(text);
    Atomics.store(this.#words, lengthWords[next], length);
    Atomics.store(this.#words, activeWord, next);
  }

  #active(): 0 | 1 {
    return Atomics.load(this.#words, activeWord) === 0 ? 0 : 1;
  }

  #lock(): number {
    for (;;) {
      const ticket = timeWord();
      const holder = Atomics.compareExchange(this.#words, lockWord, free, ticket);
      if (holder === free) return ticket;
      if (elapsed(holder, ticket) >= stealAfterMs) {
        const seen = Atomics.compareExchange(this.#words, lockWord, holder, ticket);
        if (seen === holder) return ticket;
      }
      Atomics.wait(this.#words, lockWord, holder, lookAgainMs);
    }
  }

  #unlock(ticket: number): void {
    Atomics.compareExchange(this.#words, lockWord, ticket, free);
    Atomics.notify(this.#words, lockWord, 1);
  }
}

const wordRange = 0x7fffffff;

/** The time in ms as a positive 32-bit word; it starts over after 24 days. */
function timeWord(): number {
  return (Date.now() % wordRange) + 1;
}

function elapsed(since: number, until: number): number {
  return (until - since + wordRange) % wordRange;
}
