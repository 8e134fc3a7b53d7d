import type { Clock } from '../daemon/clock.js';
import type { Outcome, Task } from '../vehicle/task.js';

export interface HandOffOptions {
  readonly clock: Clock;
  /** Never rejects. */
  readonly run: (task: Task) => Promise<Outcome>;
  readonly onLeave: (task: Task) => void;
  readonly onReturn: (task: Task, outcome: Outcome, duration_ms: number) => void;
}

/** The one way of tasks to the threads: nothing leaves or comes back without being told. */
export function createHandOff({ clock, run, onLeave, onReturn }: HandOffOptions) {
  return async (task: Task): Promise<Outcome> => {
    const since = clock.monotonic();
    onLeave(task);
    const outcome = await run(task);
    onReturn(task, outcome, clock.monotonic() - since);
    return outcome;
  };
}
