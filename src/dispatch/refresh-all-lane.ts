import type { RefreshAllCommand } from '../vehicle/bridge-command.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import { failureDetails, type OpenCommand } from './command-book.js';
import type { JobDocument } from './job-progress.js';
import { RefreshAll, type RefreshAllOptions } from './refresh-all.js';
import { refreshAllCheckpointSchema } from './refreshed-cars.js';

export interface RefreshAllLaneOptions extends Omit<RefreshAllOptions, 'accounts'> {
  readonly accounts: () => RefreshAllOptions['accounts'];
}

/** The one `refresh_all` that may run at a time. */
export class RefreshAllLane {
  readonly #options: RefreshAllLaneOptions;
  /** Whether any account knows its cars. */
  readonly #hasCars: () => boolean;
  #job: RefreshAll | undefined;
  #run: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: RefreshAllLaneOptions, hasCars: () => boolean) {
    this.#options = options;
    this.#hasCars = hasCars;
  }

  /** Why no further one is taken now. */
  refusal(): Failure | undefined {
    if (this.#job !== undefined) return busy;
    return this.#hasCars() ? undefined : failure('not_ready', 'no account has listed its cars yet');
  }

  /** How many cars would be read. */
  cars(): number {
    return this.#options.accounts().reduce((sum, { cars }) => sum + cars().length, 0);
  }

  /** One that was accepted, or that the journal held: it goes on behind its checkpoint. */
  start(open: OpenCommand, command: RefreshAllCommand): void {
    if (this.#isStopped) return;
    // Two that came together were both accepted.
    if (this.#job !== undefined) {
      this.#options.life.end(open, 'failed', failureDetails(busy));
      return;
    }
    const checkpoint = refreshAllCheckpointSchema.safeParse(open.record.checkpoint);
    const { life } = this.#options;
    // It is over before that is said: whoever hears of it can start the next one.
    const end: typeof life.end = (ended, status, details) => {
      this.#job = undefined;
      life.end(ended, status, details);
    };
    const accounts = this.#options.accounts();
    const options = { ...this.#options, accounts, life: { ...life, end } };
    this.#job = new RefreshAll(options, open, command, checkpoint.data);
    this.#run = this.#job.run();
  }

  peek(id: string): 'ended' | 'unknown_id' {
    return this.#job?.open.record.id === id ? 'ended' : 'unknown_id';
  }

  /** Ends it when the cars that are being read have answered. */
  cancel(id: string): 'ended' | 'unknown_id' {
    const found = this.peek(id);
    if (found === 'ended') this.#job?.cancel();
    return found;
  }

  get documents(): JobDocument[] {
    return this.#job === undefined ? [] : [this.#job.document];
  }

  /** No further car is read: it goes on at the next start. Resolves when the last answers are kept. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#job?.stop();
    await this.#run;
  }
}

const busy = failure('busy', 'all cars are being refreshed already');
