import type { Clock } from '../daemon/clock.js';
import type { Failure } from '../vehicle/outcome.js';
import type { Outcome, Task } from '../vehicle/task.js';

export interface HandOffOptions {
  readonly clock: Clock;
  /** Never rejects. */
  readonly run: (task: Task) => Promise<Outcome>;
  /** Why nothing may leave now. */
  readonly refusal: () => Failure | undefined;
  readonly onLeave: (task: Task) => void;
  /** Answers the outcome as it is to be seen. */
  readonly onReturn: (task: Task, outcome: Outcome, duration_ms: number) => Outcome;
  /** A request to the vendor left, the so many'th of its task; undefined for one that is given up by now. */
  readonly onRequest: (task: Task | undefined, nth: number) => void;
}

/** The one way of tasks to the threads: nothing leaves or comes back without being told. */
export function createHandOff(options: HandOffOptions) {
  const { clock, run, refusal, onLeave, onReturn, onRequest } = options;
  const underWay = new Map<string, { readonly task: Task; requests: number }>();

  return {
    handOff: async (task: Task): Promise<Outcome> => {
      const refused = refusal();
      if (refused !== undefined) return { ok: false, failure: refused, requests: 0 };
      const since = clock.monotonic();
      underWay.set(task.attempt, { task, requests: 0 });
      onLeave(task);
      const outcome = await run(task);
      underWay.delete(task.attempt);
      return onReturn(task, outcome, clock.monotonic() - since);
    },

    /** The thread that has this attempt has sent a request. */
    requestSent: (attempt: string): void => {
      const one = underWay.get(attempt);
      if (one !== undefined) one.requests += 1;
      onRequest(one?.task, one?.requests ?? 1);
    },
  };
}
