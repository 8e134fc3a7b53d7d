import type { LogRecord } from './nats-message.js';
import { sizeOf } from './nats-message.js';
import type { Copy } from './nats-space.js';
import type { StoreError } from './store.js';

/** Writes that wait for their place in a message. */
export interface Pending {
  readonly records: readonly LogRecord[];
  readonly size: number;
  /** They happen only if `key` still has this revision. */
  readonly condition?: { readonly key: string; readonly revision: number };
  /** Nobody waits: they are kept when a write fails. */
  readonly isLazy?: boolean;
  /** Only those that are still the newest of their key. */
  readonly copies?: readonly Copy[];
  readonly done: (wrote: boolean) => void;
  readonly failed: (error: StoreError) => void;
}

const nobody = (): void => undefined;

/** What is asked to be written, in the order in which it was. */
export class NatsQueue {
  #waiting: Pending[] = [];
  readonly #most_bytes: number;

  /** A message holds so much, or one single `Pending`. */
  constructor(most_bytes: number) {
    this.#most_bytes = most_bytes;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(pending: Pending): void {
    this.#waiting.push(pending);
  }

  addLazy(record: LogRecord): void {
    this.#waiting.push(lazyOf(record));
  }

  /** Everything that waits and fits in a message, up to the next conditional write, which stands alone. */
  take(): Pending[] {
    let count = 0;
    let bytes = 0;
    for (const one of this.#waiting) {
      const fits = bytes + one.size <= this.#most_bytes && one.condition === undefined;
      if (count > 0 && !fits) break;
      count += 1;
      bytes += one.size;
      if (one.condition !== undefined) break;
    }
    return this.#waiting.splice(0, count);
  }

  /** Rejects these and whatever waits behind them; of what is lazy the newest of each key waits on. */
  fail(taken: readonly Pending[], error: StoreError): void {
    const all = [...taken, ...this.#waiting];
    const lazy = new Map<string, LogRecord>();
    for (const { isLazy, records } of all) {
      if (isLazy === true) for (const record of records) lazy.set(record.key, record);
    }
    this.#waiting = [...lazy.values()].map(lazyOf);
    for (const one of all) one.failed(error);
  }
}

function lazyOf(record: LogRecord): Pending {
  return { records: [record], size: sizeOf(record), isLazy: true, done: nobody, failed: nobody };
}

/** Of each key the last write; a copy only where nothing else writes the key. */
export function together(
  group: readonly Pending[],
  isHeldAt: (key: string, sequence: number) => boolean,
): LogRecord[] {
  const records = new Map<string, LogRecord>();
  for (const one of group) for (const record of one.records) records.set(record.key, record);
  for (const { copies = [] } of group) {
    for (const { from, ...record } of copies) {
      if (!records.has(record.key) && isHeldAt(record.key, from)) records.set(record.key, record);
    }
  }
  return [...records.values()];
}
