import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../daemon/clock.js';
import type { Logger } from '../daemon/logger.js';
import { retryUntilDone, type RetryPolicy } from '../daemon/retry.js';
import { Balancer } from './balancer.js';
import { BucketWatch } from './bucket-watch.js';
import { FleetBucket } from './fleet-bucket.js';
import { checkTiming, fleetTiming, type FleetTiming } from './fleet-timing.js';
import { type FleetView, instanceKey, ownerKey } from './fleet-view.js';
import type { DropReason } from './holding.js';
import { Holdings } from './holdings.js';
import type { Lease } from './lease.js';
import { Membership } from './membership.js';
import { Silence } from './silence.js';
import { UnrefPause } from './unref-pause.js';

export type { DropReason, Lease };

export interface OwnershipOptions {
  readonly connection: NatsConnection;
  /** Streams, buckets and subjects of the fleet begin with it. */
  readonly name: string;
  /** 1, 3 or 5. */
  readonly replicas: number;
  /** This one's name, unique in the fleet: `[a-z0-9_-]`. */
  readonly instance: string;
  /** Of the program, for the others to see. */
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** For an item that could not be taken, and for the bucket at the start. */
  readonly retry?: RetryPolicy;
  readonly timing?: Partial<FleetTiming>;
  /** How much there is to interrupt at an item: the least busy ones are released first. */
  busyness?(item: string): number;
  /**
   * Starts what is owned now. Rejecting gives it back, and it is tried again after a pause. While it runs the lease may
   * be lost: `drop` is called when it has resolved, and not at all when it has rejected.
   */
  take(item: string, lease: Lease): Promise<void>;
  /**
   * Called once for each item that was taken; resolves when it has ended. In a `released` one the lease holds until then
   * (should it be lost meanwhile, its signal tells).
   */
  drop(item: string, why: DropReason): Promise<void>;
  /** Instances, owners or what is held here has changed. */
  onChange?(): void;
}

export interface FleetInstance {
  readonly name: string;
  /** When it joined, by its own clock (UTC). */
  readonly since: string;
  readonly version: string;
  /** How many items it owns. */
  readonly items: number;
  readonly isOwn: boolean;
}

const defaultRetry: RetryPolicy = { initial_ms: 1000, factor: 2, max_ms: 60_000, jitter: 0.2 };
/** Everything is read afresh about each minute. */
const beatsPerWatch = 40;
const freeRetry_ms = 500;

/** Resolves when the bucket of the fleet is there; it is tried for until then, or until the signal aborts. */
export async function startOwnership(
  options: OwnershipOptions,
  signal: AbortSignal = new AbortController().signal,
): Promise<Ownership> {
  const { connection, name, replicas, log, retry = defaultRetry } = options;
  const timing = { ...fleetTiming, ...options.timing };
  checkTiming(timing);
  const bucket = await retryUntilDone(
    { ...retry, max_ms: Math.min(retry.max_ms, 5000) },
    () => FleetBucket.open({ connection, name, replicas, log, timeout_ms: timing.beat_ms }),
    (error) => {
      log.warn({ err: error }, 'the bucket of the fleet cannot be opened');
    },
    signal,
  );
  signal.throwIfAborted();
  if (bucket === undefined) throw new Error('the bucket of the fleet could not be opened');
  return new Ownership(options, timing, bucket);
}

/** Which instance owns what: each item is owned by one at a time, and all own about the same number. */
export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #timing: FleetTiming;
  readonly #bucket: FleetBucket;
  readonly #membership: Membership;
  readonly #watch: BucketWatch;
  readonly #holdings: Holdings;
  readonly #balancer: Balancer;
  readonly #silence: Silence;
  readonly #ticker: NodeJS.Timeout;
  #judgedAt: number;
  #isDue = false;
  #stopped: Promise<void> | undefined;
  #whenEmpty: (() => void) | undefined;

  /** For `startOwnership`. */
  constructor(options: OwnershipOptions, timing: FleetTiming, bucket: FleetBucket) {
    const { clock, log, instance, connection, version } = options;
    this.#options = options;
    this.#timing = timing;
    this.#bucket = bucket;
    this.#silence = new Silence(timing.ttl_ms);
    this.#judgedAt = clock.monotonic();
    this.#watch = new BucketWatch({
      bucket,
      log,
      beatsPerWatch,
      onOpened: () => {
        this.#membership.beat();
      },
      onChange: (entry) => {
        if (entry?.key === instanceKey(instance)) this.#judge();
        this.#changed();
      },
    });
    this.#holdings = this.#createHoldings();
    this.#balancer = new Balancer({ ...options, timing, holdings: this.#holdings });
    this.#membership = new Membership({
      ...{ connection, bucket, instance, version, timing, clock, log },
      mark: () => this.#watch.mark(),
      onBeat: (revision, mark, isAfterFailure) => {
        if (isAfterFailure) this.#watch.renew();
        this.#watch.beaten(revision, mark);
      },
      onLost: () => {
        this.#holdings.loseAll();
        this.#changed();
      },
    });
    this.#ticker = setInterval(() => {
      this.#balance();
    }, timing.beat_ms / 6).unref();
  }

  /** What is to be owned by somebody. Replaces what was said before; nothing is claimed until it is called. */
  setItems(items: readonly string[]): void {
    this.#balancer.setItems(items);
    this.#changed();
  }

  /** What has been taken here and not been dropped. */
  get held(): readonly string[] {
    return this.#holdings.in('held');
  }

  /** The instance that owns it, while that is alive. */
  ownerOf(item: string): string | undefined {
    return this.#view?.ownerOf(item);
  }

  /** Those that are alive, by name. */
  get instances(): readonly FleetInstance[] {
    const view = this.#view;
    if (view === undefined) return [];
    const counts = new Map<string, number>();
    for (const [item] of view.owners()) {
      const owner = view.ownerOf(item);
      if (owner !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
    return [...view.instances()]
      .map(([name, , { since, version }]) => ({
        ...{ name, since, version },
        items: counts.get(name) ?? 0,
        isOwn: name === this.#options.instance && this.#membership.incarnation !== undefined,
      }))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Releases everything in order, then leaves: what others wait for is theirs as it is released. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.#balancer.leave();
    this.#membership.announceLeave();
    const isEmpty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    this.#balance();
    await isEmpty;
    clearInterval(this.#ticker);
    this.#watch.stop();
    await this.#membership.leave();
  }

  get #view(): FleetView | undefined {
    return this.#watch.view;
  }

  /** Changes come in crowds. */
  #changed(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#balance();
      this.#tellChange();
    });
  }

  #tellChange(): void {
    try {
      this.#options.onChange?.();
    } catch (error) {
      this.#options.log.error({ err: error }, 'a change of the fleet was not heard');
    }
  }

  #balance(): void {
    const { incarnation } = this.#membership;
    const view = this.#view;
    if (view !== undefined) this.#balancer.balance(view, incarnation);
    if (this.#whenEmpty === undefined) return;
    if (this.#holdings.size === 0) this.#whenEmpty();
    else this.#balancer.releaseSome();
  }

  /** The view shows an own beat, so it shows what the others had done by then. */
  #judge(): void {
    const { clock, instance, log } = this.#options;
    const view = this.#view;
    const now = clock.monotonic();
    const passed_ms = Math.min(now - this.#judgedAt, 2 * this.#timing.beat_ms);
    this.#judgedAt = now;
    if (view === undefined || this.#membership.incarnation === undefined) return;
    const others = [...view.instances()].filter(([name]) => name !== instance);
    const silent = this.#silence.note(
      others.map(([name, revision]) => [name, revision]),
      passed_ms,
    );
    for (const name of silent) {
      const revision = view.instance(name)?.revision;
      if (revision === undefined) continue;
      // By revision: one that has beaten meanwhile stays, and one that is removed cannot beat any more.
      this.#bucket.remove(instanceKey(name), revision).then(
        (isRemoved) => {
          if (isRemoved)
            log.warn({ instance: name }, 'an instance is silent: others have its items');
        },
        (error: unknown) => {
          log.debug({ err: error, instance: name }, 'a silent instance was not removed');
        },
      );
    }
  }

  #createHoldings(): Holdings {
    const { clock, log, retry = defaultRetry } = this.#options;
    return new Holdings({
      ...{ clock, log, retry },
      take: (item, lease) => this.#options.take(item, lease),
      drop: (item, why) => this.#options.drop(item, why),
      claim: (item, incarnation, previous) => this.#claim(item, incarnation, previous),
      free: (item, incarnation, revision) => this.#free(item, incarnation, revision),
      membership_ms: (incarnation) => this.#membership.remaining_ms(incarnation),
      onChange: () => {
        this.#changed();
      },
    });
  }

  async #claim(item: string, incarnation: string, previous: number): Promise<number | undefined> {
    const value = { instance: this.#options.instance, incarnation };
    const revision = await this.#bucket.put(ownerKey(item), value, previous);
    if (revision !== undefined) this.#view?.apply({ key: ownerKey(item), revision, value });
    return revision;
  }

  /** Until it is done, or the end of the membership has done it. */
  async #free(item: string, incarnation: string, revision: number): Promise<void> {
    while (this.#membership.remaining_ms(incarnation) > 0) {
      try {
        await this.#bucket.remove(ownerKey(item), revision);
        return;
      } catch (error) {
        this.#options.log.debug({ err: error, item }, 'a release was not stored');
        // Leaving frees whatever is left.
        if (this.#whenEmpty !== undefined) return;
        await new UnrefPause().start(freeRetry_ms);
      }
    }
  }
}
