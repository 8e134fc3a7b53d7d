import { Socket } from 'node:net';
import { connectAsync, type MqttClient } from 'mqtt';
import { onTeardown } from '../test/support/teardown.js';

/** A client of the bench itself, whose socket sends at once. */
export async function connect(url: string): Promise<MqttClient> {
  const client = await connectAsync(url, { protocolVersion: 5 });
  if (!(client.stream instanceof Socket)) throw new Error('expected a TCP connection');
  client.stream.setNoDelay(true);
  onTeardown(() => client.endAsync(true));
  return client;
}
