import type { Account } from './account.js';
import { Alarm } from './daemon/alarm.js';
import type { Publisher } from './mqtt/publisher.js';
import type { Topics } from './mqtt/topics.js';
import type { WrittenTopics } from './mqtt/written-topics.js';

export interface LeftoversOptions {
  readonly topics: Topics;
  readonly written: WrittenTopics;
  readonly publisher: Pick<Publisher, 'remove'>;
  readonly accounts: readonly Account[];
  readonly flatTopics: boolean;
  readonly legacyTopics: boolean;
  /** Whether a topic that is none of the contract's is still in use. */
  readonly isAnnounced: (topic: string) => boolean;
}

const settle_ms = 1000;
const ofEachCar = new Set(['availability', 'info', 'state', 'trips']);

/** Clears at the broker what cars that are gone, or settings of before, have left there. */
export class Leftovers {
  readonly #options: LeftoversOptions;
  readonly #due = new Alarm(() => {
    this.clear();
  });

  constructor(options: LeftoversOptions) {
    this.#options = options;
  }

  clearSoon(): void {
    this.#due.atLatest(settle_ms);
  }

  /** Answers what was left over. */
  clear(): readonly string[] {
    const { written, publisher } = this.#options;
    const belongs = this.#rule();
    const left = written.all.filter((topic) => !belongs(topic));
    for (const topic of left) publisher.remove(topic);
    return left;
  }

  stop(): void {
    this.#due.clear();
  }

  /** Which topics are in use with the cars that there are now. */
  #rule(): (topic: string) => boolean {
    const { topics, accounts, flatTopics, legacyTopics, isAnnounced } = this.#options;
    const areAllKnown = accounts.every(({ vehicles }) => vehicles.hasListed);
    const cars = accounts.flatMap(({ vehicles }) => vehicles.names);
    const topicIds = new Set(cars.map(({ topic_id }) => topic_id));
    const makersIds = new Set(cars.map(({ id }) => id));
    const isOfCar = (target: string, [kind = '']: readonly string[]): boolean => {
      if (topicIds.has(target) && ofEachCar.has(kind)) return true;
      if (topicIds.has(target) && kind === 'value') return flatTopics;
      if (topicIds.has(target) || makersIds.has(target)) return legacyTopics;
      return !areAllKnown;
    };
    return (topic) => {
      const parsed = topics.parse(topic);
      if (parsed === undefined) return isAnnounced(topic);
      return parsed.target === 'bridge' || isOfCar(parsed.target, parsed.levels);
    };
  }
}
