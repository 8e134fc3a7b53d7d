import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';

/** How late the main loop was, in milliseconds, without the sampling interval itself. */
export interface Delays {
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

const sampling_ms = 10;
const window_ms = 60_000;

/** The delay of the main loop in the last minute or two: over days the quiet hours would hide everything. */
export class LoopDelay {
  readonly #loop = monitorEventLoopDelay({ resolution: sampling_ms });
  readonly #window: NodeJS.Timeout;
  #before: Delays;

  constructor() {
    this.#loop.enable();
    this.#before = delaysOf(this.#loop);
    this.#window = setInterval(() => {
      this.#before = delaysOf(this.#loop);
      this.#loop.reset();
    }, window_ms).unref();
  }

  get recent(): Delays {
    const now = delaysOf(this.#loop);
    return {
      p50_ms: Math.max(this.#before.p50_ms, now.p50_ms),
      p99_ms: Math.max(this.#before.p99_ms, now.p99_ms),
      max_ms: Math.max(this.#before.max_ms, now.max_ms),
    };
  }

  stop(): void {
    clearInterval(this.#window);
    this.#loop.disable();
  }
}

function delaysOf(loop: IntervalHistogram): Delays {
  if (loop.count === 0) return { p50_ms: 0, p99_ms: 0, max_ms: 0 };
  return {
    p50_ms: rounded(loop.percentile(50)),
    p99_ms: rounded(loop.percentile(99)),
    max_ms: rounded(loop.max),
  };
}

function rounded(delay_ns: number): number {
  return Math.round(Math.max(0, delay_ns / 1e6 - sampling_ms) * 10) / 10;
}
