import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Reply } from './wire.js';

/** A server behind the proxy that sends half of each body and then nothing more. */
export class StalledBodyServer {
  readonly #server: Server;
  readonly #replies = new Map<string, Reply>();
  #count = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      const reply = this.#replies.get(request.url ?? '');
      if (reply === undefined) {
        response.writeHead(404).end();
        return;
      }
      this.#replies.delete(request.url ?? '');
      response.writeHead(reply.status, {
        ...reply.headers,
        'content-length': Buffer.byteLength(reply.body),
      });
      response.write(reply.body.slice(0, Math.floor(reply.body.length / 2)));
    });
  }

  static async start(): Promise<StalledBodyServer> {
    const server = new StalledBodyServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  /** Where this reply comes from, once, up to its half. */
  urlOf(reply: Reply): string {
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
