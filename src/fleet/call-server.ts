import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import type { Logger } from '../daemon/logger.js';
import { pause } from '../daemon/pause.js';
import { settlesWithin } from '../daemon/settles-within.js';
import type { Cipher } from '../store/cipher.js';
import {
  placeOf,
  requestSchema,
  subjectOf,
  type CallMethod,
  type CallRefusal,
  type CallReply,
  type CallRequest,
} from './call-wire.js';
import { openJson, sealJson } from './envelope.js';

export interface CallServerOptions {
  readonly connection: NatsConnection;
  readonly name: string;
  readonly instance: string;
  readonly cipher: Cipher;
  readonly log: Logger;
}

type Handler = (params: unknown) => Promise<unknown>;

const leave_ms = 1000;

/** Answers what other instances ask. No call waits for another one. */
export class CallServer {
  readonly #options: CallServerOptions;
  readonly #handlers = new Map<string, Handler>();
  /** Ids of what is being worked at for others. */
  readonly #running = new Set<string>();
  readonly #stopped = new AbortController();
  readonly #subscription: Subscription;

  constructor(options: CallServerOptions) {
    this.#options = options;
    const { connection, name, instance } = options;
    this.#subscription = connection.subscribe(subjectOf(name, instance), {
      callback: (error, message) => {
        if (error === null) void this.#answer(message);
      },
    });
  }

  serve<P, R>(
    { name, params, result }: CallMethod<P, R>,
    handler: (params: P) => R | Promise<R>,
  ): void {
    this.#handlers.set(name, async (given) => {
      const read = params.safeParse(given);
      if (!read.success) throw new Refused('invalid');
      return result.parse(await handler(read.data));
    });
  }

  isRunning(id: string): boolean {
    return this.#running.has(id);
  }

  /** Never rejects, and is over when nobody waits for the answer any more. */
  async run(
    method: string,
    params: unknown,
    timeout_ms: number,
    signals: readonly AbortSignal[] = [],
  ): Promise<CallReply> {
    const handler = this.#handlers.get(method);
    if (handler === undefined) return refusal('unknown_method');
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#stopped.signal, ...signals]);
    const late = pause(timeout_ms, signal).then(() => refusal('late'));
    const work = handler(params).then(
      (result): CallReply => ({ ok: true, result }),
      (err: unknown) => {
        if (err instanceof Refused) return refusal(err.reason);
        this.#options.log.warn({ err, method }, 'a call from an instance failed');
        return refusal('failed');
      },
    );
    const reply = await Promise.race([work, late]);
    over.abort();
    return reply;
  }

  /** No further question is taken. What runs has a moment to be answered. */
  async stop(): Promise<void> {
    if (!this.#options.connection.isClosed()) {
      await settlesWithin(this.#subscription.drain(), leave_ms);
    }
    this.#stopped.abort();
  }

  async #answer(message: Msg): Promise<void> {
    const { connection, cipher, log, name, instance } = this.#options;
    try {
      const question = await openJson(cipher, message.data, placeOf.question(name, instance));
      const request = requestSchema.parse(question);
      const place = placeOf.answer(request.id);
      let sealed = await sealJson(cipher, await this.#replyTo(request), place);
      if (sealed.length > (connection.info?.max_payload ?? Infinity)) {
        log.warn({ bytes: sealed.length }, 'an answer to an instance is larger than NATS takes');
        sealed = await sealJson(cipher, refusal('too_large'), place);
      }
      if (!connection.isClosed()) message.respond(sealed);
    } catch (err) {
      log.warn({ err }, 'what came for this instance could not be answered');
    }
  }

  async #replyTo({ id, method, params, timeout_ms }: CallRequest): Promise<CallReply> {
    this.#running.add(id);
    try {
      return await this.run(method, params, timeout_ms);
    } finally {
      this.#running.delete(id);
    }
  }
}

class Refused extends Error {
  readonly reason: CallRefusal;

  constructor(reason: CallRefusal) {
    super(reason);
    this.reason = reason;
  }
}

function refusal(reason: CallRefusal): CallReply {
  return { ok: false, reason };
}
