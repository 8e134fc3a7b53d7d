import type { LogIndex } from './nats-index.js';
import type { NatsLog } from './nats-log.js';
import type { LogRecord, StoredRecord } from './nats-message.js';
import { inLanes } from './in-lanes.js';

/** A value that goes from an old message into a new one, unless it is overwritten before. */
export interface Copy extends LogRecord {
  readonly from: number;
}

export interface LogSpaceOptions {
  readonly index: LogIndex;
  readonly log: Pick<NatsLog, 'delete'>;
  readonly read: (sequence: number) => Promise<ReadonlyMap<string, StoredRecord> | undefined>;
  /** Resolves when the copies are stored, but for those that were not needed any more. */
  readonly write: (copies: readonly Copy[]) => Promise<void>;
  readonly onTrouble: (error: unknown) => void;
}

/** Read and written at once. */
const portion_bytes = 64 * 1024;
const lanes = 8;

/** Deletes the messages that nobody needs, and copies what is needed out of the oldest when too much lies about. */
export class LogSpace {
  readonly #options: LogSpaceOptions;
  #isEnded = false;
  #isRunning = false;

  constructor(options: LogSpaceOptions) {
    this.#options = options;
  }

  /** Nobody waits for it; what cannot be done now is done after the next write. */
  tidy(): void {
    if (this.#isRunning || this.#isEnded) return;
    this.#isRunning = true;
    this.#run()
      .catch((error: unknown) => {
        if (!this.#isEnded) this.#options.onTrouble(error);
      })
      .finally(() => {
        this.#isRunning = false;
      });
  }

  end(): void {
    this.#isEnded = true;
  }

  async #run(): Promise<void> {
    const { index } = this.#options;
    while (!this.#isEnded) {
      const dead = index.takeDead();
      if (dead.length > 0) await this.#delete(dead);
      else if (!index.isWasteful || !(await this.#copyOldest())) return;
    }
  }

  async #delete(dead: readonly number[]): Promise<void> {
    const { index, log } = this.#options;
    const failures: unknown[] = [];
    await inLanes(lanes, dead, async (sequence) => {
      try {
        await log.delete(sequence);
        index.forget(sequence);
      } catch (error) {
        index.giveBack(sequence);
        failures.push(error);
      }
    });
    if (failures.length > 0) throw failures[0];
  }

  async #copyOldest(): Promise<boolean> {
    const { index, read, write } = this.#options;
    const oldest = index.oldest(portion_bytes);
    const copies: Copy[] = [];
    await inLanes(lanes, oldest, async ({ sequence, keys }) => {
      const records = await read(sequence);
      for (const key of keys) {
        const revision = index.find(key)?.revision;
        const record = records?.get(key);
        if (record === undefined || revision === undefined) continue;
        copies.push({ key, text: JSON.stringify(record.value), revision, from: sequence });
      }
    });
    if (copies.length === 0) return false;
    await write(copies);
    return true;
  }
}
