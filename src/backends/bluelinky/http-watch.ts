import { AsyncLocalStorage } from 'node:async_hooks';
import type { ClientRequest, IncomingMessage } from 'node:http';
import https from 'node:https';
import { gunzipSync, inflateSync } from 'node:zlib';
import { retryAfter_s } from './limits.js';

/** The newest answer of the vendor in a call. Its body is JSON or text, and may hold secrets. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
  /** How long the vendor asks to wait, in seconds. */
  readonly retryAfter_s: number | undefined;
}

/** The network ended a call: `code` is Node's. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  readonly code: string;

  constructor(code: string) {
    super(`the connection failed: ${code}`);
    this.code = code;
  }
}

/** The vendor ended a call with an HTTP status that is an error. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(`HTTP ${reply.status}`);
    this.reply = reply;
  }
}

const mostBody_bytes = 1024 * 1024;
const calls = new AsyncLocalStorage<WatchedCall>();

let isWatching = false;

/**
 * The library neither tells of its requests nor lets them be ended, and hides replies. Node's own diagnostics tell of
 * a request only when it is on its way, which is too late to stop it. What is asked outside of a watched call passes.
 */
export function watchRequests(): void {
  if (isWatching) return;
  isWatching = true;
  const request = https.request.bind(https) as (...args: readonly unknown[]) => ClientRequest;
  const watched = (...args: readonly unknown[]): ClientRequest => {
    const call = calls.getStore();
    if (call === undefined) return request(...args);
    call.beforeRequest();
    const made = request(...args);
    call.watch(made);
    return made;
  };
  https.request = watched;
}

/**
 * One call of the library, with all that it does on the network. It ends with the first answer that is an error, the
 * first broken connection, or the signal; what the library then still does (it repeats by itself) is cut off.
 */
export class WatchedCall {
  readonly #onRequest: () => void;
  readonly #open = new Set<ClientRequest>();
  #end: (reason: Error) => void = () => undefined;
  #isOver = false;
  #reply: Reply | undefined;

  constructor(onRequest: () => void) {
    this.#onRequest = onRequest;
  }

  get reply(): Reply | undefined {
    return this.#reply;
  }

  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const ended = new Promise<never>((_, reject) => (this.#end = reject));
    // Where the work fails at once nobody waits for it.
    ended.catch(() => undefined);
    const onAbort = (): void => {
      this.#end(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort);
    try {
      return await Promise.race([calls.run(this, work), ended]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#isOver = true;
      for (const request of this.#open) request.destroy();
    }
  }

  /** Nothing is asked any more once the call has ended. */
  beforeRequest(): void {
    if (this.#isOver) throw new Error('the call has been abandoned');
    this.#onRequest();
  }

  watch(request: ClientRequest): void {
    this.#open.add(request);
    request.once('error', (error: NodeJS.ErrnoException) => {
      this.#end(new NetworkError(error.code ?? 'unknown'));
    });
    request.once('close', () => this.#open.delete(request));
    request.prependOnceListener('response', (response) => {
      this.#watchReply(response);
    });
  }

  /** Looks on as the body comes: a listener for data would start the flow before the library is ready for it. */
  #watchReply(response: IncomingMessage): void {
    const chunks: Buffer[] = [];
    let size = 0;
    const push = response.push.bind(response);
    response.push = (chunk: Buffer | null, encoding) => {
      if (chunk === null) this.#take(response, chunks);
      else if ((size += chunk.length) <= mostBody_bytes) chunks.push(chunk);
      return push(chunk, encoding);
    };
    response.once('close', () => {
      // The library would wait for the rest for ever.
      if (!response.complete) this.#end(new NetworkError('ECONNRESET'));
    });
  }

  #take(response: IncomingMessage, chunks: readonly Buffer[]): void {
    const status = response.statusCode ?? 0;
    const body = parsed(decoded(Buffer.concat(chunks), response.headers['content-encoding']));
    this.#reply = { status, body, retryAfter_s: retryAfter_s(response.headers) };
    if (status >= 400) this.#end(new ReplyError(this.#reply));
  }
}

function decoded(body: Buffer, encoding: string | undefined): string {
  try {
    if (encoding === 'gzip') return gunzipSync(body).toString();
    if (encoding === 'deflate') return inflateSync(body).toString();
  } catch {
    return '';
  }
  return body.toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
