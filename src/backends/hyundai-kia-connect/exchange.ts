import { failure } from '../../vehicle/outcome.js';
import type { Failure, FailureCode } from '../../vehicle/outcome.js';
import { reachesCar } from '../../vehicle/task.js';
import type { Outcome, Session, Task } from '../../vehicle/task.js';
import { readOutcome } from './protocol.js';

/** One task given to a process, and what has come of it so far. */
export class Exchange {
  readonly id: number;
  readonly task: Task;
  /** Stays pending when the process ends without an answer. */
  readonly answered: Promise<Outcome>;
  #answer: (outcome: Outcome) => void = () => undefined;
  #outcome: Outcome | undefined;
  #session: Session | undefined;
  #requests = 0;

  constructor(id: number, task: Task) {
    this.id = id;
    this.task = task;
    this.answered = new Promise((resolve) => (this.#answer = resolve));
  }

  /** The answer, once it is there. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  countRequests(count: number): void {
    this.#requests += count;
  }

  /** Takes a session that came before the answer. */
  keep(session: Session): void {
    this.#session = session;
  }

  /** Takes the first answer. A killed process cannot say how many requests it made, so they were counted. */
  answer(value: unknown): void {
    if (this.#outcome !== undefined) return;
    const outcome = readOutcome(value, this.task);
    this.#outcome = { ...outcome, requests: Math.max(outcome.requests, this.#requests) };
    this.#answer(this.#outcome);
  }

  /** The outcome where no answer came: what was sent may have reached the vendor, and a wake the car. */
  unanswered(code: FailureCode, message: string): Outcome {
    const sent = this.#requests > 0;
    const more: Pick<Failure, 'sent' | 'outcome'> =
      sent && reachesCar(this.task.operation) ? { sent, outcome: 'unknown' } : { sent };
    return {
      ok: false,
      failure: failure(code, message, more),
      requests: this.#requests,
      ...(this.#session === undefined ? {} : { session: this.#session }),
    };
  }
}
