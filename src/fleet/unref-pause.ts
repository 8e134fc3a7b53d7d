/** A pause that can be ended early and keeps no process alive. */
export class UnrefPause {
  #timer: NodeJS.Timeout | undefined;
  #end: (() => void) | undefined;
  #isSkipped = false;

  start(delay_ms: number): Promise<void> {
    if (this.#isSkipped) {
      this.#isSkipped = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#end = resolve;
      this.#timer = setTimeout(() => {
        this.end();
      }, delay_ms).unref();
    });
  }

  /** Ends the one there is, or the next one. */
  end(): void {
    clearTimeout(this.#timer);
    if (this.#end === undefined) this.#isSkipped = true;
    this.#end?.();
    this.#end = undefined;
  }
}
