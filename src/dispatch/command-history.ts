import { stepsSince, type CommandStep } from '../vehicle/command-step.js';
import type { JournalRecord } from '../vehicle/journal-record.js';
import type { LifeCycleEvent } from '../vehicle/life-cycle.js';

const mostCommands = 2000;
const mostEventsOfOne = 100;
/** Some 5 MB. */
const mostEvents = 10_000;

/** The events of the newest commands, for whoever follows one by its id. Nothing of it outlives the process. */
export class CommandHistory {
  readonly #events = new Map<string, LifeCycleEvent[]>();
  #held = 0;

  note(event: LifeCycleEvent): void {
    const events = this.#events.get(event.id) ?? [];
    // A refusal (`seq` 0) is no part of the life of another command that has this id.
    if (event.seq === 0 && events.some(({ seq }) => seq > 0)) return;
    events.push(event);
    this.#held += 1;
    // What still happens stays in memory; of long work the beginning is the least interesting but for its first step.
    if (events.length > mostEventsOfOne) this.#held -= events.splice(1, 1).length;
    this.#events.delete(event.id);
    this.#events.set(event.id, events);
    this.#forgetOldest();
  }

  /** Oldest first; undefined for an id that is not known. */
  of(id: string): readonly LifeCycleEvent[] | undefined {
    return this.#events.get(id);
  }

  /** What was said of an open command since this record of it was written. */
  stepsBehind({ id, command, event, seq }: JournalRecord): CommandStep[] {
    return stepsSince(seq, this.of(id) ?? [], { vehicle: event.vehicle, command });
  }

  #forgetOldest(): void {
    for (const [id, events] of this.#events) {
      if (this.#events.size <= mostCommands && this.#held <= mostEvents) return;
      this.#events.delete(id);
      this.#held -= events.length;
    }
  }
}
