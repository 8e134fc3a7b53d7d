import { randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import { type Clock, utc } from '../daemon/clock.js';
import type { Logger } from '../daemon/logger.js';
import type { BucketEntry, FleetBucket } from './fleet-bucket.js';
import type { FleetTiming } from './fleet-timing.js';
import { type InstanceRecord, instanceKey, readInstance } from './fleet-view.js';
import { Silence } from './silence.js';
import { UnrefPause } from './unref-pause.js';

export interface MembershipOptions {
  readonly connection: NatsConnection;
  readonly bucket: FleetBucket;
  readonly instance: string;
  readonly version: string;
  readonly timing: FleetTiming;
  readonly clock: Clock;
  readonly log: Logger;
  /** Before a beat is sent; what it returns is handed to `onBeat`. */
  mark(): number;
  /** A beat was stored. `isAfterFailure`: the one before was not, at first. */
  onBeat(revision: number, mark: number, isAfterFailure: boolean): void;
  /** The membership has ended: what was owned may be somebody else's. */
  onLost(): void;
}

interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

type State =
  | { readonly kind: 'outside' }
  | {
      readonly kind: 'member';
      readonly incarnation: string;
      readonly revision: number;
      /** When the last beat that was stored had begun. */
      readonly beaten: Moment;
    };

const retry_ms = 200;
const tellEach_ms = 60_000;
/** More of them can hardly be on their way to the bucket at once. */
const incarnationsKept = 16;
/** After so many failures in a row it is looked whether the bucket is still there. */
const failuresToLook = 5;

/**
 * This instance's place in the fleet: it beats, and knows by its own clocks when the others may take it for dead.
 * A membership that has ended never begins again: the next is another incarnation.
 */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #key: string;
  readonly #since: string;
  readonly #silence: Silence;
  readonly #pause = new UnrefPause();
  readonly #fence: NodeJS.Timeout;
  readonly #status: AsyncIterable<{ type: string }> & { stop?(): void };
  readonly #running: Promise<void>;
  readonly #hasEnded = new AbortController();
  #state: State = { kind: 'outside' };
  /** Incarnations of this process that may still be in the bucket. */
  readonly #former = new Set<string>();
  #isLeaving = false;
  #failures = 0;
  #lookedAt: number | undefined;
  #tellAt: number | undefined;
  #cutShort: (() => void) | undefined;
  /** One that was cut short decides nothing any more, whatever it is answered. */
  #attempt = 0;

  constructor(options: MembershipOptions) {
    this.#options = options;
    const { instance, clock, timing, connection } = options;
    this.#key = instanceKey(instance);
    this.#since = utc(clock.now());
    this.#silence = new Silence(timing.ttl_ms);
    // Not only at its end: a process that was suspended notices with the first one.
    this.#fence = setInterval(() => this.incarnation, timing.beat_ms / 6).unref();
    this.#status = connection.status();
    this.#followConnection().catch(() => undefined);
    this.#running = this.#run();
  }

  /** Undefined while this instance may own nothing. Ends the membership where its time is over. */
  get incarnation(): string | undefined {
    const state = this.#state;
    if (state.kind === 'outside') return undefined;
    if (this.#freshFor_ms(state.beaten) > 0) return state.incarnation;
    this.#lose('no beat was stored in time');
    return undefined;
  }

  /** How long that membership holds at least, 0 where it does not. */
  remaining_ms(incarnation: string): number {
    const state = this.#state;
    if (this.incarnation !== incarnation || state.kind === 'outside') return 0;
    return this.#freshFor_ms(state.beaten);
  }

  /** Beats now, not in its time. */
  beat(): void {
    this.#pause.end();
  }

  /** From now on the others reckon without this instance, but leave it what it owns. */
  announceLeave(): void {
    this.#isLeaving = true;
    this.beat();
  }

  /** Whatever this instance still owns by the bucket is anybody's at once. */
  async leave(): Promise<void> {
    this.#hasEnded.abort();
    this.#pause.end();
    this.#cutShort?.();
    await this.#running;
    clearInterval(this.#fence);
    this.#status.stop?.();
    const state = this.#state;
    this.#state = { kind: 'outside' };
    if (state.kind === 'outside') return;
    try {
      if (!(await this.#options.bucket.remove(this.#key, state.revision))) await this.#removeOwn();
    } catch (error) {
      this.#options.log.warn({ err: error }, 'left the fleet without a word: it notices later');
    }
  }

  async #removeOwn(): Promise<void> {
    const { bucket } = this.#options;
    const entry = await bucket.read(this.#key);
    const record = readInstance(entry?.value);
    if (entry && record && this.#former.has(record.incarnation)) {
      await bucket.remove(this.#key, entry.revision);
    }
  }

  async #run(): Promise<void> {
    const { timing } = this.#options;
    while (!this.#hasEnded.signal.aborted) {
      const isBeaten = await this.#beatOnce();
      await this.#pause.start(isBeaten ? timing.beat_ms : retry_ms);
    }
  }

  /** Resolves with false where it is to be tried again soon. */
  async #beatOnce(): Promise<boolean> {
    const { clock, bucket, log } = this.#options;
    const now = { monotonic: clock.monotonic(), wall: clock.now() };
    try {
      const isDone = await this.#unlessCutShort(
        this.#state.kind === 'member' ? this.#renew(now) : this.#join(now, (this.#attempt += 1)),
      );
      if (isDone) this.#failures = 0;
      return isDone;
    } catch (error) {
      this.#failures += 1;
      log.debug({ err: error, failures: this.#failures }, 'no beat was stored');
      if (this.#failures % failuresToLook === 0) await bucket.openAgain().catch(() => undefined);
      return false;
    }
  }

  /** What was sent before a connection was lost may never be answered. */
  #unlessCutShort(work: Promise<boolean>): Promise<boolean> {
    const cutShort = new Promise<boolean>((resolve) => {
      this.#cutShort = () => {
        resolve(false);
      };
    });
    return Promise.race([work, cutShort]).finally(() => {
      // The loser may still fail.
      work.catch(() => undefined);
    });
  }

  async #renew(now: Moment): Promise<boolean> {
    const options = this.#options;
    const state = this.#state;
    if (state.kind === 'outside') return false;
    const marked = options.mark();
    const revision = await options.bucket.put(
      this.#key,
      this.#record(state.incarnation),
      state.revision,
    );
    // Checked by what was known before: an answer that comes too late revives nothing.
    if (this.#state !== state || this.incarnation === undefined) return false;
    if (revision === undefined) return this.#whatHappened(state);
    this.#state = { ...state, revision, beaten: now };
    options.onBeat(revision, marked, this.#failures > 0);
    return true;
  }

  /** An own beat without an answer was stored all the same, or the membership is over. */
  async #whatHappened(state: State & { kind: 'member' }): Promise<boolean> {
    const entry = await this.#options.bucket.read(this.#key);
    if (this.#state !== state) return false;
    this.#failures += 1;
    if (entry && readInstance(entry.value)?.incarnation === state.incarnation) {
      this.#state = { ...state, revision: entry.revision };
      this.#pause.end();
    } else this.#lose('the others took this instance for dead');
    return false;
  }

  async #join(now: Moment, attempt: number): Promise<boolean> {
    const options = this.#options;
    const entry = await options.bucket.read(this.#key);
    if (attempt !== this.#attempt || this.#hasEnded.signal.aborted) return false;
    if (entry && this.#isTaken(entry)) return true;
    const incarnation = this.#newIncarnation();
    const marked = options.mark();
    const record = this.#record(incarnation);
    const revision = await options.bucket.put(this.#key, record, entry?.revision ?? 0);
    if (revision === undefined || attempt !== this.#attempt) return false;
    this.#lookedAt = undefined;
    this.#tellAt = undefined;
    this.#state = { kind: 'member', incarnation, revision, beaten: now };
    options.log.info({ instance: options.instance }, 'joined the fleet');
    options.onBeat(revision, marked, true);
    return true;
  }

  /** Whether somebody else is this instance, and alive. */
  #isTaken({ revision, value }: BucketEntry): boolean {
    const other = readInstance(value);
    if (other === undefined || this.#former.has(other.incarnation)) return false;
    if (this.#isSilent(revision)) return false;
    this.#tellOfOther(other);
    return true;
  }

  #newIncarnation(): string {
    const incarnation = randomUUID();
    this.#former.add(incarnation);
    const [oldest] = this.#former;
    if (this.#former.size > incarnationsKept && oldest !== undefined) this.#former.delete(oldest);
    return incarnation;
  }

  /** Whether the other one of this name has been silent for long enough, as far as this one could see. */
  #isSilent(revision: number): boolean {
    const { clock, timing } = this.#options;
    const now = clock.monotonic();
    const passed_ms = now - (this.#lookedAt ?? now);
    this.#lookedAt = now;
    return this.#silence.note([['', revision]], Math.min(passed_ms, 2 * timing.beat_ms)).length > 0;
  }

  #tellOfOther(other: InstanceRecord): void {
    const { clock, log, instance, timing } = this.#options;
    const now = clock.monotonic();
    const context = { instance, other_since: other.since };
    if (this.#tellAt === undefined) {
      // A process that was killed leaves its name behind for some seconds: that is no fault yet.
      this.#tellAt = now + 2 * timing.ttl_ms;
      log.info(context, 'waiting for an instance of the same name to be gone');
    } else if (now >= this.#tellAt) {
      this.#tellAt = now + tellEach_ms;
      log.error(context, 'another process is this instance: give each its own `instance`');
    }
  }

  #record(incarnation: string): InstanceRecord {
    const { version } = this.#options;
    return { incarnation, since: this.#since, version, isLeaving: this.#isLeaving };
  }

  #freshFor_ms({ monotonic, wall }: Moment): number {
    const { clock, timing } = this.#options;
    // The monotonic clock stands still while the whole machine is suspended; the wall clock does not.
    const passed_ms = Math.max(clock.monotonic() - monotonic, clock.now() - wall);
    return Math.max(0, timing.fence_ms - passed_ms);
  }

  #lose(reason: string): void {
    this.#state = { kind: 'outside' };
    this.#options.log.warn({ reason }, 'out of the fleet: what was owned is given up at once');
    this.#pause.end();
    this.#options.onLost();
  }

  async #followConnection(): Promise<void> {
    for await (const { type } of this.#status) {
      if (type !== 'reconnect') continue;
      this.#failures += 1;
      this.#cutShort?.();
      this.beat();
    }
  }
}
