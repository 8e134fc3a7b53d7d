import { once } from 'node:events';
import { type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { UnfinishedReply } from './faults.js';

const dropEvery_ms = 100;

/** A server behind the proxy that sends half of each body, and then nothing more or drop after drop. */
export class UnfinishedBodyServer {
  readonly #server: Server;
  readonly #replies = new Map<string, UnfinishedReply>();
  #count = 0;

  private constructor() {
    this.#server = createServer(({ url = '' }, response) => {
      const reply = this.#replies.get(url);
      this.#replies.delete(url);
      if (reply === undefined) response.writeHead(404).end();
      else begin(reply, response);
    });
  }

  static async start(): Promise<UnfinishedBodyServer> {
    const server = new UnfinishedBodyServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  /** Where this reply comes from, once. */
  urlOf(reply: UnfinishedReply): string {
    this.#count += 1;
    const path = `/${String(this.#count)}`;
    this.#replies.set(path, reply);
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}${path}`;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

function begin({ unfinished, then }: UnfinishedReply, response: ServerResponse): void {
  const { status, headers, body } = unfinished;
  const half = body.slice(0, Math.floor(body.length / 2));
  if (then === 'nothing') {
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
    response.write(half);
    return;
  }
  response.writeHead(status, headers);
  response.write(half);
  const dropping = setInterval(() => response.write(' '), dropEvery_ms);
  response.once('close', () => {
    clearInterval(dropping);
  });
}
