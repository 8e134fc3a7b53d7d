import { within } from './wait.js';

/** A list that can be waited on: what a recorder or a process has told so far. */
export class GrowingList<T> {
  readonly items: T[] = [];
  readonly #listeners = new Set<(item: T) => void>();

  add(item: T): void {
    this.items.push(item);
    for (const listener of [...this.#listeners]) listener(item);
  }

  /** The first item from index `from` on that matches, as soon as there is one. */
  async waitFor(
    matches: (item: T) => boolean,
    timeout_ms: number,
    what: () => string,
    from = 0,
  ): Promise<T> {
    const known = this.items.slice(from).find(matches);
    if (known !== undefined) return known;
    const { promise, listener } = this.#next(matches);
    try {
      return await within(promise, timeout_ms, what);
    } finally {
      this.#listeners.delete(listener);
    }
  }

  #next(matches: (item: T) => boolean): { promise: Promise<T>; listener: (item: T) => void } {
    let listener: (item: T) => void = () => undefined;
    const promise = new Promise<T>((resolve, reject) => {
      listener = (item) => {
        try {
          if (matches(item)) resolve(item);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
    });
    this.#listeners.add(listener);
    return { promise, listener };
  }
}
