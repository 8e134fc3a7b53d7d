import type { Entry, ListOptions, Store, Write } from '../../src/store/store.js';
import { GrowingList } from './growing-list.js';

/** A batch that has been asked for, and goes to the engine when the test says so. */
export interface HeldBatch {
  readonly writes: readonly Write[];
  release(): void;
}

/** A store whose batches wait at a gate while it is closed, as on a card that takes its time. */
export class GatedStore implements Store {
  readonly held = new GrowingList<HeldBatch>();
  readonly #store: Store;
  #isOpen = true;

  constructor(store: Store) {
    this.#store = store;
  }

  shut(): void {
    this.#isOpen = false;
  }

  /** Nothing waits from now on; what waits already goes when it is released. */
  open(): void {
    this.#isOpen = true;
  }

  async batch(writes: readonly Write[]): Promise<void> {
    if (!this.#isOpen) {
      await new Promise<void>((release) => {
        this.held.add({ writes, release });
      });
    }
    await this.#store.batch(writes);
  }

  get(key: string): Promise<Entry | undefined> {
    return this.#store.get(key);
  }

  list(prefix: string, options?: ListOptions): Promise<Entry[]> {
    return this.#store.list(prefix, options);
  }

  put(key: string, value: unknown): Promise<void> {
    return this.#store.put(key, value);
  }

  putIf(key: string, value: unknown, revision: number): Promise<boolean> {
    return this.#store.putIf(key, value, revision);
  }

  later(writes: readonly Write[]): void {
    this.#store.later(writes);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
