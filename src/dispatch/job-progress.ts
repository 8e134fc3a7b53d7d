import type { Clock } from '../daemon/clock.js';
import type { EventDetails } from './command-book.js';

/** How far long work has come, as its events and the bridge's state say it. */
export interface Stand {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  /** Whole, and 100 only when all is done. */
  readonly percent: number;
  /** What was done last, as it goes on behind it after a restart. */
  readonly checkpoint: string | null;
  /** Why it pauses. */
  readonly reason?: string;
  readonly message?: string;
}

/** One job among `jobs` of the bridge's own state (contract, section 6). */
export interface JobDocument {
  readonly id: string;
  readonly command: string;
  readonly vehicle: string | null;
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  readonly percent: number;
  readonly checkpoint: string | null;
  /** `succeeded` or the code of a failure; null before the first call has ended. */
  readonly last_result: string | null;
  /** Why it waits or pauses, else null. */
  readonly reason: string | null;
}

const every_ms = 1000;

/** Says progress at once where it has not just been said, else a second after that: the first and the last always. */
export class JobProgress {
  readonly #clock: Clock;
  readonly #say: (details: EventDetails) => void;
  #said_at: number | undefined;
  #unsaid: Stand | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, say: (details: EventDetails) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  tell(stand: Stand): void {
    this.#unsaid = stand;
    const since_ms = this.#clock.monotonic() - (this.#said_at ?? -Infinity);
    if (since_ms >= every_ms) this.flush();
    else {
      this.#timer ??= setTimeout(() => {
        this.flush();
      }, every_ms - since_ms);
    }
  }

  /** Says what has been told and not said. */
  flush(): void {
    const stand = this.#unsaid;
    this.stop();
    if (stand === undefined) return;
    this.#said_at = this.#clock.monotonic();
    this.#say(detailsOf(stand));
  }

  /** Says nothing any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#unsaid = undefined;
  }
}

export function detailsOf({ checkpoint, ...stand }: Stand): EventDetails {
  return { ...stand, ...(checkpoint === null ? {} : { checkpoint }) };
}

/** What an ending tells of how far it came. */
export function reached({ done, total, percent, checkpoint }: Stand): EventDetails {
  return { done, total, percent, ...(checkpoint === null ? {} : { checkpoint }) };
}
