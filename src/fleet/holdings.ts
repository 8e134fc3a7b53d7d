import type { Clock } from '../daemon/clock.js';
import type { Logger } from '../daemon/logger.js';
import { retryDelay, type RetryPolicy } from '../daemon/retry.js';
import { type DropReason, Holding, type HoldingEnd, type HoldingPhase } from './holding.js';
import type { Lease } from './lease.js';

export interface HoldingsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Before an item that could not be taken is claimed again. */
  readonly retry: RetryPolicy;
  take(item: string, lease: Lease): Promise<void>;
  drop(item: string, why: DropReason): Promise<void>;
  claim(item: string, incarnation: string, previous: number): Promise<number | undefined>;
  /** Never rejects. */
  free(item: string, incarnation: string, revision: number): Promise<void>;
  membership_ms(incarnation: string): number;
  onChange(): void;
}

interface Rest {
  readonly refusals: number;
  /** By the monotonic clock. */
  readonly until: number;
}

/** By then the view shows what has become of an item. */
const unclear_ms = 250;

/** What this instance owns, or is about to own or to give up. An item is there once: it ends before it begins anew. */
export class Holdings {
  readonly #options: HoldingsOptions;
  readonly #holdings = new Map<string, Holding>();
  readonly #rests = new Map<string, Rest>();

  constructor(options: HoldingsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#holdings.size;
  }

  get(item: string): Holding | undefined {
    return this.#holdings.get(item);
  }

  in(...phases: readonly HoldingPhase[]): string[] {
    return [...this.#holdings]
      .filter(([, { phase }]) => phases.includes(phase))
      .map(([item]) => item);
  }

  entries(): IterableIterator<[item: string, holding: Holding]> {
    return this.#holdings.entries();
  }

  /** Whether it may be claimed now: it is not here, and the last attempt is long enough ago. */
  isClaimable(item: string): boolean {
    if (this.#holdings.has(item)) return false;
    const rest = this.#rests.get(item);
    return rest === undefined || this.#options.clock.monotonic() >= rest.until;
  }

  /** What is no item any more needs no memory. */
  keepRests(items: ReadonlySet<string>): void {
    for (const item of this.#rests.keys()) if (!items.has(item)) this.#rests.delete(item);
  }

  claim(item: string, incarnation: string, previous: number): void {
    const options = this.#options;
    const holding = new Holding({
      item,
      log: options.log,
      take: (_, lease) => options.take(item, lease),
      drop: (_, why) => options.drop(item, why),
      claim: () => options.claim(item, incarnation, previous),
      free: (revision) => options.free(item, incarnation, revision),
      membership_ms: () => options.membership_ms(incarnation),
      onPhase: () => {
        options.onChange();
      },
    });
    this.#holdings.set(item, holding);
    void holding.live().then((end) => {
      this.#holdings.delete(item);
      this.#rest(item, end);
      options.onChange();
    });
  }

  loseAll(): void {
    for (const holding of this.#holdings.values()) holding.lose();
  }

  #rest(item: string, end: HoldingEnd): void {
    const { clock, retry } = this.#options;
    const now = clock.monotonic();
    const refusals = this.#rests.get(item)?.refusals ?? 0;
    if (end === 'outdone' || end === 'released')
      this.#rests.set(item, { refusals, until: now + unclear_ms });
    else if (end === 'refused') {
      const delay_ms = retryDelay(retry, refusals + 1) ?? retry.max_ms;
      this.#rests.set(item, { refusals: refusals + 1, until: now + delay_ms });
    } else this.#rests.delete(item);
  }
}
