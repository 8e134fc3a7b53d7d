/** Where what must outlive the process is kept. */
export interface TopicRecord {
  add(topic: string): void;
  delete(topic: string): void;
}

/** Every topic on which something retained was published, over restarts: so that nothing is left behind for ever. */
export class WrittenTopics {
  readonly #record: TopicRecord;
  readonly #topics: Set<string>;

  constructor(record: TopicRecord, kept: readonly string[]) {
    this.#record = record;
    this.#topics = new Set(kept);
  }

  get all(): readonly string[] {
    return [...this.#topics];
  }

  add(topic: string): void {
    if (this.#topics.has(topic)) return;
    this.#topics.add(topic);
    this.#record.add(topic);
  }

  delete(topic: string): void {
    if (this.#topics.delete(topic)) this.#record.delete(topic);
  }
}
