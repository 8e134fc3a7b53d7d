import type { NatsConnection } from '@nats-io/transport-node';

/** Whether there is a connection at this moment: the library itself tells of changes only. */
export function followConnection(connection: Pick<NatsConnection, 'status'>): {
  readonly isConnected: boolean;
} {
  let isConnected = true;
  const follow = async (): Promise<void> => {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect' || type === 'close') isConnected = false;
      if (type === 'reconnect') isConnected = true;
    }
  };
  void follow();
  return {
    get isConnected() {
      return isConnected;
    },
  };
}
