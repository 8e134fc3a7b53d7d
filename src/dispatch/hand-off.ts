import type { Clock } from '../daemon/clock.js';
import type { Failure } from '../vehicle/outcome.js';
import { reachesCar, type Outcome, type Task } from '../vehicle/task.js';

export interface HandOffOptions {
  readonly clock: Clock;
  /** Never rejects. */
  readonly run: (task: Task) => Promise<Outcome>;
  /** Why nothing may leave now. */
  readonly refusal: () => Failure | undefined;
  /** For how long what acts on a car may still be sent; undefined: as long as its task allows. */
  readonly sendWithin_ms?: () => number | undefined;
  readonly onLeave: (task: Task) => void;
  /** Answers the outcome as it is to be seen. */
  readonly onReturn: (task: Task, outcome: Outcome, duration_ms: number) => Outcome;
  /** A request to the vendor left, the so many'th of its task; undefined for one that is given up by now. */
  readonly onRequest: (task: Task | undefined, nth: number) => void;
}

/** The one way of tasks to the threads: nothing leaves or comes back without being told. */
export function createHandOff(options: HandOffOptions) {
  const { clock, run, refusal, sendWithin_ms, onLeave, onReturn, onRequest } = options;
  const underWay = new Map<string, { readonly task: Task; requests: number }>();

  return {
    handOff: async (asked: Task): Promise<Outcome> => {
      const refused = refusal();
      if (refused !== undefined) return { ok: false, failure: refused, requests: 0 };
      const task = reachesCar(asked.operation) ? sentWithin(asked, sendWithin_ms?.()) : asked;
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

function sentWithin(task: Task, most_ms: number | undefined): Task {
  if (most_ms === undefined) return task;
  return { ...task, send_within_ms: Math.min(task.send_within_ms ?? Infinity, most_ms) };
}
