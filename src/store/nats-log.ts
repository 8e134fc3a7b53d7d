import { setTimeout as pause } from 'node:timers/promises';
import {
  JetStreamApiError,
  jetstream,
  jetstreamManager,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
} from '@nats-io/jetstream';
import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { checkSchema, idOf, type SealedMessage, type StoredHeaders } from './nats-message.js';
import { reasonOf, streamOf, subjectOf } from './nats-stream.js';
import { StoreError } from './store.js';

/** What became of a message: stored, or an earlier one that had no answer was stored before it. */
export type Appended =
  | { readonly is: 'stored'; readonly sequence: number }
  | { readonly is: 'overtaken'; readonly by: SealedMessage; readonly sequence: number };

/** Another opener has the log now; nothing can be written here any more. */
export class DeposedError extends StoreError {}

export interface LastMessage {
  readonly sequence: number;
  readonly headers: MsgHdrs;
}

export interface NatsLogOptions {
  readonly connection: NatsConnection;
  readonly name: string;
  readonly partition: string;
  /** For so long an answer is waited for before a write counts as failed. */
  readonly patience_ms: number;
}

/** After so long without an answer the same is asked again. */
const attempt_ms = 1500;
const betweenAttempts_ms = 100;
/** Many logs are opened at once when an instance takes over from another. */
const opening_ms = 20_000;
/** Of a server that delivers; after twice as much it is asked anew. */
const silence_ms = 2000;
const noSequenceMatch = [10071, 10164];

/**
 * The messages of one partition: one subject of the stream. Each is published under the condition that the newest
 * one is the one that this opener knows as such, so that of two openers only the last one can write.
 */
export class NatsLog {
  readonly #connection: NatsConnection;
  readonly #client: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #stream: string;
  readonly #subject: string;
  readonly #patience_ms: number;
  #newest = 0;
  /**
   * Published on top of the newest one, without an answer: any of them may still be stored, and at most one, as all
   * were published under the same condition.
   */
  readonly #inDoubt = new Map<string, SealedMessage>();

  private constructor(options: NatsLogOptions, manager: JetStreamManager) {
    this.#connection = options.connection;
    this.#manager = manager;
    this.#client = jetstream(options.connection, { timeout: attempt_ms });
    this.#stream = streamOf(options.name);
    this.#subject = subjectOf(options.name, options.partition);
    this.#patience_ms = options.patience_ms;
  }

  static async on(options: NatsLogOptions): Promise<NatsLog> {
    const settings = { timeout: attempt_ms, checkAPI: false };
    return new NatsLog(options, await jetstreamManager(options.connection, settings));
  }

  get hasDoubts(): boolean {
    return this.#inDoubt.size > 0;
  }

  /** The newest message of any opener; none of an empty log. */
  last(): Promise<LastMessage | undefined> {
    return this.#untilAnswered(() => this.#askForLast(), performance.now() + opening_ms);
  }

  /**
   * Makes this the opener that can write, by a message on top of all others.
   * @returns its sequence.
   */
  async take(message: SealedMessage): Promise<number> {
    const until = performance.now() + opening_ms;
    for (;;) {
      const last = await this.last();
      if (last !== undefined) checkSchema(last.headers);
      this.#newest = last?.sequence ?? 0;
      this.#inDoubt.clear();
      try {
        const appended = await this.append(message);
        if (appended.is === 'stored') return appended.sequence;
      } catch (error) {
        // Somebody else was faster; the last one wins.
        if (!(error instanceof DeposedError) || performance.now() > until) throw error;
      }
    }
  }

  /**
   * Resolves when the message is stored for good.
   * @throws DeposedError when somebody else has opened the log; StoreError when the server refuses, or does not answer
   * in time: then the message may be stored, now or later, until another one is.
   */
  async append(message: SealedMessage): Promise<Appended> {
    const until = performance.now() + this.#patience_ms;
    for (;;) {
      const answer = await this.#publish(message);
      if (answer.is === 'stored') return this.#advance(answer.sequence, { is: 'stored' as const });
      if (answer.is === 'unanswered') this.#inDoubt.set(message.id, message);
      if (answer.is === 'not the newest') {
        const found = await this.#whoWasFaster(message, until);
        if (found !== undefined) return found;
      }
      if (performance.now() > until || this.#connection.isClosed()) {
        throw new StoreError('NATS does not answer', { cause: answer.error });
      }
      await pause(betweenAttempts_ms);
    }
  }

  /** The payload of a message of this log, or undefined where there is none any more. */
  async read(sequence: number): Promise<Uint8Array | undefined> {
    return this.#untilAnswered(async () => {
      const message = await this.#manager.direct.getMessage(this.#stream, { seq: sequence });
      if (message !== null) return message.data;
      // Any replica may have answered that, also one that has not seen the message yet.
      const found = await this.#manager.streams.getMessage(this.#stream, { seq: sequence });
      return found?.data;
    });
  }

  /** Resolves when the message does not exist any more. */
  async delete(sequence: number): Promise<void> {
    try {
      await this.#manager.streams.deleteMessage(this.#stream, sequence, false);
    } catch (error) {
      const isGone = error instanceof JetStreamApiError && error.message.includes('no message');
      if (!isGone) throw error;
    }
  }

  /** The headers of all messages up to this one, oldest first. */
  async replay(end: number): Promise<StoredHeaders[]> {
    const until = performance.now() + opening_ms;
    for (;;) {
      const found = await this.#deliveredUpTo(end);
      if (found !== undefined) return found;
      if (performance.now() > until || this.#connection.isClosed()) {
        throw new StoreError('NATS stopped to deliver what is stored');
      }
    }
  }

  /** Undefined where the server fell silent on the way: it has forgotten who it delivers to. */
  async #deliveredUpTo(end: number): Promise<StoredHeaders[] | undefined> {
    const consumer = await this.#untilAnswered(
      () =>
        this.#client.consumers.getPushConsumer(this.#stream, {
          filter_subjects: this.#subject,
          headers_only: true,
        }),
      performance.now() + opening_ms,
    );
    const found: StoredHeaders[] = [];
    const delivered = await consumer.consume();
    let isStalled = false;
    const watch = setInterval(() => {
      if (isStalled) void delivered.close();
      isStalled = true;
    }, silence_ms);
    try {
      for await (const message of delivered) {
        isStalled = false;
        if (message.seq <= end) found.push(headersOf(message));
        if (message.seq >= end) return found;
      }
    } finally {
      clearInterval(watch);
      void delivered.close();
      consumer.delete().catch(() => undefined);
    }
    return undefined;
  }

  #advance<T extends object>(sequence: number, appended: T): T & { readonly sequence: number } {
    this.#newest = sequence;
    this.#inDoubt.clear();
    return { ...appended, sequence };
  }

  async #publish(message: SealedMessage): Promise<PublishAnswer> {
    try {
      const { seq } = await this.#client.publish(this.#subject, message.payload, {
        headers: message.headers,
        expect: { lastSubjectSequence: this.#newest },
        timeout: attempt_ms,
      });
      return { is: 'stored', sequence: seq };
    } catch (error) {
      if (error instanceof JetStreamApiError && noSequenceMatch.includes(error.code)) {
        return { is: 'not the newest', error };
      }
      if (isAnswer(error)) {
        throw new StoreError(`NATS refuses to store: ${reasonOf(error)}`, { cause: error });
      }
      return { is: 'unanswered', error };
    }
  }

  /** After the server has said that another message is the newest one. */
  async #whoWasFaster(message: SealedMessage, until: number): Promise<Appended | undefined> {
    const last = await this.#untilAnswered(() => this.#askForLast(), until);
    const sequence = last?.sequence ?? 0;
    const id = last === undefined ? '' : idOf(last.headers);
    if (id === message.id) return this.#advance(sequence, { is: 'stored' as const });
    const earlier = this.#inDoubt.get(id);
    if (earlier !== undefined)
      return this.#advance(sequence, { is: 'overtaken' as const, by: earlier });
    // The server has not applied yet what it has in hand.
    if (sequence === this.#newest) return undefined;
    throw new DeposedError('deposed: somebody else has opened this part of the store');
  }

  async #askForLast(): Promise<LastMessage | undefined> {
    const query = { last_by_subj: this.#subject };
    const found = await this.#manager.streams.getMessage(this.#stream, query);
    return found === null ? undefined : { sequence: found.seq, headers: found.header };
  }

  async #untilAnswered<T>(
    ask: () => Promise<T>,
    until = performance.now() + this.#patience_ms,
  ): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (isAnswer(error)) {
          throw new StoreError(`NATS refuses to read: ${reasonOf(error)}`, { cause: error });
        }
        if (performance.now() > until || this.#connection.isClosed()) {
          throw new StoreError('NATS does not answer', { cause: error });
        }
        await pause(betweenAttempts_ms);
      }
    }
  }
}

type PublishAnswer =
  | { readonly is: 'stored'; readonly sequence: number; readonly error?: undefined }
  | { readonly is: 'not the newest' | 'unanswered'; readonly error: unknown };

/** The server has decided; 503 says that it cannot at the moment. */
function isAnswer(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.status !== 503;
}

function headersOf(message: JsMsg): StoredHeaders {
  const found = message.headers ?? headers();
  return {
    sequence: message.seq,
    headers: found,
    payload_bytes: Number(found.get('Nats-Msg-Size')),
  };
}
