import { timerDelay } from './clock.js';

/** Calls once, at the earliest of the moments that it was set to since. */
export class Alarm {
  readonly #ring: () => void;
  #set: { readonly at: number; readonly timer: NodeJS.Timeout } | undefined;
  #isStopped = false;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  get isSet(): boolean {
    return this.#set !== undefined;
  }

  atLatest(delay_ms: number): void {
    const at = performance.now() + delay_ms;
    if (this.#isStopped || (this.#set !== undefined && this.#set.at <= at)) return;
    clearTimeout(this.#set?.timer);
    const timer = setTimeout(() => {
      this.#set = undefined;
      this.#ring();
    }, timerDelay(delay_ms));
    this.#set = { at, timer };
  }

  /** It does not ring any more, whatever it is set to. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#set?.timer);
    this.#set = undefined;
  }
}
