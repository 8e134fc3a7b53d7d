import type { Logger } from '../daemon/logger.js';
import { type Lease, OwnLease } from './lease.js';

/** `released`: end in order, then others may have it. `lost`: at once, somebody else may have it already. */
export type DropReason = 'released' | 'lost';

/** How it was over. `refused`: it could not be started. `outdone`: the claim was not stored, as far as is known. */
export type HoldingEnd = DropReason | 'refused' | 'outdone';

export type HoldingPhase = 'claiming' | 'taking' | 'held' | 'ending';

export interface HoldingPlan {
  readonly item: string;
  readonly log: Logger;
  /** Resolves with the revision of the claim, or undefined where somebody else was quicker. */
  claim(): Promise<number | undefined>;
  /** How long the membership that claims holds at least, 0 where it does not. */
  membership_ms(): number;
  take(item: string, lease: Lease): Promise<void>;
  drop(item: string, why: DropReason): Promise<void>;
  /** Lets others have it. Never rejects. */
  free(revision: number): Promise<void>;
  onPhase(): void;
}

/** One item of this instance, from the claim until it has ended. */
export class Holding {
  readonly #plan: HoldingPlan;
  readonly #lease: OwnLease;
  readonly #over: Promise<void>;
  #phase: HoldingPhase = 'claiming';
  #revision: number | undefined;
  #isOver = false;
  #isLost = false;
  #end: () => void = () => undefined;

  constructor(plan: HoldingPlan) {
    this.#plan = plan;
    this.#lease = new OwnLease(() => plan.membership_ms());
    this.#over = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get phase(): HoldingPhase {
    return this.#phase;
  }

  /** Of the claim, once it is stored. */
  get revision(): number | undefined {
    return this.#revision;
  }

  /** Ended in order, after it has been taken. */
  release(): void {
    this.#isOver = true;
    if (this.#phase === 'held') this.#turn('ending');
    this.#end();
  }

  /** The lease ends now; what was taken is dropped as soon as it has been. */
  lose(): void {
    this.#isLost = true;
    this.#lease.end();
    this.release();
  }

  /** Lives it to its end. Never rejects. */
  async live(): Promise<HoldingEnd> {
    const revision = await this.#claim();
    if (revision === undefined) return 'outdone';
    this.#revision = revision;
    if (this.#isLost || this.#plan.membership_ms() <= 0) return 'lost';
    if (this.#isOver) return this.#giveBack(revision, 'released');
    this.#turn('taking');
    if (!(await this.#take())) return this.#giveBack(revision, 'refused');
    this.#hasBeenTaken();
    await this.#over;
    await this.#drop();
    return this.#giveBack(revision, 'released');
  }

  async #claim(): Promise<number | undefined> {
    const { item, log } = this.#plan;
    try {
      return await this.#plan.claim();
    } catch (error) {
      log.debug({ err: error, item }, 'whether a claim was stored is not known');
      return undefined;
    }
  }

  async #take(): Promise<boolean> {
    const { item, log } = this.#plan;
    try {
      await this.#plan.take(item, this.#lease);
      return true;
    } catch (error) {
      if (!this.#isLost) log.warn({ err: error, item }, 'what was to be owned did not start');
      return false;
    }
  }

  #hasBeenTaken(): void {
    this.#turn(this.#isOver ? 'ending' : 'held');
  }

  async #drop(): Promise<void> {
    const { item, log } = this.#plan;
    try {
      await this.#plan.drop(item, this.#isLost ? 'lost' : 'released');
    } catch (error) {
      log.error({ err: error, item }, 'what was owned did not end in order');
    }
  }

  async #giveBack(revision: number, end: HoldingEnd): Promise<HoldingEnd> {
    this.#turn('ending');
    this.#lease.end();
    if (this.#isLost || this.#plan.membership_ms() <= 0) return 'lost';
    await this.#plan.free(revision);
    return end;
  }

  #turn(phase: HoldingPhase): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    this.#plan.onPhase();
  }
}
