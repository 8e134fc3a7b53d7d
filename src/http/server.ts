import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from '../daemon/logger.js';
import { settlesWithin } from '../daemon/settles-within.js';
import type { HttpApp } from './app.js';

/** How long a request may take to come in; what is asked for may take as long as a sign-in does. */
const times_ms = { headersTimeout: 10_000, requestTimeout: 30_000 };
const mostConnections = 256;

/** A server of the app that is not listening yet. */
export function serverOf(app: HttpApp, log: Logger): Server {
  const listener = getRequestListener(app.fetch, {
    errorHandler: (err) => {
      log.debug({ err }, 'an HTTP request could not be read');
      return Response.json({ code: 'invalid_payload', message: 'not a request' }, { status: 400 });
    },
  });
  const server = createServer(times_ms, (request, response) => {
    void listener(request, response);
  });
  server.maxConnections = mostConnections;
  // A connection that is kept open would be one more thing to wait for at the end.
  server.maxRequestsPerSocket = 1;
  return server;
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
