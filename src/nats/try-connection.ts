import { connect, type NatsConnection } from '@nats-io/transport-node';
import { connectionOptions, type NatsSettings } from './connect.js';

/** One try: rejects with the reason, and is not made again when it is lost. */
export function tryConnection(settings: NatsSettings, timeout_ms: number): Promise<NatsConnection> {
  return connect({
    ...connectionOptions(settings),
    reconnect: false,
    waitOnFirstConnect: false,
    ignoreAuthErrorAbort: false,
    timeout: timeout_ms,
  });
}
