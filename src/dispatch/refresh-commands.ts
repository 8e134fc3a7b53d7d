import type { RefreshCommand } from '../vehicle/command.js';
import type { Ending } from '../vehicle/life-cycle.js';
import type { EventDetails, OpenCommand } from './command-book.js';
import { decideSmart, Refresh, type RefreshOptions } from './refresh.js';

/** The refreshes that are open, by their ids. */
export class RefreshCommands {
  readonly #options: RefreshOptions;
  readonly #refreshes = new Map<string, Refresh>();

  constructor(options: RefreshOptions) {
    this.#options = {
      ...options,
      end: (open, status, details) => {
        this.#refreshes.delete(open.record.id);
        options.end(open, status, details);
      },
    };
  }

  /** `deadline`: the monotonic time by which it must have started. */
  start(open: OpenCommand, command: RefreshCommand, vehicle: string, deadline: number): void {
    const refresh = new Refresh(this.#options, open, command, vehicle, deadline);
    this.#refreshes.set(open.record.id, refresh);
    refresh.start();
  }

  /** Ends one that has not started. */
  leave(id: string, status: Ending, details: EventDetails): 'ended' | 'too_late' | 'unknown_id' {
    const refresh = this.#refreshes.get(id);
    if (refresh === undefined) return 'unknown_id';
    return refresh.leave(status, details) ? 'ended' : 'too_late';
  }

  /** Whether it could still be ended. */
  peek(id: string): 'ended' | 'too_late' | 'unknown_id' {
    const refresh = this.#refreshes.get(id);
    if (refresh === undefined) return 'unknown_id';
    return refresh.hasBegun ? 'too_late' : 'ended';
  }

  /** What a refresh would decide now, as its ending says it; nothing where there is nothing to decide. */
  wouldDecide(command: RefreshCommand, vehicle: string): EventDetails {
    if (command.mode !== 'smart') return {};
    const { decision, why } = decideSmart(this.#options, command, vehicle);
    return { decision, ...(why === undefined ? {} : { message: why.message }) };
  }

  /** None starts or expires any more: what is open goes on at the next start. */
  stop(): void {
    for (const refresh of this.#refreshes.values()) refresh.stop();
  }
}
