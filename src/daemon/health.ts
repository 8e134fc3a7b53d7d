import type { Clock } from './clock.js';

/** Whether this process still does its work. A broker or a vendor that is away is no fault of its own. */
export type Health =
  { readonly ok: true } | { readonly ok: false; readonly reasons: readonly string[] };

const beat_ms = 1000;
/** Longer than any pause of a busy machine. */
const stalled_ms = 5000;

/** Notices that the main loop stood still: a timer of its own comes late. */
export class LoopWatch {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #timer: NodeJS.Timeout;
  #lastBeat: number;
  #stall: { readonly endedAt: number; readonly lasted_ms: number } | undefined;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
    this.#lastBeat = clock.monotonic();
    this.#timer = setInterval(() => {
      this.#beat();
    }, beat_ms).unref();
  }

  /**
   * Undefined while the loop turns. Who asks right after it stood still is told so: before that nobody could be answered.
   */
  get fault(): string | undefined {
    const now = this.#clock.monotonic();
    const since_ms = now - this.#lastBeat;
    if (since_ms >= stalled_ms) return stoodStill(since_ms);
    if (this.#stall === undefined || now - this.#stall.endedAt >= stalled_ms) return undefined;
    return stoodStill(this.#stall.lasted_ms);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const now = this.#clock.monotonic();
    const lasted_ms = now - this.#lastBeat;
    if (lasted_ms >= stalled_ms) this.#stall = { endedAt: now, lasted_ms };
    this.#lastBeat = now;
  }
}

function stoodStill(ms: number): string {
  return `the event loop stood still for ${String(Math.round(ms / 1000))} s`;
}

/** Health from what each part says of itself. */
export function healthOf(faults: readonly (string | undefined)[]): Health {
  const reasons = faults.filter((fault) => fault !== undefined);
  return reasons.length === 0 ? { ok: true } : { ok: false, reasons };
}

export function faultsOf(health: Health): readonly string[] {
  return health.ok ? [] : health.reasons;
}
