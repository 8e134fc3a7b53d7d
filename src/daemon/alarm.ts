/** Calls once, at the earliest of the moments that it was set to since. */
export class Alarm {
  readonly #ring: () => void;
  #set: { readonly at: number; readonly timer: NodeJS.Timeout } | undefined;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  atLatest(delay_ms: number): void {
    const at = performance.now() + delay_ms;
    if (this.#set !== undefined && this.#set.at <= at) return;
    this.clear();
    const timer = setTimeout(() => {
      this.#set = undefined;
      this.#ring();
    }, delay_ms);
    this.#set = { at, timer };
  }

  clear(): void {
    clearTimeout(this.#set?.timer);
    this.#set = undefined;
  }
}
