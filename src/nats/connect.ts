import {
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import type { Logger } from '../daemon/logger.js';

export type { NatsConnection };

export interface NatsSettings {
  readonly servers: readonly string[];
  /** What the servers call this client. */
  readonly name: string;
  /** The text of a file of credentials, as `nsc` makes it. */
  readonly credentials?: string;
  readonly username?: string;
  readonly password?: string;
  readonly token?: string;
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/** A lost connection is tried again in this rhythm, for ever. */
const retry_ms = 250;
/** Two missed answers to these and the connection counts as lost. */
const ping_ms = 2000;

/** Resolves when a server has answered; from then on the connection is kept up for ever. */
export async function connectNats(settings: NatsSettings, log: Logger): Promise<NatsConnection> {
  const connection = await connect(connectionOptions(settings));
  void tell(connection, log);
  return connection;
}

export function connectionOptions(settings: NatsSettings): NodeConnectionOptions {
  const { servers, name, credentials, username, password, token, tls } = settings;
  // With it the client refuses a server that does not encrypt; without it one that wants to is followed.
  const isEncrypted =
    Object.keys(tls).length > 0 || servers.some((server) => server.startsWith('tls:'));
  return {
    servers: [...servers],
    name,
    ...(credentials === undefined
      ? {}
      : { authenticator: credsAuthenticator(new TextEncoder().encode(credentials)) }),
    ...(username === undefined ? {} : { user: username }),
    ...(password === undefined ? {} : { pass: password }),
    ...(token === undefined ? {} : { token }),
    ...(isEncrypted ? { tls } : {}),
    noEcho: false,
    maxReconnectAttempts: -1,
    reconnectTimeWait: retry_ms,
    reconnectJitter: retry_ms,
    pingInterval: ping_ms,
    waitOnFirstConnect: true,
    ignoreAuthErrorAbort: true,
  };
}

async function tell(connection: NatsConnection, log: Logger): Promise<void> {
  log.info({ server: connection.getServer() }, 'connected to NATS');
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') log.warn('the connection to NATS was lost');
    if (status.type === 'reconnect') log.info({ server: status.server }, 'connected to NATS again');
    if (status.type === 'error') log.warn({ err: status.error }, 'NATS refuses something');
  }
}
