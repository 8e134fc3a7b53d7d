import { Alarm } from './daemon/alarm.js';
import type { CarNames } from './dispatch/vehicles.js';
import type { Publisher } from './mqtt/publisher.js';
import type { Topics } from './mqtt/topics.js';
import type { WrittenTopics } from './mqtt/written-topics.js';

interface CarsInUse {
  readonly hasListed: boolean;
  readonly names: readonly Pick<CarNames, 'topic_id' | 'id'>[];
}

export interface LeftoversOptions {
  readonly topics: Topics;
  readonly written: WrittenTopics;
  readonly publisher: Pick<Publisher, 'remove'>;
  readonly accounts: () => readonly { readonly vehicles: CarsInUse }[];
  readonly flatTopics: boolean;
  readonly legacyTopics: boolean;
  /** Tells of topics that are none of the contract's whether they are still in use. */
  readonly announced: () => (topic: string) => boolean;
}

/** Home Assistant takes a moment to let go of a topic, and logs an error for each entity that still reads a cleared one. */
const settle_ms = 5000;
const ofEachCar: readonly string[] = ['availability', 'info', 'state', 'trips'];
const valueOf = 'value';

/** Clears at the broker what cars that are gone, or settings of before, have left there. */
export class Leftovers {
  readonly #options: LeftoversOptions;
  readonly #due = new Alarm(() => {
    this.#clearWhenSettled();
  });
  /** Monotonic. */
  #changedAt = 0;

  constructor(options: LeftoversOptions) {
    this.#options = options;
  }

  /** A while after the newest change has been announced. */
  clearSoon(): void {
    this.#changedAt = performance.now();
    this.#due.atLatest(settle_ms);
  }

  /** What announced a device that is gone, or one in another form; answers it. At once: what it names comes later. */
  clearAnnouncements(): readonly string[] {
    return this.#clear(this.#leftOver().filter((topic) => topic.endsWith('/config')));
  }

  /** Answers what was left over. */
  clear(): readonly string[] {
    return this.#clear(this.#leftOver());
  }

  stop(): void {
    this.#due.stop();
  }

  #clearWhenSettled(): void {
    const wait_ms = this.#changedAt + settle_ms - performance.now();
    if (wait_ms > 0) this.#due.atLatest(wait_ms);
    else this.clear();
  }

  #leftOver(): readonly string[] {
    const belongs = this.#rule();
    return this.#options.written.all.filter((topic) => !belongs(topic));
  }

  #clear(topics: readonly string[]): readonly string[] {
    for (const topic of topics) this.#options.publisher.remove(topic);
    return topics;
  }

  /** Which topics are in use with the cars that there are now. */
  #rule(): (topic: string) => boolean {
    const { topics, flatTopics, legacyTopics } = this.#options;
    const accounts = this.#options.accounts();
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
