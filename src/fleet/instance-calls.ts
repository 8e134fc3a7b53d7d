import { setMaxListeners } from 'node:events';
import { createInbox } from '@nats-io/transport-node';
import { v7 as uuidv7 } from 'uuid';
import { pause } from '../daemon/pause.js';
import { CallError } from './call-error.js';
import { CallServer, type CallServerOptions } from './call-server.js';
import {
  away,
  placeOf,
  refusedBy,
  replySchema,
  running,
  subjectOf,
  type CallMethod,
  type CallReply,
  type CallRequest,
} from './call-wire.js';
import { openJson, sealJson } from './envelope.js';

export interface AskOptions {
  readonly timeout_ms: number;
  /** Gives up waiting; what was asked goes on there. */
  readonly signal?: AbortSignal;
  /** Looks so often whether the other one still works at it, and does not wait for one that was restarted. */
  readonly watch_ms?: number;
}

export interface InstanceCalls {
  /** The own one. */
  readonly instance: string;
  /** What the handler throws goes to the log here; who asked learns only that it failed. */
  serve<P, R>(method: CallMethod<P, R>, handler: (params: P) => R | Promise<R>): void;
  /** Rejects with a `CallError`. The own instance is asked without NATS. */
  ask<P, R>(instance: string, method: CallMethod<P, R>, params: P, options: AskOptions): Promise<R>;
  /** What each one answered; undefined for one that did not. Never rejects. */
  askAll<P, R>(
    instances: readonly string[],
    method: CallMethod<P, R>,
    params: P,
    options: AskOptions,
  ): Promise<ReadonlyMap<string, R | undefined>>;
  /** Nothing more is asked or taken. What runs for others has a moment to be answered. */
  stop(): Promise<void>;
}

/** An answer that is under way comes before one waits no longer for it. */
const grace_ms = 1000;
const noResponders = 503;

/** Requests from instance to instance, on the subjects `<name>.ask.<instance>`, each one sealed. */
export function createInstanceCalls(options: CallServerOptions): InstanceCalls {
  return new Calls(options);
}

class Calls implements InstanceCalls {
  readonly instance: string;
  readonly #options: CallServerOptions;
  readonly #server: CallServer;
  readonly #stopping = new AbortController();
  #isConnected = true;

  constructor(options: CallServerOptions) {
    this.instance = options.instance;
    this.#options = options;
    // As many as questions are under way.
    setMaxListeners(0, this.#stopping.signal);
    this.#server = new CallServer(options);
    this.serve(running, ({ id }) => this.#server.isRunning(id));
    void this.#followConnection();
  }

  serve<P, R>(method: CallMethod<P, R>, handler: (params: P) => R | Promise<R>): void {
    this.#server.serve(method, handler);
  }

  async ask<P, R>(
    instance: string,
    method: CallMethod<P, R>,
    params: P,
    options: AskOptions,
  ): Promise<R> {
    const reply = await this.#replyOf(instance, method.name, params, options);
    if (!reply.ok) throw refusedBy(instance, method.name, reply.reason);
    const read = method.result.safeParse(reply.result);
    if (read.success) return read.data;
    throw new CallError('failed', `${instance} answered ${method.name} in another form`, true);
  }

  async askAll<P, R>(
    instances: readonly string[],
    method: CallMethod<P, R>,
    params: P,
    options: AskOptions,
  ): Promise<ReadonlyMap<string, R | undefined>> {
    const answers = instances.map(async (instance) => {
      try {
        return [instance, await this.ask(instance, method, params, options)] as const;
      } catch (err) {
        this.#options.log.debug({ err, instance, method: method.name }, 'an instance is left out');
        return [instance, undefined] as const;
      }
    });
    return new Map(await Promise.all(answers));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#server.stop();
  }

  /** What is published while there is no server would be sent much later, when nobody waits for it any more. */
  async #followConnection(): Promise<void> {
    for await (const { type } of this.#options.connection.status()) {
      if (type === 'disconnect' || type === 'close') this.#isConnected = false;
      if (type === 'reconnect') this.#isConnected = true;
    }
  }

  async #replyOf(
    instance: string,
    method: string,
    params: unknown,
    options: AskOptions,
  ): Promise<CallReply> {
    const { timeout_ms, signal } = options;
    if (instance === this.instance) {
      return this.#server.run(method, params, timeout_ms, signal === undefined ? [] : [signal]);
    }
    const { cipher, name } = this.#options;
    const request: CallRequest = { id: uuidv7(), method, params, timeout_ms };
    const sealed = await sealJson(cipher, request, placeOf.question(name, instance));
    this.#check(instance, method, sealed, signal);
    const answer = await this.#exchange(instance, request, sealed, options);
    try {
      return replySchema.parse(await openJson(cipher, answer, placeOf.answer(request.id)));
    } catch {
      throw new CallError('failed', `the answer of ${instance} cannot be read`, true);
    }
  }

  /** Throws where nothing can be asked. */
  #check(
    instance: string,
    method: string,
    sealed: Uint8Array,
    signal: AbortSignal | undefined,
  ): void {
    const { connection } = this.#options;
    const isLeaving = connection.isClosed() || connection.isDraining();
    if (!this.#isConnected || isLeaving || this.#stopping.signal.aborted) {
      throw new CallError('away', `no connection to NATS to ask ${instance}`, false);
    }
    if (signal?.aborted === true) throw new CallError('away', 'it was not waited for', false);
    const most = connection.info?.max_payload ?? Infinity;
    if (sealed.length > most) {
      const size = `${String(sealed.length)} bytes, and NATS takes ${String(most)}`;
      throw new CallError('failed', `the question ${method} has ${size}`, false);
    }
  }

  #exchange(
    instance: string,
    { id, method }: CallRequest,
    sealed: Uint8Array,
    { timeout_ms, signal, watch_ms }: AskOptions,
  ): Promise<Uint8Array> {
    const { connection, name } = this.#options;
    return new Promise((resolve, reject) => {
      const ended = new AbortController();
      const end = (settle: () => void): void => {
        if (ended.signal.aborted) return;
        ended.abort();
        subscription.unsubscribe();
        settle();
      };
      const giveUp = (mayHaveRun = true): void => {
        end(() => {
          reject(away(instance, method, mayHaveRun));
        });
      };
      const inbox = createInbox();
      const subscription = connection.subscribe(inbox, {
        callback: (error, message) => {
          if (error !== null) giveUp();
          else if (message.headers?.code === noResponders) giveUp(false);
          else {
            end(() => {
              resolve(message.data);
            });
          }
        },
      });
      const signals = signal === undefined ? [] : [signal];
      for (const one of [this.#stopping.signal, ...signals]) {
        one.addEventListener(
          'abort',
          () => {
            giveUp();
          },
          { signal: ended.signal },
        );
      }
      void pause(timeout_ms, ended.signal).then(() => {
        giveUp();
      });
      if (watch_ms !== undefined) {
        void this.#isDead(instance, id, watch_ms, ended.signal).then(() => {
          giveUp();
        });
      }
      connection.publish(subjectOf(name, instance), sealed, { reply: inbox });
    });
  }

  /** Resolves when nobody will answer any more: after two silences in a row, or where nothing is known of the call. */
  async #isDead(instance: string, id: string, watch_ms: number, ended: AbortSignal): Promise<void> {
    for (let silences = 0; silences < 2;) {
      await pause(watch_ms, ended);
      if (ended.aborted) return;
      try {
        if (!(await this.ask(instance, running, { id }, { timeout_ms: watch_ms }))) break;
        silences = 0;
      } catch {
        // Without a connection of one's own nothing is known of others.
        if (this.#isConnected) silences += 1;
      }
    }
    await pause(grace_ms, ended);
  }
}
