import type { Logger } from '../daemon/logger.js';
import type { Outgoing, Parcel } from '../vehicle/journal-record.js';
import type { PublishOptions } from './connection.js';

export type Publish = (topic: string, payload: string, options?: PublishOptions) => Promise<void>;

interface Retained {
  payload: string;
  /** What the broker has acknowledged on this connection. */
  sent: string | undefined;
  isSending: boolean;
}

interface Pending {
  readonly parcel: Parcel;
  readonly delivered: () => void;
}

/** From this reason code on a broker's answer is final: publishing again would be refused again. */
const firstRefusal = 128;

/**
 * Brings words to the broker: retained documents (the newest of each topic, again on each connect), events that
 * must arrive (until acknowledged), and events that are said once.
 */
export class Publisher {
  readonly #publish: Publish;
  readonly #log: Logger;
  readonly #retained = new Map<string, Retained>();
  /** In the order in which they were made. */
  readonly #pending = new Map<string, Pending>();
  /** The number of the connection; what began on an older one does not count. */
  #connection = 0;
  #isConnected = false;

  constructor(publish: Publish, log: Logger) {
    this.#publish = publish;
    this.#log = log;
  }

  /** Everything retained and everything unacknowledged goes out again. */
  connected(): void {
    this.#connection += 1;
    this.#isConnected = true;
    for (const retained of this.#retained.values()) retained.isSending = false;
    this.republish();
    for (const pending of this.#pending.values()) this.#sendParcel(pending);
  }

  /** Publishes every retained document again, whether it has changed or not. */
  republish(): void {
    for (const [topic, retained] of this.#retained) {
      retained.sent = undefined;
      this.#sendRetained(topic, retained);
    }
  }

  disconnected(): void {
    this.#isConnected = false;
  }

  /** Publishes a document and keeps it for the next connect. While one is under way only the newest follows. */
  retain(topic: string, payload: string): void {
    const retained = this.#retained.get(topic) ?? { payload, sent: undefined, isSending: false };
    retained.payload = payload;
    this.#retained.set(topic, retained);
    this.#sendRetained(topic, retained);
  }

  /** Removes a retained message at the broker. */
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

  #once(topic: string, payload: string, options: PublishOptions): void {
    if (!this.#isConnected) return;
    this.#publish(topic, payload, options).catch((err: unknown) => {
      this.#log.debug({ err, topic }, 'not published');
    });
  }

  #sendRetained(topic: string, retained: Retained): void {
    if (!this.#isConnected || retained.isSending || retained.sent === retained.payload) return;
    const { payload } = retained;
    const connection = this.#connection;
    retained.isSending = true;
    this.#publish(topic, payload, { retain: true })
      .catch((err: unknown) => {
        this.#log.debug({ err, topic }, 'not published');
      })
      .finally(() => {
        if (connection !== this.#connection) return;
        retained.isSending = false;
        retained.sent = payload;
        this.#sendRetained(topic, retained);
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
