import type { LiveEvent } from './live-events.js';

/** Steps of commands that a slow reader may be behind by; it starts anew after that. */
const mostSteps = 1000;

/** What one reader has not been sent yet: of each document the newest, and every step of the commands. */
export class EventQueue {
  readonly #waiting = new Map<string, LiveEvent>();
  #steps = 0;
  #wake: (() => void) | undefined;
  #isClosed = false;

  put(event: LiveEvent): void {
    if (this.#isClosed) return;
    const key = this.#keyOf(event);
    // What is sent later is told in the order in which it happened last.
    this.#waiting.delete(key);
    this.#waiting.set(key, event);
    if (this.#waiting.size > mostSteps) this.close();
    this.#wake?.();
  }

  /** The next event; undefined once it is closed, or where none comes within the time. */
  async next(within_ms: number): Promise<LiveEvent | undefined> {
    if (this.#waiting.size === 0 && !this.#isClosed) await this.#somethingComes(within_ms);
    for (const [key, event] of this.#waiting) {
      this.#waiting.delete(key);
      return event;
    }
    return undefined;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.clear();
    this.#wake?.();
  }

  #somethingComes(within_ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, within_ms);
      this.#wake = done;
    });
  }

  #keyOf(event: LiveEvent): string {
    switch (event.kind) {
      case 'state':
      case 'info':
        return `${event.kind}/${event.data.id}`;
      case 'availability':
        return `${event.kind}/${event.data.vehicle}`;
      case 'bridge':
        return event.kind;
      case 'result':
      case 'progress':
        this.#steps += 1;
        return String(this.#steps);
    }
  }
}
