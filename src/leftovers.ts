import { Alarm } from './daemon/alarm.js';
import type { Vehicles } from './dispatch/vehicles.js';
import type { Publisher } from './mqtt/publisher.js';
import type { Topics } from './mqtt/topics.js';
import type { WrittenTopics } from './mqtt/written-topics.js';

export interface LeftoversOptions {
  readonly topics: Topics;
  readonly written: WrittenTopics;
  readonly publisher: Pick<Publisher, 'remove'>;
  readonly accounts: readonly { readonly vehicles: Pick<Vehicles, 'hasListed' | 'names'> }[];
  readonly flatTopics: boolean;
  readonly legacyTopics: boolean;
  /** Tells of topics that are none of the contract's whether they are still in use. */
  readonly announced: () => (topic: string) => boolean;
}

const settle_ms = 1000;
const ofEachCar: readonly string[] = ['availability', 'info', 'state', 'trips'];
const valueOf = 'value';

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
    this.#due.stop();
  }

  /** Which topics are in use with the cars that there are now. */
  #rule(): (topic: string) => boolean {
    const { topics, accounts, flatTopics, legacyTopics } = this.#options;
    const isAnnounced = this.#options.announced();
    const areAllKnown = accounts.every(({ vehicles }) => vehicles.hasListed);
    const cars = accounts.flatMap(({ vehicles }) => vehicles.names);
    const topicIds = new Set(cars.map(({ topic_id }) => topic_id));
    const makersIds = new Set(cars.map(({ id }) => id));
    const isOfCar = (target: string, [kind = '']: readonly string[]): boolean => {
      const isOwn = ofEachCar.includes(kind);
      if (topicIds.has(target)) return isOwn || (kind === valueOf ? flatTopics : legacyTopics);
      // A car may have been called so before it had an alias: then its own topics are there, too.
      if (makersIds.has(target)) return legacyTopics && !isOwn && kind !== valueOf;
      return !areAllKnown;
    };
    return (topic) => {
      const parsed = topics.parse(topic);
      if (parsed === undefined) return isAnnounced(topic);
      return parsed.target === 'bridge' || isOfCar(parsed.target, parsed.levels);
    };
  }
}
