import type { LifeCycleEvent } from '../vehicle/life-cycle.js';

const mostCommands = 2000;
const mostEvents = 100;

/** The events of the newest commands, for whoever follows one by its id. Nothing of it outlives the process. */
export class CommandHistory {
  readonly #events = new Map<string, LifeCycleEvent[]>();

  note(event: LifeCycleEvent): void {
    const events = this.#events.get(event.id) ?? [];
    // What still happens stays in memory; of long work the beginning is the least interesting but for its first step.
    if (events.length >= mostEvents) events.splice(1, 1);
    events.push(event);
    this.#events.delete(event.id);
    this.#events.set(event.id, events);
    const [oldest] = this.#events.keys();
    if (this.#events.size > mostCommands && oldest !== undefined) this.#events.delete(oldest);
  }

  /** Oldest first; undefined for an id that is not known. */
  of(id: string): readonly LifeCycleEvent[] | undefined {
    return this.#events.get(id);
  }
}
