import type { Clock } from '../daemon/clock.js';

interface Alarm {
  readonly at: number;
  readonly then: () => void;
}

/** Time that passes as fast as what happens in it: nothing waits for real. */
export class PlanClock implements Clock {
  readonly #alarms = new Set<Alarm>();
  #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  /** Calls back once, so much later; answers what makes it never do so. */
  wait(delay_ms: number, then: () => void): () => void {
    const alarm = { at: this.#now + delay_ms, then };
    this.#alarms.add(alarm);
    return () => {
      this.#alarms.delete(alarm);
    };
  }

  /** Lets everything happen until then (epoch milliseconds). */
  async runTo(end: number): Promise<void> {
    for (let next = this.#first(); next !== undefined && next.at <= end; next = this.#first()) {
      this.#alarms.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.then();
      // What has come of it may set the next alarm.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#now = end;
  }

  #first(): Alarm | undefined {
    let first: Alarm | undefined;
    for (const alarm of this.#alarms) if (first === undefined || alarm.at < first.at) first = alarm;
    return first;
  }
}
