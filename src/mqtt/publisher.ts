import type { Logger } from '../daemon/logger.js';
import type { Outgoing, Parcel } from '../vehicle/journal-record.js';
import type { PublishOptions } from './connection.js';
import { firstRefusal } from './refusal.js';
import type { WrittenTopics } from './written-topics.js';

export type Publish = (topic: string, payload: string, options?: PublishOptions) => Promise<void>;

interface Retained {
  /** Empty: the broker is to hold none. */
  payload: string;
  /** Nothing is to be kept of it once the broker holds none. */
  isRemoved: boolean;
  /** What the broker has acknowledged on this connection. */
  sent: string | undefined;
  isSending: boolean;
}

interface Pending {
  readonly parcel: Parcel;
  readonly delivered: () => void;
}

/**
 * Brings words to the broker: retained documents (the newest of each topic, again on each connect), events that
 * must arrive (until acknowledged), and events that are said once.
 */
export class Publisher {
  readonly #publish: Publish;
  readonly #log: Logger;
  readonly #written: WrittenTopics;
  readonly #onSent: (isAcknowledged: boolean) => void;
  readonly #retained = new Map<string, Retained>();
  /** In the order in which they were made. */
  readonly #pending = new Map<string, Pending>();
  /** The number of the connection; what began on an older one does not count. */
  #connection = 0;
  #isConnected = false;

  /** `onSent` is told of every message whether the broker has acknowledged it. */
  constructor(
    publish: Publish,
    log: Logger,
    written: WrittenTopics,
    onSent: (isAcknowledged: boolean) => void = () => undefined,
  ) {
    this.#onSent = onSent;
    this.#publish = async (...message) => {
      try {
        await publish(...message);
      } catch (error) {
        onSent(false);
        throw error;
      }
      onSent(true);
    };
    this.#log = log;
    this.#written = written;
  }

  /** Everything retained and everything unacknowledged goes out again. */
  connected(): void {
    this.#connection += 1;
    this.#isConnected = true;
    for (const retained of this.#retained.values()) retained.isSending = false;
    this.republish();
    for (const pending of this.#pending.values()) this.#sendParcel(pending);
  }

  /** Publishes retained documents again, whether they have changed or not; without a choice all of them. */
  republish(isMeant: (topic: string) => boolean = () => true): void {
    for (const [topic, retained] of this.#retained) {
      if (!isMeant(topic)) continue;
      retained.sent = undefined;
      this.#sendRetained(topic, retained);
    }
  }

  disconnected(): void {
    this.#isConnected = false;
  }

  /** How many events the broker has not acknowledged yet. */
  get undelivered(): number {
    return this.#pending.size;
  }

  /** Publishes a document and keeps it for the next connect. While one is under way only the newest follows. */
  retain(topic: string, payload: string): void {
    // Noted before it is published. Where the broker holds none there is nothing to be found again.
    if (payload !== '') {
      this.#written.add(topic, () => {
        const retained = this.#retained.get(topic);
        if (retained !== undefined) this.#sendRetained(topic, retained);
      });
    }
    this.#hold(topic, payload, false);
  }

  /** Removes what was retained on a topic, over outages of the broker, and forgets the topic then. */
  remove(topic: string): void {
    const { sent, isSending = false } = this.#retained.get(topic) ?? {};
    if (this.#isConnected && sent === '' && !isSending) this.#forget(topic);
    else this.#hold(topic, '', true);
  }

  /** Somebody else has cleared the topic: nothing is published there until something is retained anew. */
  release(topic: string): void {
    this.#retained.delete(topic);
  }

  /** Removes what somebody else has had retained. */
  clear(topic: string): void {
    this.#retained.delete(topic);
    this.#once(topic, '', { retain: true });
  }

  /** Publishes until the broker has acknowledged all of it. */
  deliver(parcel: Parcel, delivered: () => void): void {
    const pending = { parcel, delivered };
    this.#pending.set(parcel.key, pending);
    this.#sendParcel(pending);
  }

  /** Published once, or not at all while there is no connection. */
  say(messages: readonly Outgoing[]): void {
    for (const { topic, payload, correlation } of messages) {
      this.#once(topic, payload, correlationOf(correlation));
    }
  }

  #hold(topic: string, payload: string, isRemoved: boolean): void {
    const fresh = { payload, isRemoved, sent: undefined, isSending: false };
    const retained = this.#retained.get(topic) ?? fresh;
    Object.assign(retained, { payload, isRemoved });
    this.#retained.set(topic, retained);
    this.#sendRetained(topic, retained);
  }

  #forget(topic: string): void {
    this.#retained.delete(topic);
    this.#written.delete(topic);
  }

  #once(topic: string, payload: string, options: PublishOptions): void {
    if (!this.#isConnected) {
      this.#onSent(false);
      return;
    }
    this.#publish(topic, payload, options).catch((err: unknown) => {
      this.#log.debug({ err, topic }, 'not published');
    });
  }

  #sendRetained(topic: string, retained: Retained): void {
    const { payload } = retained;
    if (!this.#isConnected || retained.isSending || retained.sent === payload) return;
    if (payload !== '' && !this.#written.isKept(topic)) return;
    const connection = this.#connection;
    retained.isSending = true;
    void this.#publish(topic, payload, { retain: true })
      .then(
        () => true,
        (err: unknown) => {
          this.#log.debug({ err, topic }, 'not published');
          return isRefusal(err);
        },
      )
      .then((isAnswered) => {
        if (connection !== this.#connection || this.#retained.get(topic) !== retained) return;
        retained.isSending = false;
        retained.sent = payload;
        if (isAnswered && retained.isRemoved && payload === '') this.#forget(topic);
        else this.#sendRetained(topic, retained);
      });
  }

  #sendParcel({ parcel, delivered }: Pending): void {
    if (!this.#isConnected) return;
    const sent = parcel.messages.map(({ topic, payload, correlation }) =>
      this.#publish(topic, payload, correlationOf(correlation)).catch((error: unknown) => {
        if (!isRefusal(error)) throw error;
        this.#log.warn({ err: error, topic }, 'the broker refuses this topic');
      }),
    );
    Promise.all(sent).then(
      () => {
        if (this.#pending.delete(parcel.key)) delivered();
      },
      () => undefined,
    );
  }
}

function correlationOf(correlation: string | undefined): PublishOptions {
  return correlation === undefined ? {} : { correlation: Buffer.from(correlation, 'base64') };
}

function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return typeof error.code === 'number' && error.code >= firstRefusal;
}
