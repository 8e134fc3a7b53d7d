import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import type { Logger } from '../daemon/logger.js';
import { settlesWithin } from '../daemon/settles-within.js';
import { failure } from '../vehicle/outcome.js';
import type { HttpApp } from './app.js';

/** How long a request may take to come in; what is asked for may take as long as a sign-in does. */
const times_ms = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5000,
};
/** Longer than the silence of a stream of events. */
const usualPatience_ms = 60_000;
const mostConnections = 256;
/** One that opens all it can leaves room for the others. */
const mostOfOneAddress = 64;

export interface ServerOptions {
  readonly app: HttpApp;
  readonly log: Logger;
  /** How long one who was answered may take nothing of it. */
  readonly patience_ms?: number;
}

/** A server of the app that is not listening yet. */
export function serverOf({ app, log, patience_ms = usualPatience_ms }: ServerOptions): Server {
  const answer = async (request: Request, env: HttpBindings): Promise<Response> => {
    const response = await app.fetch(request, env);
    env.outgoing.setTimeout(patience_ms);
    return response;
  };
  const listener = getRequestListener((request, env) => answer(request, env as HttpBindings), {
    errorHandler: (err) => {
      log.debug({ err }, 'an HTTP request could not be read');
      return Response.json({ schema: 1, ...unreadable }, { status: 400 });
    },
  });
  const server = createServer(times_ms, (request, response) => {
    void listener(request, response);
  });
  server.maxConnections = mostConnections;
  limitEachAddress(server);
  // A connection that is kept open would be one more thing to wait for at the end.
  server.maxRequestsPerSocket = 1;
  return server;
}

const unreadable = failure('invalid_payload', 'this is no request that can be read');

/** Those of a Unix socket have none: only the daemon's own user can open it. */
function limitEachAddress(server: Server): void {
  const held = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const { remoteAddress: address } = socket;
    if (address === undefined) return;
    const count = (held.get(address) ?? 0) + 1;
    held.set(address, count);
    socket.once('close', () => {
      const left = (held.get(address) ?? 1) - 1;
      if (left === 0) held.delete(address);
      else held.set(address, left);
    });
    if (count > mostOfOneAddress) socket.destroy();
  });
}

/** Nobody new is let in, answers under way have the grace, then every connection is ended. */
export async function closeServer(server: Server, grace_ms: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  if (await settlesWithin(closed, grace_ms)) return;
  server.closeAllConnections();
  await closed;
}
