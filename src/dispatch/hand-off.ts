import type { Clock } from '../daemon/clock.js';
import { laterTask } from '../vehicle/later-task.js';
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

const mostTries = 3;

/** The one way of tasks to the threads: nothing leaves or comes back without being told. */
export function createHandOff(options: HandOffOptions) {
  const { clock, run, refusal, sendWithin_ms, onLeave, onReturn, onRequest } = options;
  const underWay = new Map<string, { readonly task: Task; requests: number }>();

  /**
   * To start a process may take longer than what is known of the time in which it may send: then that has gone on
   * meanwhile, the process runs, and it is tried again as long as the task's own time allows.
   */
  async function runInTime(asked: Task, since: number): Promise<Outcome> {
    let task = asked;
    for (let tries = 1; ; tries += 1) {
      const within_ms = reachesCar(asked.operation) ? sendWithin_ms?.() : undefined;
      if (within_ms === undefined) return run(task);
      const outcome = await run(sentWithin(task, within_ms));
      const passed_ms = clock.monotonic() - since;
      const again = passed_ms < asked.remaining_ms ? laterTask(asked, passed_ms) : undefined;
      const mayLeave = again !== undefined && refusal() === undefined;
      if (tries === mostTries || !mayLeave || !wasTooLate(outcome)) return outcome;
      task = again;
    }
  }

  return {
    handOff: async (asked: Task): Promise<Outcome> => {
      const refused = refusal();
      if (refused !== undefined) return { ok: false, failure: refused, requests: 0 };
      const since = clock.monotonic();
      underWay.set(asked.attempt, { task: asked, requests: 0 });
      onLeave(asked);
      const outcome = await runInTime(asked, since);
      underWay.delete(asked.attempt);
      return onReturn(asked, outcome, clock.monotonic() - since);
    },

    /** The thread that has this attempt has sent a request. */
    requestSent: (attempt: string): void => {
      const one = underWay.get(attempt);
      if (one !== undefined) one.requests += 1;
      onRequest(one?.task, one?.requests ?? 1);
    },
  };
}

function sentWithin(task: Task, most_ms: number): Task {
  return { ...task, send_within_ms: Math.min(task.send_within_ms ?? Infinity, most_ms) };
}

/** The time to send it was over before anything was asked. */
function wasTooLate({ requests, ...outcome }: Outcome): boolean {
  if (outcome.ok || requests > 0) return false;
  return outcome.failure.code === 'timeout' && outcome.failure.sent === false;
}
