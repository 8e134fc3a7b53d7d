import { settlesWithin } from '../daemon/settles-within.js';

/** Where what must outlive the process is kept. */
export interface TopicRecord {
  /** Resolves when it is on the disk. */
  add(topic: string): Promise<void>;
  delete(topic: string): void;
}

/** A disk that does not answer must not hold up what is to be said. */
const patience_ms = 5000;

/** Every topic on which something retained was published, over restarts: so that nothing is left behind for ever. */
export class WrittenTopics {
  readonly #record: TopicRecord;
  readonly #topics: Set<string>;
  /** Not on the disk yet. */
  readonly #early = new Set<string>();

  constructor(record: TopicRecord, kept: readonly string[]) {
    this.#record = record;
    this.#topics = new Set(kept);
  }

  get all(): readonly string[] {
    return [...this.#topics];
  }

  /** Whether it may be published to: a crash right afterwards leaves nothing there that nobody knows of. */
  isKept(topic: string): boolean {
    return this.#topics.has(topic) && !this.#early.has(topic);
  }

  /** `onKept` is called when it is on the disk, or cannot be brought there; not at all where it was there before. */
  add(topic: string, onKept: () => void): void {
    if (this.#topics.has(topic)) return;
    this.#topics.add(topic);
    this.#early.add(topic);
    void settlesWithin(this.#record.add(topic), patience_ms).then(() => {
      this.#early.delete(topic);
      onKept();
    });
  }

  delete(topic: string): void {
    if (this.#topics.delete(topic)) this.#record.delete(topic);
  }
}
