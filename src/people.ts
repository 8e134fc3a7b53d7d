import type { Logger } from './daemon/logger.js';
import type { Metrics } from './daemon/metrics.js';
import type { RetryPolicy } from './daemon/retry.js';
import type { AccessOptions } from './http/access.js';
import type { BridgeApi } from './http/bridge-api.js';
import { startControlSocket } from './http/control-socket.js';

export interface PeopleOptions {
  readonly version: string;
  readonly retry: RetryPolicy;
  /** Dashboard, API, health and metrics; absent where they are switched off. */
  readonly http:
    | (Pick<AccessOptions, 'token' | 'host' | 'allowed_hosts' | 'trusted_proxies'> & {
        readonly port: number;
      })
    | undefined;
  /** Where subcommands reach this daemon: a Unix socket. */
  readonly control_path: string;
}

export interface PeopleDependencies {
  readonly api: BridgeApi;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'httpAnswered'>;
}

/** Where people and programs ask beside the broker: the control socket, and HTTP where it is switched on. */
export async function listenToPeople(
  { http, control_path: path, version, retry }: PeopleOptions,
  { api, log, metrics }: PeopleDependencies,
) {
  const control = await startControlSocket({ path, api, log, version });
  const web = http && (await serve(http));

  async function serve(settings: NonNullable<PeopleOptions['http']>) {
    // Not loaded where it is switched off.
    const { startWebServer } = await import('./http/web-server.js');
    const onAnswered = metrics.httpAnswered;
    return startWebServer({ ...settings, api, log, version, retry, onAnswered });
  }

  return {
    async stop(): Promise<void> {
      await Promise.all([control.stop(), web?.stop()]);
    },
  };
}
