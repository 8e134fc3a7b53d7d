import type { KvWatchEntry } from '@nats-io/kv';
import type { QueuedIterator } from '@nats-io/transport-node';
import type { Logger } from '../daemon/logger.js';
import { type BucketEntry, type FleetBucket, readEntry } from './fleet-bucket.js';
import { FleetView } from './fleet-view.js';

export interface BucketWatchOptions {
  readonly bucket: Pick<FleetBucket, 'watch'>;
  readonly log: Logger;
  /** How many beats a watch is used for before everything is read afresh. */
  readonly beatsPerWatch: number;
  /** Everything has been asked for: the next own beat tells when it is there. */
  onOpened(): void;
  /** The view is another one, or holds something else. `entry`: what is new, unless everything may be. */
  onChange(entry?: BucketEntry): void;
}

/** Own beats that a watch does not show before it counts as broken. */
const missedBeats = 2;

/**
 * Keeps a view of the bucket. What proves that it is complete, and that it still follows, are the own beats: entries come
 * in the order they were written, so a watch that shows a beat has shown everything before it.
 */
export class BucketWatch {
  readonly #options: BucketWatchOptions;
  #view: FleetView | undefined;
  #feed: Feed | undefined;
  /** Being read, to take the place of the other. */
  #next: Feed | undefined;
  #opened = 0;
  #isStopped = false;

  constructor(options: BucketWatchOptions) {
    this.#options = options;
  }

  /** Undefined until the bucket has been read for the first time. */
  get view(): FleetView | undefined {
    return this.#view;
  }

  /** To be taken before a beat is sent, for `beaten`. */
  mark(): number {
    return this.#opened;
  }

  /** A beat has been stored as this revision. */
  beaten(revision: number, mark: number): void {
    const next = this.#next;
    if (next === undefined) {
      if (this.#feed?.isSpent(revision, this.#options.beatsPerWatch) !== false) this.renew();
    } else {
      // Only a beat after it was opened is behind everything that was there.
      if (next.number <= mark) next.completeAt ??= revision;
      next.beats += 1;
      if (next.beats > 2 * missedBeats) this.renew();
      else this.#use(next);
    }
  }

  /** Reads everything afresh, now. The view there is serves until that is done. */
  renew(): void {
    if (this.#isStopped) return;
    this.#next?.close();
    const feed = new Feed(this.#options.bucket, {
      opened: () => {
        this.#opened += 1;
        feed.number = this.#opened;
        this.#options.onOpened();
      },
      shown: (entry) => {
        this.#shown(feed, entry);
      },
      failed: (error) => {
        this.#options.log.debug({ err: error }, 'the watch of the fleet failed');
        if (this.#next === feed) this.#next = undefined;
        if (this.#feed === feed) this.#feed = undefined;
      },
    });
    this.#next = feed;
  }

  stop(): void {
    this.#isStopped = true;
    this.#next?.close();
    this.#feed?.close();
    this.#next = undefined;
  }

  #shown(feed: Feed, entry: BucketEntry): void {
    if (feed === this.#feed) this.#options.onChange(entry);
    else if (feed === this.#next) this.#use(feed);
  }

  #use(feed: Feed): void {
    if (feed.completeAt === undefined || feed.shownUpTo < feed.completeAt) return;
    this.#feed?.close();
    this.#feed = feed;
    this.#next = undefined;
    this.#view = feed.view;
    feed.beats = 0;
    this.#options.onChange();
  }
}

interface FeedEvents {
  opened(): void;
  shown(entry: BucketEntry): void;
  failed(error: unknown): void;
}

/** One watch, and what it has shown. */
class Feed {
  readonly view = new FleetView();
  /** They are counted as they open; infinite until then. */
  number = Infinity;
  /** The revision with which everything has been shown, once known. */
  completeAt: number | undefined;
  shownUpTo = 0;
  beats = 0;
  readonly #events: FeedEvents;
  #entries: QueuedIterator<KvWatchEntry> | undefined;
  #isClosed = false;
  #lastBeat = 0;
  #missed = 0;

  constructor(bucket: Pick<FleetBucket, 'watch'>, events: FeedEvents) {
    this.#events = events;
    this.#read(bucket).catch((error: unknown) => {
      if (!this.#isClosed) events.failed(error);
    });
  }

  /** Whether it has been used long enough, or does not show the beats any more. */
  isSpent(beat: number, most: number): boolean {
    this.#missed = this.shownUpTo < this.#lastBeat ? this.#missed + 1 : 0;
    this.#lastBeat = beat;
    this.beats += 1;
    return this.beats >= most || this.#missed >= missedBeats;
  }

  close(): void {
    this.#isClosed = true;
    this.#entries?.stop();
  }

  async #read(bucket: Pick<FleetBucket, 'watch'>): Promise<void> {
    const entries = await bucket.watch();
    this.#entries = entries;
    if (this.#isClosed) {
      entries.stop();
      return;
    }
    this.#events.opened();
    for await (const entry of entries) this.#show(readEntry(entry));
    throw new Error('the watch ended');
  }

  #show(entry: BucketEntry): void {
    if (this.#isClosed) return;
    this.view.apply(entry);
    this.shownUpTo = Math.max(this.shownUpTo, entry.revision);
    this.#events.shown(entry);
  }
}
