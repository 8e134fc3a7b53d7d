/** Three connections lost within 5 s each look like another client with the bridge's id, and it keeps away for a minute. */
const quietFor_ms = 7_000;
const most = 2;

/** Says when a bridge may lose its connection once more without taking itself for one of two. */
export class QuickLosses {
  #count = 0;
  #lostAt = 0;

  /** True if so; then it is counted. */
  mayLose(): boolean {
    const now = performance.now();
    if (now - this.#lostAt > quietFor_ms) this.#count = 0;
    if (this.#count >= most) return false;
    this.#count += 1;
    this.#lostAt = now;
    return true;
  }

  /** A new process knows of none. */
  forget(): void {
    this.#count = 0;
  }
}
