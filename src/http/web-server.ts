import { once } from 'node:events';
import type { Logger } from '../daemon/logger.js';
import { retryUntilDone, type RetryPolicy } from '../daemon/retry.js';
import { AccessGuard, type AccessOptions } from './access.js';
import { createApp, type AppOptions } from './app.js';
import { addDashboard, readDashboard } from './dashboard.js';
import { closeServer, serverOf } from './server.js';
import { addSessionRoutes } from './session-routes.js';

export interface WebServerOptions extends AccessOptions, Omit<AppOptions, 'guard'> {
  readonly port: number;
  readonly log: Logger;
  readonly retry: RetryPolicy;
  readonly grace_ms?: number;
  readonly patience_ms?: number;
}

export interface WebServer {
  /** Where it listens, once it does; port 0 is any free one. */
  readonly port: number | undefined;
  stop(): Promise<void>;
}

const usualGrace_ms = 1000;

/** Dashboard, API, health and metrics over TCP. While the port is taken by somebody else, it is tried again. */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const { host, port, log, version, retry, grace_ms = usualGrace_ms } = options;
  const files = await readDashboard();
  const access = new AccessGuard(options);
  const app = createApp({
    ...options,
    guard: (guarded) => {
      guarded.use(access.sender);
      addDashboard(guarded, files);
      guarded.use(access.rights);
      addSessionRoutes(guarded, access, version);
    },
  });
  const server = serverOf({ ...options, app });
  const stopping = new AbortController();

  const listen = async (): Promise<void> => {
    const { signal } = stopping;
    server.listen({ host, port });
    await once(server, 'listening', { signal });
    server.on('error', (err) => {
      log.error({ err }, 'the HTTP server has an error');
    });
    log.info({ host, port: portOf() }, 'the dashboard and the HTTP API are served');
  };
  const portOf = (): number | undefined => {
    const address = server.address();
    return typeof address === 'object' ? address?.port : undefined;
  };
  const listening = retryUntilDone(retry, listen, told(options), stopping.signal).catch(
    (err: unknown) => {
      if (!stopping.signal.aborted) log.error({ err }, 'there is no HTTP server');
    },
  );
  return {
    get port() {
      return portOf();
    },
    async stop() {
      stopping.abort();
      await listening;
      app.stop();
      await closeServer(server, grace_ms);
    },
  };
}

/** One line, and no more of them, while it goes on. */
function told({ log, host, port }: WebServerOptions): (error: unknown) => void {
  let isTold = false;
  return (error) => {
    const reason = error instanceof Error ? error.message : String(error);
    log[isTold ? 'debug' : 'error'](
      { host, port, reason },
      'the dashboard and the HTTP API cannot be served; tried again',
    );
    isTold = true;
  };
}
