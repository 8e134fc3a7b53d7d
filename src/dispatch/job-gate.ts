/** Why nothing that can wait may call now: a word, what a person may read of it, and how long that lasts if known. */
export interface Hold {
  readonly reason: string;
  readonly message?: string;
  readonly retry_after_s?: number;
}

export interface JobGateOptions {
  /** Undefined while a call may leave. */
  readonly mayLeave: () => Hold | undefined;
}

interface Waiter {
  readonly takesTurn: boolean;
  readonly onHeld: (hold: Hold) => void;
  readonly enter: () => void;
}

/** Lets the calls of an account's jobs leave: one at a time, in the order in which they came, and none while held. */
export class JobGate {
  readonly #options: JobGateOptions;
  readonly #waiters = new Set<Waiter>();
  #isTaken = false;

  constructor(options: JobGateOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the function that gives the turn back, or with undefined when the signal comes first. `onHeld` is
   * told why it takes so long, perhaps more than once.
   */
  async turn(onHeld: (hold: Hold) => void, signal: AbortSignal): Promise<(() => void) | undefined> {
    if (!(await this.#enter(true, onHeld, signal))) return undefined;
    return () => {
      this.#isTaken = false;
      this.pump();
    };
  }

  /** Resolves with true when nothing is held, whoever's turn it is; with false when the signal comes first. */
  pass(onHeld: (hold: Hold) => void, signal: AbortSignal): Promise<boolean> {
    return this.#enter(false, onHeld, signal);
  }

  /** Called whenever something that a call waits for may have changed. */
  pump(): void {
    if (this.#waiters.size === 0) return;
    const hold = this.#options.mayLeave();
    for (const waiter of [...this.#waiters]) {
      if (hold !== undefined) waiter.onHeld(hold);
      else if (!waiter.takesTurn || !this.#isTaken) this.#let(waiter);
    }
  }

  #let(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    if (waiter.takesTurn) this.#isTaken = true;
    waiter.enter();
  }

  #enter(takesTurn: boolean, onHeld: Waiter['onHeld'], signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const leave = (): void => {
        this.#waiters.delete(waiter);
        resolve(false);
      };
      const waiter: Waiter = {
        takesTurn,
        onHeld,
        enter: () => {
          signal.removeEventListener('abort', leave);
          resolve(true);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiters.add(waiter);
      this.pump();
    });
  }
}
